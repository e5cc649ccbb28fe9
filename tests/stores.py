"""Opens stores of every kind for tests, migrated, and watches each statement that runs on them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.postgres import Postgres
from engines.store.base import Store
from engines.store.dialect.base import Statement
from engines.store.postgres import PostgresStore
from engines.store.sqlite import SqliteStore
from migrations import runner
from models.tables import TENANT_TABLES

SERVICE_LOGIN = "carillon_test"
KINDS = ("sqlite", "postgres")
_NAMES = "|".join(table.name for table in TENANT_TABLES)
_TENANT_TABLE = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({_NAMES})\b", re.IGNORECASE)
_CONDITIONS = re.compile(r"\b(?:WHERE|ON)\b", re.IGNORECASE)


def names_no_tenant(text: str) -> bool:
    """Whether a statement touches a tenant table without saying whose rows it means: in a condition, or as a value."""
    if not _TENANT_TABLE.search(text):
        return False
    if text.startswith("INSERT"):
        return "tenant_id" not in text.partition(")")[0]
    conditions = _CONDITIONS.search(text)
    return conditions is None or "tenant_id" not in text[conditions.start() :]


class Watch:
    """Collects statements, and those among them that touch a tenant table without naming tenants."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.blind: list[str] = []

    def __call__(self, statement: Statement) -> None:
        self.statements.append(statement.text)
        if names_no_tenant(statement.text):
            self.blind.append(statement.text)


@asynccontextmanager
async def open_sqlite(folder: Path, watch: Watch | None = None) -> AsyncIterator[Store]:
    """A store on a new file."""
    path = folder / "carillon.db"
    runner.upgrade(f"sqlite:///{path}")
    store = SqliteStore(path, observe=watch)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_postgres(server: Postgres, owner_url: str, watch: Watch | None = None) -> AsyncIterator[Store]:
    """A store on a new database, reached as a role that neither owns the tables nor is above row security."""
    store = PostgresStore(service_url(server, owner_url), observe=watch)
    try:
        yield store
    finally:
        await store.close()


def service_url(server: Postgres, owner_url: str) -> str:
    """Migrate a database and give the URL of its service role."""
    runner.upgrade(owner_url)
    server.create_login(SERVICE_LOGIN, "carillon_service")
    return urlsplit(owner_url)._replace(netloc=f"{SERVICE_LOGIN}@127.0.0.1:{server.port}").geturl()
