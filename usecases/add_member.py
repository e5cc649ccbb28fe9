"""Put somebody who signs in at the operator's identity provider on the tenant's list of members."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.operations import MemberThere, PutMember
from engines.store.operations.auditing import facts
from errors import Conflict
from models import ids
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.vocabulary import AuditAction, Role
from usecases.access_checks import check_identity, check_role
from usecases.audit_entries import audit_entry
from usecases.checks import check_name
from usecases.identities import blind_identities
from usecases.member_directory import MemberDirectory
from usecases.tenant_directory import TenantDirectory


class MemberRequest(msgspec.Struct, frozen=True):
    """A member as one shall be: issuer and subject as the provider's tokens have them (`iss`, `sub`)."""

    issuer: str
    subject: str
    name: str
    role: Role


class AddMember:
    """One member a call."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        tenants: TenantDirectory,
        members: MemberDirectory,
        clock: Clock,
        new_ids: Ids,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._tenants = tenants
        self._members = members
        self._clock = clock
        self._ids = new_ids

    async def __call__(self, caller: Principal, wanted: MemberRequest) -> bytes:
        """The member's id. Who was removed before comes back under the first one.

        Raises:
            Forbidden: the caller may not manage access, or not give this role.
            InvalidInput: a field that does not hold; `path` names it.
            Conflict: this identity is a member already.
        """
        caller.require(Permission.MANAGE_ACCESS)
        check_identity(wanted.issuer, wanted.subject)
        check_name("name", wanted.name)
        check_role(caller, wanted.role)
        tenant = await self._tenants.get(caller.tenant)
        [blind] = blind_identities(self._sealer, tenant.id, ((wanted.issuer, wanted.subject),))
        identity, name = self._members.sealed(tenant, wanted.issuer, wanted.subject, wanted.name)
        id_, now_us = self._ids.new(), self._clock.now_us()
        after = facts(role=wanted.role.name)
        entry = audit_entry(caller, AuditAction.MEMBER_ADDED, ids.encode(ids.MEMBER, id_), now_us, after)
        answer = await self._store.write(
            PutMember(tenant.id, id_, blind, identity, name, wanted.role, caller.id, now_us, entry)
        )
        if isinstance(answer, MemberThere):
            raise Conflict(f"they are a member already: {ids.encode(ids.MEMBER, answer.id)}", path=("subject",))
        return answer.id
