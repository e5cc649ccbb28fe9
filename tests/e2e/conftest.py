"""The product as a real process on each store: one that tests share, and one of a test's own."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from tests.e2e.process import CarillonProcess, running
from tests.e2e.product import Product, reached
from tests.stores import KINDS, service_url

Settings = dict[str, str]


@pytest.fixture(scope="session", params=KINDS)
def store_kind(request: pytest.FixtureRequest) -> str:
    """Every kind of store, one after the other."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def served(
    store_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CarillonProcess]:
    """A process that tests share: it lives until nobody needs it, ends cleanly, and has met no fault of its own."""
    with on_store(store_kind, request) as found, running(tmp_path_factory.mktemp("served"), found) as process:
        yield process
        process.stop()


@pytest.fixture
async def product(served: CarillonProcess) -> AsyncIterator[Product]:
    """The shared process. Whoever uses it takes people of its own, and neither stops nor overloads it."""
    async with reached(served) as one:
        yield one


@pytest.fixture
def settings(store_kind: str, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """What a process of the test's own is told of its new, empty store."""
    with on_store(store_kind, request) as found:
        yield found


@pytest.fixture
async def alone(settings: Settings, tmp_path: Path) -> AsyncIterator[Product]:
    """A process of the test's own, which it may stop, start again and kill."""
    with running(tmp_path, settings) as process:
        async with reached(process) as one:
            yield one


@contextmanager
def on_store(kind: str, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings for a new store; PostgreSQL is reached as a role under row security."""
    if kind == "sqlite":
        yield {}
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = f"e2e_{uuid.uuid4().hex}"
    owner_url = server.create_database(name)
    try:
        yield {"CARILLON_STORE": service_url(server, owner_url), "CARILLON_STORE_OWNER": owner_url}
    finally:
        server.drop_database(name)
