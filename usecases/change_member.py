"""Give a member of the caller's tenant another role or name. Another role ends what they have open, within 5 s."""

from engines.store.base import Store
from engines.store.operations import ChangeMember as Write
from errors import InvalidInput
from models import ids
from models.clock import Clock
from models.principal import Permission, Principal
from models.vocabulary import AuditAction, Role
from usecases.access_checks import check_role, ended, no_member, read_id
from usecases.audit_entries import audit_entry
from usecases.checks import check_name
from usecases.member_directory import MemberDirectory
from usecases.tenant_directory import TenantDirectory


class ChangeMember:
    """One member a call."""

    def __init__(self, store: Store, tenants: TenantDirectory, members: MemberDirectory, clock: Clock) -> None:
        self._store = store
        self._tenants = tenants
        self._members = members
        self._clock = clock

    async def __call__(self, caller: Principal, member: str, role: Role | None, name: str | None) -> bytes:
        """The member's id; None leaves what is there.

        Raises:
            Forbidden: the caller may not manage access, or not give this role.
            InvalidInput: a field that does not hold; `path` names it.
            NotFound: there is no such member.
            Conflict: it is the last administrator of the tenant.
        """
        caller.require(Permission.MANAGE_ACCESS)
        id_, now_us = read_id(ids.MEMBER, member), self._clock.now_us()
        if role is None and name is None:
            raise InvalidInput("expected a role, a name, or both")
        if role is not None:
            check_role(caller, role)
        sealed = await self._sealed(caller, name) if name is not None else None
        entry = audit_entry(caller, AuditAction.MEMBER_CHANGED, member, now_us)
        ended(await self._store.write(Write(caller.tenant, id_, role, sealed, now_us, entry)), no_member)
        return id_

    async def _sealed(self, caller: Principal, name: str) -> bytes:
        check_name("name", name)
        return self._members.sealed_name(await self._tenants.get(caller.tenant), name)
