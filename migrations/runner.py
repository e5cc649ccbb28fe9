"""Brings a database to the migration that this code wants, or says how far apart they are. For commands and services.

URLs are `sqlite:///path` and `postgresql://login@host/database`. Everything here blocks: call it from a thread.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from errors import CarillonError, ConfigurationError, CorruptData, EngineUnavailable, MigrationMismatch

FOLDER = Path(__file__).parent
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
BUSY_TIMEOUT_S = 30
_MIGRATING = 0x0CA4_1110
"""PostgreSQL's advisory lock that lets one migration run at a time."""
_NOT_OURS_TO_CHANGE = {"42501": "migrations run as the owner of the database", "0P000": "a role must be mended first"}
"""What to say to an error that only who set the server up can mend, by SQLSTATE."""
_EXPECTED = "expected sqlite:///path or postgresql://login@host/database"


def upgrade(url: str) -> None:
    """Walk to the head, all or nothing; a database that is there stays as it is.

    Processes that upgrade one database at once take turns. Within a process call it once at a time: Alembic keeps the
    migration under way in globals. PostgreSQL: connect as the owner of the database, who may create roles unless the
    role `carillon_service` exists.

    Raises:
        MigrationMismatch: the database is newer than this code.
        EngineUnavailable: the database does not answer.
        ConfigurationError: the URL is of no database we know, or its login may not change the schema.
        CorruptData: the file is no SQLite database, or a damaged one.
    """
    with _opened(url) as engine:
        if engine.dialect.name == "sqlite":
            _prepare_file(engine)
        with engine.begin() as connection:
            _wait_for_turn(connection)
            _refuse_newer(_revision(connection))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def current(url: str) -> str | None:
    """The migration that the database is at; None if it has none, or if the file does not exist.

    Raises:
        EngineUnavailable, ConfigurationError, CorruptData: as `upgrade`.
    """
    with _opened(url) as engine:
        if _is_absent_file(engine.url):
            return None
        with engine.connect() as connection:
            return _revision(connection)


def head() -> str:
    """The migration that this code wants."""
    (revision,) = _scripts().get_heads()
    return revision


def check(url: str) -> None:
    """Return if the database is at the head.

    Raises:
        MigrationMismatch: it is older, or newer; the message names both migrations and what to do.
        EngineUnavailable, ConfigurationError, CorruptData: as `upgrade`.
    """
    at = current(url)
    _refuse_newer(at)
    if at != head():
        place = f"at migration {at}" if at else "empty"
        raise MigrationMismatch(f"the database is {place}, this code wants migration {head()}: run `carillon migrate`")


def _refuse_newer(at: str | None) -> None:
    if at is not None and at not in {script.revision for script in _scripts().walk_revisions()}:
        raise MigrationMismatch(
            f"the database is at migration {at}, this code knows migrations up to {head()} only: upgrade the code"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _revision(connection: Connection) -> str | None:
    # at INFO, Alembic logs three lines at each look
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    """An engine for one errand, and the errors of our tree instead of the driver's."""
    place = _place(url)
    engine = create_engine(place, poolclass=NullPool, connect_args=_connect_args(place))
    try:
        yield engine
    except DatabaseError as error:
        translated = _translated(error, place)
        if translated is None:
            raise
        raise translated from error
    finally:
        engine.dispose()


def _place(url: str) -> URL:
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        # from None: the cause repeats the URL, perhaps with its password
        raise ConfigurationError(f"the database's URL cannot be read, {_EXPECTED}") from None
    if place.drivername not in DRIVERS:
        raise ConfigurationError(f"no database is known as {place.drivername}://, {_EXPECTED}")
    if place.drivername == "sqlite" and place.database in {None, "", ":memory:"}:
        raise ConfigurationError(f"the database's URL names no file, {_EXPECTED}")
    return place.set(drivername=DRIVERS[place.drivername])


def _connect_args(place: URL) -> dict[str, int]:
    return {"timeout": BUSY_TIMEOUT_S} if place.drivername == "sqlite" else {"connect_timeout": 10}


def _translated(error: DatabaseError, place: URL) -> CarillonError | None:
    where = place.render_as_string(hide_password=True)
    if isinstance(error, OperationalError):
        return EngineUnavailable(f"{where} does not answer: {error.orig}")
    advice = _NOT_OURS_TO_CHANGE.get(getattr(error.orig, "sqlstate", ""))
    if advice:
        return ConfigurationError(f"{advice}: {where} says: {error.orig}")
    if place.drivername == "sqlite" and type(error) is DatabaseError:
        return CorruptData(f"{where} is damaged, or no SQLite database: {error.orig}")
    return None


def _is_absent_file(place: URL) -> bool:
    return place.drivername == "sqlite" and not Path(place.database or "").exists()


def _prepare_file(engine: Engine) -> None:
    """Set the log mode, which no transaction may change; transactions begun later take turns from their start."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    event.listen(engine, "begin", _begin_immediate)


def _begin_immediate(connection: Connection) -> None:
    # Python's sqlite3 begins no transaction before DDL, so a migration that fails half-way would leave half
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
