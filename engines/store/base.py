"""The store's port. Use cases and dispatchers write operations and read queries; they never see SQL."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

R = TypeVar("R")


class Operation(msgspec.Struct, Generic[R], frozen=True):
    """One write, as data. Its kind has one transaction, which takes many of them and answers each with an `R`."""

    def tenants(self) -> frozenset[bytes]:
        """The tenants whose rows it may touch; row security lets it see no others."""
        return frozenset()

    def size(self) -> int:
        """About how many rows it writes; bounds what is committed together."""
        return 1


class Query(msgspec.Struct, Generic[R], frozen=True):
    """One read, as data; its fields are the parameters of the SELECT registered for its kind. Rows are `R`s."""

    def tenants(self) -> frozenset[bytes]:
        """The tenants whose rows it may see."""
        return frozenset()


class OfTenant(Operation[R], Generic[R], frozen=True):
    """A write within one tenant."""

    tenant: bytes

    def tenants(self) -> frozenset[bytes]:
        """The one."""
        return frozenset((self.tenant,))


class FromTenant(Query[R], Generic[R], frozen=True):
    """A read within one tenant."""

    tenant: bytes

    def tenants(self) -> frozenset[bytes]:
        """The one."""
        return frozenset((self.tenant,))


class FromTenants(Query[R], Generic[R], frozen=True):
    """A read for a pipeline batch, whose rows may belong to several tenants."""

    tenant_ids: tuple[bytes, ...]

    def tenants(self) -> frozenset[bytes]:
        """The batch's tenants."""
        return frozenset(self.tenant_ids)


class StoreAbilities(msgspec.Struct, frozen=True):
    """What an adapter can do beyond the contract; the contract suite reads it."""

    shared: bool
    """Several processes may serve one store at the same time."""
    row_security: bool
    """The database itself keeps tenants apart."""


class Store(Protocol):
    """Commits operations, all of one or nothing of it, and answers queries from what is committed."""

    abilities: StoreAbilities

    async def write(self, operation: Operation[R]) -> R:
        """Return when the operation is durable.

        Operations that wait together are committed together; one that fails never spoils its neighbours. A caller
        that is cancelled does not take its operation back.

        Raises:
            Unavailable: the queue is full (nothing was taken), or the database does not answer (unknown: use keys).
        """

    async def read(self, query: Query[R]) -> Sequence[R]:
        """Rows in the query's own order, from a snapshot at least as new as every write that returned before."""

    async def ping(self) -> None:
        """Return when the database answers.

        Raises:
            EngineUnavailable: it does not.
        """

    async def close(self) -> None:
        """Commit what waits, then let go of every connection."""
