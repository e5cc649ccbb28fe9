"""Fixtures that every kind of test may ask for: real engines, started once."""

import os
import uuid
from collections.abc import Iterator

import pytest

from deploy.local.postgres import Postgres
from errors import EngineUnavailable


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
