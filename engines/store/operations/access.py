"""Tenants, API keys, and the forgetting of idempotency keys."""

from engines.store.base import OfTenant, Operation
from models.vocabulary import Role, TenantKind


class PutTenant(Operation[None], frozen=True):
    """Makes an account's tenant; one that is there already stays as it is."""

    id: bytes
    account: bytes
    account_name: str
    name: str
    kind: TenantKind
    wrapped_key: bytes
    at_us: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset((self.id,))


class PutKey(OfTenant[None], frozen=True):
    """Stores a new API key by its hash."""

    id: bytes
    hash: bytes
    name: str
    role: Role
    at_us: int
    expires_at: int | None = None


class RevokeKey(OfTenant[bool], frozen=True):
    """Ends a key. False: there is no such key, or it had ended before."""

    id: bytes
    at_us: int


class ForgetKeys(Operation[int], frozen=True):
    """Deletes idempotency records made before `before_us`, at most `limit`. Answers how many."""

    tenant_ids: tuple[bytes, ...]
    before_us: int
    limit: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset(self.tenant_ids)
