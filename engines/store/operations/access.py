"""Tenants, API keys, members, and the forgetting of idempotency keys."""

import msgspec

from engines.store.base import OfTenant, Operation
from engines.store.operations.auditing import AuditEntry
from models.vocabulary import Role, TenantKind


class LastAdmin(msgspec.Struct, frozen=True):
    """Nothing was changed: nobody would be left who may manage the tenant's access."""


class NewKey(msgspec.Struct, frozen=True):
    """An API key by its hash; its text is known to its holder only."""

    id: bytes
    hash: bytes
    name: str
    role: Role
    at_us: int
    expires_at: int | None = None
    created_by: bytes | None = None
    quota_per_minute: int | None = None


class PutTenant(Operation[None], frozen=True):
    """Makes an account's tenant with its first keys; one that is there already stays as it is.

    Its making is recorded in its own chain, and in those of `witnesses`.
    """

    id: bytes
    account: bytes
    account_name: str
    name: str
    kind: TenantKind
    wrapped_key: bytes
    at_us: int
    keys: tuple[NewKey, ...] = ()
    witnesses: tuple[bytes, ...] = ()
    audit: AuditEntry | None = None

    def tenants(self) -> frozenset[bytes]:
        return frozenset((self.id, *self.witnesses))


class PutKey(OfTenant[None], frozen=True):
    """Stores a new API key by its hash."""

    id: bytes
    hash: bytes
    name: str
    role: Role
    at_us: int
    expires_at: int | None = None
    created_by: bytes | None = None
    quota_per_minute: int | None = None
    audit: AuditEntry | None = None


class RevokeKey(OfTenant[bool | LastAdmin], frozen=True):
    """Ends a key. False: there is no such key, or it had ended before."""

    id: bytes
    at_us: int
    audit: AuditEntry | None = None


class Rotated(msgspec.Struct, frozen=True):
    """The new key stands, and when the two end."""

    name: str
    role: Role
    expires_at: int | None
    old_expires_at: int
    quota_per_minute: int | None


class RotateKey(OfTenant[Rotated | None], frozen=True):
    """Makes a key like another, which ends after a while. None: the other is not there, or has ended.

    The new one ends when `expires_at` says; without it, it lives as long as the other was made for.
    """

    id: bytes
    new_id: bytes
    new_hash: bytes
    at_us: int
    grace_us: int
    expires_at: int | None
    created_by: bytes
    audit: AuditEntry


class MemberPut(msgspec.Struct, frozen=True):
    """The member stands. Somebody who was removed before comes back under the first id."""

    id: bytes


class MemberThere(msgspec.Struct, frozen=True):
    """Nothing was changed: this identity is a member already."""

    id: bytes


class PutMember(OfTenant[MemberPut | MemberThere], frozen=True):
    """Adds somebody who signs in elsewhere; sealed under the tenant's key."""

    id: bytes
    identity_blind: bytes
    identity_sealed: bytes
    name_sealed: bytes | None
    role: Role
    created_by: bytes
    at_us: int
    audit: AuditEntry


class ChangeMember(OfTenant[bool | LastAdmin], frozen=True):
    """Another role or name; None leaves what is there. False: there is no such member."""

    id: bytes
    role: Role | None
    name_sealed: bytes | None
    at_us: int
    audit: AuditEntry


class RemoveMember(OfTenant[bool | LastAdmin], frozen=True):
    """Ends a membership and forgets the name. False: there is no such member."""

    id: bytes
    at_us: int
    audit: AuditEntry


class ForgetKeys(Operation[int], frozen=True):
    """Deletes idempotency records made before `before_us`, at most `limit`. Answers how many."""

    tenant_ids: tuple[bytes, ...]
    before_us: int
    limit: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset(self.tenant_ids)
