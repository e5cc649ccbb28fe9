"""All tenants there are, for the duties of the worker."""

import msgspec

from engines.store.base import Query


class TenantId(msgspec.Struct, frozen=True):
    """A tenant's id and nothing else."""

    id: bytes


class AllTenants(Query[TenantId], frozen=True):
    """The ids of every tenant; the one read that is not within tenants, and it shows nothing of theirs."""
