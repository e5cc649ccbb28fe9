"""What the migrations add on PostgreSQL keeps tenants apart, and splits large tables by the days of their ids."""

import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString, NamedTuple

import psycopg
import pytest
from psycopg import errors, sql
from sqlalchemy import LargeBinary, SmallInteger, String, Table

from deploy.local.postgres import Postgres
from errors import ConfigurationError
from migrations import runner
from models.ids import Ids
from models.states import DeliveryState
from models.tables import PARTITIONED, TENANT_TABLES, metadata, tenants

GUARDED = (*TENANT_TABLES, tenants)
WEEK = timedelta(days=7)
Connection = psycopg.Connection[tuple[Any, ...]]


class Databases(NamedTuple):
    """One migrated database, by two logins: its owner, who is no superuser, and a service."""

    owner: str
    service: str


@pytest.fixture
def databases(postgres_server: Postgres) -> Iterator[Databases]:
    name = f"test_{uuid.uuid4().hex}"
    with connect(postgres_server.owner_url) as administrator:
        administrator.execute(f"CREATE ROLE owner_{name} LOGIN CREATEROLE")
        administrator.execute(f"CREATE DATABASE {name} OWNER owner_{name}")
    owner = postgres_server.url(name, f"owner_{name}")
    runner.upgrade(owner)
    postgres_server.create_login(f"service_{name}", "carillon_service")
    yield Databases(owner, postgres_server.url(name, f"service_{name}"))
    postgres_server.drop_database(name)


@pytest.fixture
def owner(databases: Databases) -> Iterator[Connection]:
    with connect(databases.owner) as connection:
        yield connection


@pytest.fixture
def service(databases: Databases) -> Iterator[Connection]:
    with connect(databases.service) as connection:
        yield connection


# -------------------------------------------------------------------------------------------------------- row security


def test_every_tenant_table_is_under_forced_row_security_and_no_other(owner: Connection) -> None:
    forced = fetch(owner, "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")

    assert {name for (name,) in forced} == {table.name for table in GUARDED}


@pytest.mark.parametrize("table", GUARDED, ids=str)
def test_a_service_reads_and_writes_rows_of_the_tenants_it_names_only(service: Connection, table: Table) -> None:
    ours, theirs = row(table), row(table)
    for one in ours, theirs:
        insert(service, table, one, named=[tenant_of(one)])

    assert seen(service, table, [tenant_of(ours)]) == {tenant_of(ours)}
    assert seen(service, table, [tenant_of(ours), tenant_of(theirs)]) == {tenant_of(ours), tenant_of(theirs)}
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        insert(service, table, row(table), named=[tenant_of(ours)])
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        give_away(service, table, named=[tenant_of(ours)])
    assert delete_all(service, table, named=[tenant_of(ours)]) == 1
    assert seen(service, table, [tenant_of(theirs)]) == {tenant_of(theirs)}


@pytest.mark.parametrize("table", GUARDED, ids=str)
def test_who_names_no_tenant_sees_nothing_and_adds_nothing(databases: Databases, table: Table) -> None:
    for url in databases:
        with connect(url) as connection:
            assert fetch(connection, "SELECT current_setting('app.tenants', true)") == [(None,)]
            assert unnamed(connection, table) == 0
            one = row(table)
            insert(connection, table, one, named=[tenant_of(one)])
            assert fetch(connection, "SELECT current_setting('app.tenants', true)") == [("",)]
            assert unnamed(connection, table) == 0
            assert seen(connection, table, []) == set()
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(insertion(table), list(row(table).values()))


def test_a_service_has_no_way_around(databases: Databases, service: Connection) -> None:
    owner_role = sql.Identifier(psycopg.conninfo.conninfo_to_dict(databases.owner)["user"])
    ways: list[LiteralString | sql.Composed] = [
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY named_tenants ON users",
        "CREATE POLICY everything ON users USING (true)",
        "TRUNCATE users",
        "CREATE TABLE ours (LIKE users)",
        "ALTER ROLE carillon_service BYPASSRLS",
        sql.SQL("SET ROLE {}").format(owner_role),
        "UPDATE alembic_version SET version_num = '0000'",
    ]

    for way in ways:
        with pytest.raises(errors.InsufficientPrivilege):
            service.execute(way)
    with pytest.raises(errors.InsufficientPrivilege, match="would be affected by row-level security"), service.transaction():
        service.execute("SET LOCAL row_security = off")
        service.execute("SELECT * FROM users")


def test_a_partition_cannot_be_read_past_its_parent(service: Connection, owner: Connection) -> None:
    owner.execute("SELECT carillon_make_partitions(%s, 1)", [today() + 3 * WEEK])
    names = [child for parent in PARTITIONED for child in children(owner, parent)]

    assert len(names) == 3 * (2 + 9 + 1)
    for name in names:
        with pytest.raises(errors.InsufficientPrivilege):
            service.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))


def test_a_service_checks_the_migration_by_its_own_login(databases: Databases) -> None:
    runner.check(databases.service)


def test_platform_tables_are_the_services_to_use(service: Connection) -> None:
    for table in metadata.sorted_tables:
        if table not in GUARDED:
            insert(service, table, {name: value for name, value in row(table).items() if name != "seq"}, named=[])
            assert unnamed(service, table) == 1
            assert delete_all(service, table, named=[]) == 1


def test_a_service_role_above_row_security_stops_the_migration(postgres_server: Postgres, databases: Databases) -> None:
    fresh = postgres_server.create_database("test_above")
    with connect(postgres_server.owner_url) as administrator:
        administrator.execute("ALTER ROLE carillon_service BYPASSRLS")
        try:
            with pytest.raises(ConfigurationError, match="carillon_service is above row security: ALTER ROLE"):
                runner.upgrade(fresh)
        finally:
            administrator.execute("ALTER ROLE carillon_service NOBYPASSRLS")
            postgres_server.drop_database("test_above")
    assert databases


# ---------------------------------------------------------------------------------------------------------- partitions


def test_days_are_made_from_yesterday_to_a_week_ahead(owner: Connection) -> None:
    days = [f"{today() + timedelta(days=n):%Y%m%d}" for n in range(-1, 8)]

    for parent in PARTITIONED:
        assert children(owner, parent) == sorted(f"{parent}_{end}" for end in [*days, "past", "default"])


def test_a_lookup_by_id_reads_one_partition_by_its_key(service: Connection) -> None:
    for parent, key in PARTITIONED.items():
        plan = explain(service, parent, key, new_id(today()))

        assert set(re.findall(rf"{parent}_(\w+?)\b", plan)) >= {f"{today():%Y%m%d}"}
        assert {name for name in children(service, parent) if re.search(rf"\b{name}\b", plan)} == {
            f"{parent}_{today():%Y%m%d}"
        }
        assert "Index Scan" in plan
        assert plan.count("InitPlan") == 2, "the tenants are read once a statement"


def test_each_row_lands_in_the_day_of_its_id(service: Connection, owner: Connection) -> None:
    midnight = datetime.combine(today(), datetime.min.time(), UTC)
    moments = {midnight: 0, midnight - timedelta(milliseconds=1): -1, midnight + timedelta(days=1, milliseconds=-1): 0}

    for moment, ahead in moments.items():
        one = delivery(moment)
        assert place_of(service, owner, one) == f"deliveries_{today() + timedelta(days=ahead):%Y%m%d}"


def test_ids_before_and_beyond_the_days_are_taken_too(service: Connection, owner: Connection) -> None:
    assert place_of(service, owner, delivery(datetime(2019, 1, 1, tzinfo=UTC))) == "deliveries_past"
    assert place_of(service, owner, delivery(datetime(2999, 1, 1, tzinfo=UTC))) == "deliveries_default"


def test_a_day_that_is_made_late_gets_its_rows_back(service: Connection, owner: Connection) -> None:
    late = today() + 3 * WEEK
    one, other = delivery(noon(late)), delivery(noon(late + WEEK))
    for each in one, other:
        assert place_of(service, owner, each) == "deliveries_default"

    assert make(service, late, 1) == 3

    assert place_of(service, owner, one, stored=True) == f"deliveries_{late:%Y%m%d}"
    assert place_of(service, owner, other, stored=True) == "deliveries_default"


def test_making_days_again_or_in_the_past_makes_nothing(service: Connection) -> None:
    assert make(service, today() - timedelta(days=1), 9) == 0
    assert make(service, date(2019, 1, 1), 31) == 0
    assert make(service, today(), 10) == 3 * 2


@pytest.mark.parametrize("days", [None, 0, -1, 367])
def test_a_number_of_days_that_makes_no_sense_is_refused(service: Connection, days: int | None) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="1 to 366 days"):
        make(service, today(), days)


def test_many_make_the_same_days_at_once(databases: Databases) -> None:
    def make_month(_: int) -> int:
        with connect(databases.service) as connection:
            return make(connection, today(), 31)

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(make_month, range(6))) == 3 * 23


def test_rows_that_arrive_while_their_day_is_made_are_kept(databases: Databases, service: Connection) -> None:
    late = today() + 3 * WEEK
    rows = [delivery(noon(late)) | {"tenant_id": TENANT} for _ in range(400)]

    def write() -> None:
        with connect(databases.service) as connection:
            for one in rows:
                insert(connection, metadata.tables["deliveries"], one, named=[TENANT])

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        for _ in range(50):
            made = make(service, late, 1)
            if made:
                break
        writing.result()

    assert made == 3
    assert count(service, "deliveries", [TENANT]) == len(rows)
