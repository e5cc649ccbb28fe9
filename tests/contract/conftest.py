"""The contract suites' fixtures: each port on every adapter."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from engines.store.base import Store
from tests.stores import KINDS, Watch, open_postgres, open_sqlite


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
