"""Fixtures of the integration tests: the pipeline on each store, before the SMTP simulator."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engines.store.base import Store
from tests.pipelines import Pipeline, running
from tests.products import Product, serving
from tests.simulators import Side, starting


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[Side]:
    """An SMTP simulator."""
    async with starting(tmp_path) as start:
        yield await start()


@pytest.fixture
async def pipeline(store: Store, side: Side, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """The services behind the doors."""
    async with running(store, tmp_path, side.port) as one:
        yield one


@pytest.fixture
async def product(pipeline: Pipeline) -> AsyncIterator[Product]:
    """The whole product behind a web server."""
    async with serving(pipeline) as one:
        yield one
