"""PostgreSQL itself keeps tenants apart, whatever a service asks for."""

from collections.abc import Iterator

import pytest
from psycopg import errors, sql
from sqlalchemy import Table

from deploy.local.postgres import Postgres
from errors import ConfigurationError
from migrations import runner
from models.tables import PARTITIONED, metadata
from tests.guarded_database import (
    GUARDED,
    Connection,
    Databases,
    children,
    connect,
    count,
    fetch,
    insert,
    insert_unnamed,
    migrated,
    naming,
    part_of,
    row,
    seen,
    tenant_column,
    tenant_of,
)

FOREIGN = "row-level security"
KEPT = [table for table in GUARDED if table.name == "audit_log"]
"""Whoever writes to these can neither change nor remove what is there."""
CHANGEABLE = [table for table in GUARDED if table not in KEPT]


@pytest.fixture(scope="module")
def databases(postgres_server: Postgres) -> Iterator[Databases]:
    with migrated(postgres_server) as made:
        yield made


@pytest.fixture
def owner(databases: Databases) -> Iterator[Connection]:
    with connect(databases.owner) as connection:
        yield connection


@pytest.fixture
def service(databases: Databases) -> Iterator[Connection]:
    with connect(databases.service) as connection:
        yield connection


def test_every_tenant_table_is_under_forced_row_security_and_no_other(owner: Connection) -> None:
    forced = fetch(owner, "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")

    assert {name for (name,) in forced} == {table.name for table in GUARDED}


@pytest.mark.parametrize("table", CHANGEABLE, ids=str)
def test_a_service_meets_only_rows_of_the_tenants_it_names(service: Connection, table: Table) -> None:
    ours, theirs = row(table), row(table)
    us, them = tenant_of(table, ours), tenant_of(table, theirs)
    insert(service, table, ours, [us])
    insert(service, table, theirs, [them])

    assert seen(service, table, [us]) == {us}
    assert seen(service, table, [us, them]) == {us, them}
    assert delete(service, table, [us]) == 1
    assert seen(service, table, [us, them]) == {them}


@pytest.mark.parametrize("table", KEPT, ids=str)
def test_a_service_adds_to_the_audit_log_and_changes_nothing_of_it(service: Connection, table: Table) -> None:
    ours, theirs = row(table), row(table)
    us, them = tenant_of(table, ours), tenant_of(table, theirs)
    insert(service, table, ours, [us])
    insert(service, table, theirs, [them])

    assert seen(service, table, [us]) == {us}
    for way in "UPDATE audit_log SET subject = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log":
        with pytest.raises(errors.InsufficientPrivilege, match="permission denied"), naming(service, [us, them]):
            service.execute(way.encode())
    with pytest.raises(errors.InsufficientPrivilege, match=FOREIGN):
        insert(service, table, row(table), [us])
    assert seen(service, table, [us, them]) == {us, them}


@pytest.mark.parametrize("table", CHANGEABLE, ids=str)
def test_a_service_writes_nothing_for_a_tenant_it_does_not_name(service: Connection, table: Table) -> None:
    ours = row(table)
    us = tenant_of(table, ours)
    insert(service, table, ours, [us])

    with pytest.raises(errors.InsufficientPrivilege, match=FOREIGN):
        insert(service, table, row(table), [us])
    with pytest.raises(errors.InsufficientPrivilege, match=FOREIGN):
        give_away(service, table, us, to=tenant_of(table, row(table)))
    assert seen(service, table, [us]) == {us}


@pytest.mark.parametrize("table", GUARDED, ids=str)
def test_who_names_no_tenant_meets_no_rows_not_even_the_owner(databases: Databases, table: Table) -> None:
    for url in databases:
        with connect(url) as connection:
            for setting in None, "":
                assert fetch(connection, "SELECT current_setting('app.tenants', true)") == [(setting,)]
                assert count(connection, table) == 0
                with pytest.raises(errors.InsufficientPrivilege, match=FOREIGN):
                    insert_unnamed(connection, table, row(table))
                planted = row(table)
                insert(connection, table, planted, [tenant_of(table, planted)])
            assert seen(connection, table, []) == set()


@pytest.mark.parametrize(
    "way",
    [
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY named_tenants ON users",
        "CREATE POLICY everything ON users USING (true)",
        "TRUNCATE users",
        "CREATE TABLE ours (LIKE users)",
        "ALTER ROLE carillon_service BYPASSRLS",
        "UPDATE alembic_version SET version_num = '0000'",
        "SET ROLE {owner}",
        "SELECT carillon_drop_day(current_date)",
    ],
)
def test_a_service_has_no_way_around(databases: Databases, service: Connection, way: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        service.execute(way.format(owner=part_of(databases.owner, "user")).encode())


def test_a_service_cannot_ask_for_row_security_to_be_off(service: Connection) -> None:
    service.execute("SET row_security = off")

    with pytest.raises(errors.InsufficientPrivilege, match="would be affected by row-level security"):
        service.execute("SELECT * FROM users")


def test_a_partition_cannot_be_read_past_its_parent(service: Connection) -> None:
    service.execute("SELECT carillon_make_partitions(current_date + 30, 1)")
    names = [child for parent in PARTITIONED for child in children(service, parent)]

    assert len(names) >= 3 * 12
    for name in names:
        with pytest.raises(errors.InsufficientPrivilege):
            service.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))


def test_platform_tables_are_the_services_to_use(service: Connection) -> None:
    for table in set(metadata.sorted_tables) - set(GUARDED):
        planted = row(table)
        planted.pop("seq", None)
        insert(service, table, planted)

        assert count(service, table) == 1
        assert delete(service, table, []) == 1


def test_a_service_checks_the_migration_by_its_own_login(databases: Databases) -> None:
    runner.check(databases.service)


def test_a_service_role_above_row_security_stops_the_migration(postgres_server: Postgres, databases: Databases) -> None:
    fresh = postgres_server.create_database("test_above")
    with connect(postgres_server.owner_url) as administrator:
        administrator.execute("ALTER ROLE carillon_service BYPASSRLS")
        try:
            with pytest.raises(ConfigurationError, match="carillon_service is above row security: ALTER ROLE"):
                runner.upgrade(fresh)
            assert runner.current(fresh) is None
        finally:
            administrator.execute("ALTER ROLE carillon_service NOBYPASSRLS")
            postgres_server.drop_database("test_above")


def give_away(connection: Connection, table: Table, us: str, to: str) -> None:
    statement = sql.SQL("UPDATE {} SET {} = %s").format(
        sql.Identifier(table.name), sql.Identifier(tenant_column(table))
    )
    with naming(connection, [us]):
        connection.execute(statement, [to])


def delete(connection: Connection, table: Table, named: list[str]) -> int:
    with naming(connection, named):
        return connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name))).rowcount
