"""Replace an API key of the caller's tenant: a new one like it at once, and the old one ends after a while."""

import msgspec

from engines.store.base import Store
from engines.store.operations import Rotated
from engines.store.operations import RotateKey as Write
from engines.store.queries import KeyRow
from models import ids
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.vocabulary import AuditAction, TenantKind
from usecases.access_checks import check_expiry, check_grace, no_key, read_id
from usecases.audit_entries import audit_entry
from usecases.create_key import CreatedKey
from usecases.credentials import NewKeyText
from usecases.tenant_directory import TenantDirectory

DEFAULT_GRACE_S = 86_400


class RotatedKey(msgspec.Struct, frozen=True):
    """The new key, and when the old one ends."""

    created: CreatedKey
    old: bytes
    old_expires_at: int


class RotateKey:
    """One key a call."""

    def __init__(
        self, store: Store, tenants: TenantDirectory, new_text: NewKeyText, clock: Clock, new_ids: Ids
    ) -> None:
        self._store = store
        self._tenants = tenants
        self._new_text = new_text
        self._clock = clock
        self._ids = new_ids

    async def __call__(
        self, caller: Principal, key: str, grace_s: int = DEFAULT_GRACE_S, expires_at: int | None = None
    ) -> RotatedKey:
        """The new key, with the name, role and quota of the old one.

        Args:
            grace_s: how long the old one stays in force; 0 ends it at once.
            expires_at: when the new one ends; without it, it lives as long as the old one was made for.

        Raises:
            Forbidden: the caller may not manage access.
            InvalidInput: a field that does not hold; `path` names it.
            NotFound: no such key is in force.
        """
        caller.require(Permission.MANAGE_ACCESS)
        now_us = self._clock.now_us()
        old = read_id(ids.KEY, key)
        check_grace(grace_s)
        check_expiry(expires_at, now_us)
        tenant = await self._tenants.get(caller.tenant)
        new = self._ids.new()
        text = self._new_text(tenant.id, new, TenantKind(tenant.kind))
        entry = audit_entry(caller, AuditAction.KEY_ROTATED, key, now_us)
        rotated = await self._store.write(
            Write(tenant.id, old, new, text.hash, now_us, grace_s * 1_000_000, expires_at, caller.id, entry)
        )
        if rotated is None:
            raise no_key()
        row = _row(caller, new, text.hash, now_us, rotated)
        return RotatedKey(CreatedKey(row, text.text), old, rotated.old_expires_at)


def _row(caller: Principal, key: bytes, hash_: bytes, now_us: int, rotated: Rotated) -> KeyRow:
    return KeyRow(
        caller.tenant, key, hash_, rotated.name, rotated.role, now_us, rotated.expires_at, None, caller.id,
        rotated.quota_per_minute,
    )  # fmt: skip
