"""Fixtures that every kind of test may ask for: real engines, started once."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.postgres import Postgres
from engines.store.base import Store
from errors import EngineUnavailable
from models import trace
from tests.stores import KINDS, Watch, open_postgres, open_sqlite

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def working_for_nobody() -> Iterator[None]:
    """No test goes on with the trace of another."""
    with trace.carrying(()):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL server, shared by the session: do not stop it.

    Where there is none to be had its tests are skipped; in CI they fail.
    """
    try:
        server = Postgres.temporary(fsync=False)
    except EngineUnavailable as missing:
        if os.environ.get("CI"):
            pytest.fail(missing.message, pytrace=False)
        pytest.skip(missing.message)
    with server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: Postgres) -> Iterator[str]:
    """The owner's URL of a new, empty database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Every statement that the test ran; the test fails if one reached a tenant table without naming tenants."""
    seen = Watch()
    yield seen
    assert seen.blind == []


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, watch: Watch) -> AsyncIterator[Store]:
    """A migrated, empty store of each kind."""
    if request.param == "sqlite":
        async with open_sqlite(tmp_path, watch) as opened:
            yield opened
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        owner_url: str = request.getfixturevalue("postgres_database")
        async with open_postgres(server, owner_url, watch) as opened:
            yield opened
