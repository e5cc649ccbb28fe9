"""A migrated PostgreSQL database with rows of every table, for tests of what the migrations add there."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic, sleep
from typing import NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table

from deploy.local.postgres import Postgres
from migrations import runner
from models.clock import to_us
from models.ids import Ids
from models.states import DeliveryState
from models.tables import TENANT_TABLES, metadata, tenants

GUARDED = (*TENANT_TABLES, tenants)
DELIVERIES = metadata.tables["deliveries"]
SCHEDULES = metadata.tables["schedules"]

Value = str | int | bool | bytes
Row = dict[str, Value]
Connection = psycopg.Connection[tuple[object, ...]]


class Databases(NamedTuple):
    """One migrated database, by two logins: its owner, who is no superuser, and a service."""

    owner: str
    service: str


@contextmanager
def migrated(server: Postgres) -> Iterator[Databases]:
    """A database of its own for one test, with an owner and a service of its own."""
    name = f"test_{uuid.uuid4().hex}"
    login = f"owner_{name}"
    with connect(server.owner_url) as administrator:
        administrator.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(sql.Identifier(login)))
        administrator.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(login))
        )
    try:
        runner.upgrade(server.url(name, login))
        server.create_login(f"service_{name}", "carillon_service")
        yield Databases(server.url(name, login), server.url(name, f"service_{name}"))
    finally:
        server.drop_database(name)


def connect(url: str) -> Connection:
    """A connection that commits each statement by itself."""
    return psycopg.connect(url, autocommit=True)


def part_of(url: str, name: str) -> str:
    """`user` or `dbname` of a URL."""
    return str(psycopg.conninfo.conninfo_to_dict(url)[name])


def fetch(connection: Connection, statement: str, *values: object) -> list[tuple[object, ...]]:
    """All rows that the statement answers."""
    return connection.execute(statement.encode(), values).fetchall()


def today() -> date:
    """The day in UTC, as the database counts days."""
    return datetime.now(UTC).date()


def days_ago(count: int) -> date:
    """The day in UTC so many days before today."""
    return today() - timedelta(days=count)


def noon(day: date) -> datetime:
    """The middle of a day in UTC."""
    return datetime.combine(day, time(12), UTC)


def new_id(moment: datetime) -> str:
    """A UUIDv7 of that moment."""
    return str(uuid.UUID(bytes=Ids(lambda: to_us(moment)).new()))


def row(table: Table) -> Row:
    """Some row, with ids of its own."""
    return {column.name: _value(column) for column in table.c}


def _value(column: Column[object]) -> Value:
    kind = column.type
    if isinstance(kind, LargeBinary):
        return new_id(noon(today())) if kind.length == 16 else b"x"
    if isinstance(kind, Boolean):
        return True
    return 1 if isinstance(kind, BigInteger | Integer) else "x"


def delivery(moment: datetime, state: DeliveryState = DeliveryState.QUEUED) -> Row:
    """A delivery of a notification that was made at that moment."""
    return row(DELIVERIES) | {"notification_id": new_id(moment), "state": int(state)}


def tenant_column(table: Table) -> str:
    """The column that says whose a row is."""
    return "id" if table is tenants else "tenant_id"


def tenant_of(table: Table, one: Mapping[str, Value]) -> str:
    """Whose a row is."""
    return str(one[tenant_column(table)])


@contextmanager
def naming(connection: Connection, named: Iterable[str]) -> Iterator[None]:
    """A transaction that names these tenants."""
    with connection.transaction():
        connection.execute("SELECT set_config('app.tenants', %s, true)", [f"{{{','.join(named)}}}"])
        yield


def insert(connection: Connection, table: Table, one: Row, named: Iterable[str] = ()) -> None:
    """Add a row; for a tenant table, name the tenants in whose name."""
    with naming(connection, named):
        insert_unnamed(connection, table, one)


def insert_unnamed(connection: Connection, table: Table, one: Row) -> None:
    """Add a row, and do not touch the setting."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, one)),
        sql.SQL(", ").join([sql.Placeholder()] * len(one)),
    )
    connection.execute(statement, list(one.values()))


def seen(connection: Connection, table: Table, named: Iterable[str]) -> set[str]:
    """Whose rows are seen by who names these tenants."""
    statement = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(tenant_column(table)), sql.Identifier(table.name))
    with naming(connection, named):
        return {str(tenant) for (tenant,) in connection.execute(statement).fetchall()}


def count(connection: Connection, table: Table) -> int:
    """How many rows are seen by who names no tenant."""
    ((found,),) = fetch(connection, f"SELECT count(*) FROM {table.name}")
    return int(str(found))


def children(connection: Connection, parent: str) -> list[str]:
    """The names of a table's partitions, sorted."""
    found = fetch(
        connection,
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1",
        parent,
    )
    return [str(name) for (name,) in found]


def wait_for_waiting(connection: Connection, wanted: int) -> None:
    """Return when so many sessions wait for a table of this database, or after 0.4 s: then one has given up already."""
    patience = monotonic() + 0.4
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IN (SELECT oid FROM pg_class)"
    while fetch(connection, query) < [(wanted,)] and monotonic() < patience:
        sleep(0.005)
