"""Revisions of what is cached."""

import msgspec

from engines.store.base import FromTenants


class RevisionRow(msgspec.Struct, frozen=True):
    """How often what is cached of a tenant has changed."""

    tenant: bytes
    kind: int
    revision: int


class Revisions(FromTenants[RevisionRow], frozen=True):
    """All revisions of these tenants; what was never changed has no row."""
