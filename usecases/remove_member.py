"""Take somebody off the tenant's list of members: within a second everywhere, open streams within five."""

from engines.store.base import Store
from engines.store.operations import RemoveMember as Write
from models import ids
from models.clock import Clock
from models.principal import Permission, Principal
from models.vocabulary import AuditAction
from usecases.access_checks import ended, no_member, read_id
from usecases.audit_entries import audit_entry


class RemoveMember:
    """One member a call."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, caller: Principal, member: str) -> bytes:
        """The member's id, once they are off.

        Raises:
            Forbidden: the caller may not manage access.
            InvalidInput: no member's id.
            NotFound: there is no such member.
            Conflict: it is the last administrator of the tenant.
        """
        caller.require(Permission.MANAGE_ACCESS)
        id_, now_us = read_id(ids.MEMBER, member), self._clock.now_us()
        entry = audit_entry(caller, AuditAction.MEMBER_REMOVED, member, now_us)
        ended(await self._store.write(Write(caller.tenant, id_, now_us, entry)), no_member)
        return id_
