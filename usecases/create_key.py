"""Make an API key of the caller's tenant. Its text is given here and never again."""

import msgspec

from engines.store.base import Store
from engines.store.operations import PutKey
from engines.store.operations.auditing import key_facts
from engines.store.queries import KeyRow
from models import ids
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.vocabulary import AuditAction, Role, TenantKind
from usecases.access_checks import check_expiry, check_quota, check_role
from usecases.audit_entries import audit_entry
from usecases.checks import check_name
from usecases.credentials import NewKeyText
from usecases.tenant_directory import TenantDirectory


class KeyRequest(msgspec.Struct, frozen=True):
    """An API key as it shall be."""

    name: str
    role: Role
    expires_at: int | None = None
    quota_per_minute: int | None = None


class CreatedKey(msgspec.Struct, frozen=True):
    """A key that is in force, and its text. Its own text form hides that."""

    row: KeyRow
    text: str

    def __repr__(self) -> str:
        return f"CreatedKey({ids.encode(ids.KEY, self.row.id)})"


class CreateKey:
    """One key a call."""

    def __init__(
        self, store: Store, tenants: TenantDirectory, new_text: NewKeyText, clock: Clock, new_ids: Ids
    ) -> None:
        self._store = store
        self._tenants = tenants
        self._new_text = new_text
        self._clock = clock
        self._ids = new_ids

    async def __call__(self, caller: Principal, wanted: KeyRequest) -> CreatedKey:
        """The key, in force when this returns.

        Raises:
            Forbidden: the caller may not manage access, or not give this role.
            InvalidInput: a field that does not hold; `path` names it.
        """
        caller.require(Permission.MANAGE_ACCESS)
        now_us = self._clock.now_us()
        check_name("name", wanted.name)
        check_role(caller, wanted.role)
        check_expiry(wanted.expires_at, now_us)
        check_quota(wanted.quota_per_minute)
        tenant = await self._tenants.get(caller.tenant)
        key = self._ids.new()
        text = self._new_text(tenant.id, key, TenantKind(tenant.kind))
        await self._store.write(_put(caller, wanted, key, text.hash, now_us))
        row = KeyRow(
            tenant.id, key, text.hash, wanted.name, wanted.role, now_us, wanted.expires_at, None, caller.id,
            wanted.quota_per_minute,
        )  # fmt: skip
        return CreatedKey(row, text.text)


def _put(caller: Principal, wanted: KeyRequest, key: bytes, hash_: bytes, now_us: int) -> PutKey:
    after = key_facts(wanted.name, wanted.role, wanted.expires_at, wanted.quota_per_minute)
    return PutKey(
        tenant=caller.tenant,
        id=key,
        hash=hash_,
        name=wanted.name,
        role=wanted.role,
        at_us=now_us,
        expires_at=wanted.expires_at,
        created_by=caller.id,
        quota_per_minute=wanted.quota_per_minute,
        audit=audit_entry(caller, AuditAction.KEY_CREATED, ids.encode(ids.KEY, key), now_us, after),
    )
