"""Tenants, API keys and members."""

import msgspec

from engines.store.base import FromTenant, FromTenants, Query


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


class TenantIdRow(msgspec.Struct, frozen=True):
    """A tenant of an account."""

    id: bytes


class TenantsOf(Query[TenantIdRow], frozen=True):
    """The ids of an account's tenants, oldest first: what they are is asked by `Tenants`, which names them."""

    account: bytes
    limit: int


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
    created_by: bytes | None = None
    quota_per_minute: int | None = None


class Keys(FromTenant[KeyRow], frozen=True):
    """A tenant's keys, newest first."""


class KeysPage(FromTenant[KeyRow], frozen=True):
    """A tenant's keys that had not ended at `in_force_at_us`, newest first; a time before 1970 for all of them."""

    in_force_at_us: int
    limit: int


class KeysById(FromTenants[KeyRow], frozen=True):
    """Keys by id."""

    ids: tuple[bytes, ...]


class MemberRow(msgspec.Struct, frozen=True):
    """Somebody who signs in elsewhere, sealed under the tenant's key."""

    tenant: bytes
    id: bytes
    identity_blind: bytes
    identity_sealed: bytes
    name_sealed: bytes | None
    role: int
    created_by: bytes
    created_at: int
    updated_at: int


class MembersOf(FromTenant[MemberRow], frozen=True):
    """A tenant's members, newest first."""

    limit: int


class MembersById(FromTenants[MemberRow], frozen=True):
    """Members by id."""

    ids: tuple[bytes, ...]


class MembersByIdentity(FromTenants[MemberRow], frozen=True):
    """Members by the blind index of issuer and subject."""

    identities: tuple[bytes, ...]
