"""The stores that a drill's product can stand on: what it must be told of each."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.postgres import Postgres
from tests.stores import service_url

STORES = ("sqlite", "postgres")


@contextmanager
def environment(store: str) -> Iterator[dict[str, str]]:
    """Settings of a product on that store; PostgreSQL is a server of its own that ends with the block."""
    if store == "sqlite":
        yield {}
        return
    with Postgres.temporary() as server:
        yield postgres_environment(server, server.create_database("drill"))


def postgres_environment(server: Postgres, owner_url: str) -> dict[str, str]:
    """Settings of a product that serves from this database as a role under row security."""
    return {"CARILLON_STORE": service_url(server, owner_url), "CARILLON_STORE_OWNER": owner_url}
