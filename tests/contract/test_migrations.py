"""The migrations build what the tables say on both databases, all or nothing, and tell old from new."""

import importlib.util
import logging
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, make_url
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.schema import SchemaItem

from deploy.local.postgres import Postgres
from errors import ConfigurationError, CorruptData, EngineUnavailable, MigrationMismatch
from migrations import runner
from models.tables import PARTITIONED, metadata

Seen = TypeVar("Seen")
CHILD = re.compile(f"({'|'.join(PARTITIONED)})_([0-9]{{8}}|past|default)")

NEXT = """
from alembic import op
import sqlalchemy as sa

revision, down_revision = "0003", "0002"

def upgrade():
    op.create_table("bells", sa.Column("id", sa.Integer, primary_key=True))
    {then}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/carillon.db"
    found: str = request.getfixturevalue("postgres_database")
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "carillon.db"


def test_an_empty_database_comes_to_the_head(url: str) -> None:
    assert runner.current(url) is None

    runner.upgrade(url)

    assert runner.current(url) == runner.head()
    runner.check(url)


def test_what_the_migrations_build_is_what_the_tables_say(url: str) -> None:
    runner.upgrade(url)

    assert look(url, differences) == []
    assert look(url, primary_keys) == {
        table.name: [c.name for c in table.primary_key] for table in metadata.sorted_tables
    }


@pytest.mark.parametrize(
    "planted",
    [
        "ALTER TABLE users ADD COLUMN nickname TEXT",
        "ALTER TABLE deliveries DROP COLUMN read_at",
        "DROP INDEX deliveries_by_user",
        "CREATE TABLE bells (id INTEGER PRIMARY KEY)",
    ],
)
def test_a_planted_difference_is_found(url: str, planted: str) -> None:
    runner.upgrade(url)
    look(url, change(planted))

    assert len(look(url, differences)) == 1


def test_a_second_upgrade_changes_nothing(url: str) -> None:
    runner.upgrade(url)
    look(url, change("INSERT INTO accounts VALUES ('0199c0de-0000-7000-8000-000000000000', 'Ada', 1)"))
    before = look(url, everything)

    runner.upgrade(url)

    assert look(url, everything) == before
    assert look(url, accounts) == 1


def test_upgrades_at_the_same_time_take_turns(url: str) -> None:
    program = [sys.executable, "-c", f"from migrations import runner; runner.upgrade({url!r})"]
    together = [
        subprocess.Popen(program, cwd=runner.FOLDER.parent, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    try:
        said = [process.communicate(timeout=60)[1] for process in together]
    finally:
        for process in together:
            process.kill()

    assert said == [""] * 4
    assert [process.returncode for process in together] == [0] * 4
    assert look(url, differences) == []


def test_an_empty_database_is_told_to_migrate(url: str) -> None:
    with pytest.raises(MigrationMismatch, match=r"is empty, .* wants migration 0002: run `carillon migrate`"):
        runner.check(url)


def test_an_older_database_is_told_to_migrate(url: str, tmp_path: Path) -> None:
    runner.upgrade(url)
    later = later_code(tmp_path)

    with pytest.raises(
        MigrationMismatch, match=r"is at migration 0002, .* wants migration 0003: run `carillon migrate`"
    ):
        later.check(url)

    later.upgrade(url)
    later.check(url)


def test_a_newer_database_asks_for_newer_code_and_is_left_alone(url: str, tmp_path: Path) -> None:
    later_code(tmp_path).upgrade(url)

    for refuse in runner.check, runner.upgrade:
        with pytest.raises(MigrationMismatch, match=r"is at migration 0003, .* up to 0002 only: upgrade the code"):
            refuse(url)
    assert runner.current(url) == "0003"


def test_a_migration_that_fails_half_way_leaves_nothing(url: str, tmp_path: Path) -> None:
    runner.upgrade(url)
    before = look(url, everything)

    with pytest.raises(ZeroDivisionError):
        later_code(tmp_path, then="1 / 0").upgrade(url)

    assert look(url, everything) == before
    assert runner.current(url) == "0002"


def test_the_first_migration_is_not_undone(url: str) -> None:
    spine = runner._scripts().get_revision("0001")
    assert spine is not None

    with pytest.raises(ConfigurationError, match="not undone"):
        spine.module.downgrade()


def test_migrating_says_nothing_in_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    runner.upgrade(url)
    runner.check(url)

    assert [record.getMessage() for record in caplog.records if record.name.startswith("alembic")] == []


# --------------------------------------------------------------------------------------------------------- SQLite only


def test_tables_are_without_rowid_where_the_tables_say_so(file: Path) -> None:
    runner.upgrade(f"sqlite:///{file}")

    rowless = {row[1] for row in pragma(file, "table_list") if row[4]}
    assert rowless == {
        table.name for table in metadata.sorted_tables if not table.dialect_options["sqlite"]["with_rowid"]
    }
    assert len(rowless) == 10


def test_the_outbox_never_numbers_a_row_like_one_that_is_gone(file: Path) -> None:
    runner.upgrade(f"sqlite:///{file}")
    add = "INSERT INTO outbox (topic, lane, items, payload, created_at) VALUES (1, 1, 1, x'00', 1) RETURNING seq"
    database = sqlite3.connect(file)
    try:
        (first,) = database.execute(add).fetchall()
        database.execute("DELETE FROM outbox")
        (second,) = database.execute(add).fetchall()
    finally:
        database.close()

    assert second > first


def test_the_file_writes_ahead(file: Path) -> None:
    runner.upgrade(f"sqlite:///{file}")

    assert pragma(file, "journal_mode") == [("wal",)]


def test_looking_at_a_missing_file_does_not_make_it(file: Path) -> None:
    assert runner.current(f"sqlite:///{file}") is None
    assert not file.exists()


def test_a_file_that_is_no_database_is_named(file: Path) -> None:
    file.write_text("to whom it may concern: " * 100)

    for look_at in runner.check, runner.upgrade:
        with pytest.raises(CorruptData, match=r"carillon\.db is damaged, or no SQLite database"):
            look_at(f"sqlite:///{file}")
    assert file.read_text().startswith("to whom")


def test_a_file_in_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"nowhere/carillon\.db does not answer: unable to open"):
        runner.upgrade(f"sqlite:///{tmp_path}/nowhere/carillon.db")


# ------------------------------------------------------------------------------------------------------------ bad URLs


@pytest.mark.parametrize(
    "bad",
    ["", "carillon.db", "mysql://ada:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://ada:secret@h:x/d"],
)
def test_a_url_of_no_database_is_refused_without_its_password(bad: str) -> None:
    for use in runner.upgrade, runner.current, runner.check:
        with pytest.raises(ConfigurationError, match="expected sqlite:///path or postgresql://") as refused:
            use(bad)
        assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:1/d does not answer") as refused:
        runner.check("postgresql://ada:secret@127.0.0.1:1/d")

    assert "secret" not in str(refused.value)


def test_a_login_that_may_not_change_the_schema_is_told_who_may(
    postgres_server: Postgres, postgres_database: str
) -> None:
    runner.upgrade(postgres_database)
    empty = postgres_server.create_database("migrated_by_nobody")
    postgres_server.create_login("nobody", "carillon_service")
    try:
        with pytest.raises(ConfigurationError, match="migrations run as the owner of the database"):
            runner.upgrade(postgres_server.url(str(make_url(empty).database), "nobody"))
    finally:
        postgres_server.drop_database("migrated_by_nobody")


# ------------------------------------------------------------------------------------------------------------- looking


def look(url: str, see: Callable[[Connection], Seen]) -> Seen:
    """What `see` finds in the database, through a connection of its own; what it changes stays."""
    place = make_url(url)
    engine = create_engine(place.set(drivername=runner.DRIVERS[place.drivername]), poolclass=NullPool)
    with engine.begin() as connection:
        return see(connection)


def differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True, "include_object": is_no_child}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def is_no_child(_item: SchemaItem, name: str | None, kind: str, reflected: bool, _compared: SchemaItem | None) -> bool:
    return not (kind == "table" and reflected and CHILD.fullmatch(name or ""))


def primary_keys(connection: Connection) -> dict[str, list[str]]:
    inspector = inspect(connection)
    return {
        table.name: inspector.get_pk_constraint(table.name)["constrained_columns"] for table in metadata.sorted_tables
    }


def everything(connection: Connection) -> object:
    """All that the catalogue says of tables and indexes."""
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    return connection.exec_driver_sql(
        "SELECT oid, relname, relnatts, reloptions, relacl::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
    ).fetchall()


def change(statement: str) -> Callable[[Connection], None]:
    def see(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return see


def accounts(connection: Connection) -> int:
    (count,) = connection.exec_driver_sql("SELECT count(*) FROM accounts").one()
    return int(count)


def pragma(file: Path, name: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(file)
    try:
        return database.execute(f"PRAGMA {name}").fetchall()
    finally:
        database.close()


def later_code(folder: Path, then: str = "") -> ModuleType:
    """The runner of a release that has one migration more, which makes a table and then does `then`."""
    copy = folder / "later" / "migrations"
    shutil.copytree(runner.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "0002_bells.py").write_text(NEXT.format(then=then), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("later_runner", copy / "runner.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
