"""Tenants and API keys."""

import msgspec

from engines.store.base import FromTenant, FromTenants


class TenantRow(msgspec.Struct, frozen=True):
    """An isolated space of one customer."""

    id: bytes
    account: bytes
    name: str
    kind: int
    wrapped_key: bytes
    created_at: int


class Tenants(FromTenants[TenantRow], frozen=True):
    """The tenants with these ids."""


class KeyRow(msgspec.Struct, frozen=True):
    """An API key as stored; its text is known to its holder only."""

    tenant: bytes
    id: bytes
    hash: bytes
    name: str
    role: int
    created_at: int
    expires_at: int | None
    revoked_at: int | None


class Keys(FromTenant[KeyRow], frozen=True):
    """A tenant's keys, newest first."""


class KeysById(FromTenants[KeyRow], frozen=True):
    """Keys by id."""

    ids: tuple[bytes, ...]
