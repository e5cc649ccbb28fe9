"""End an API key of the caller's tenant: within a second everywhere, open streams within five."""

from engines.store.base import Store
from engines.store.operations import RevokeKey as Write
from models import ids
from models.clock import Clock
from models.principal import Permission, Principal
from models.vocabulary import AuditAction
from usecases.access_checks import ended, no_key, read_id
from usecases.audit_entries import audit_entry


class RevokeKey:
    """One key a call."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, caller: Principal, key: str) -> bytes:
        """The key's id, once it is ended.

        Raises:
            Forbidden: the caller may not manage access.
            InvalidInput: no key's id.
            NotFound: no such key is in force.
            Conflict: it is the last administrator of the tenant.
        """
        caller.require(Permission.MANAGE_ACCESS)
        id_, now_us = read_id(ids.KEY, key), self._clock.now_us()
        entry = audit_entry(caller, AuditAction.KEY_REVOKED, key, now_us)
        ended(await self._store.write(Write(caller.tenant, id_, now_us, entry)), no_key)
        return id_
