"""Read who may do what in a tenant: keys, members, the account's tenants. Used by doors and by the keys command."""

from collections.abc import Sequence

from engines.store.base import Store
from engines.store.queries import KeyRow, KeysPage, MembersOf, TenantRow, Tenants, TenantsOf
from models.clock import Clock
from models.members import Member
from models.principal import Permission, Principal
from usecases.member_directory import MemberDirectory
from usecases.tenant_directory import TenantDirectory

MOST_LISTED = 1_000
"""Of keys and of members; the newest."""
_EVER = -1


class ListAccess:
    """Lists, newest first."""

    def __init__(self, store: Store, tenants: TenantDirectory, members: MemberDirectory, clock: Clock) -> None:
        self._store = store
        self._tenants = tenants
        self._members = members
        self._clock = clock

    async def keys(self, caller: Principal, *, ended: bool) -> Sequence[KeyRow]:
        """The newest 1,000 keys in force; with `ended`, of all that there were.

        Raises:
            Forbidden: the caller may not manage access.
        """
        caller.require(Permission.MANAGE_ACCESS)
        at_us = _EVER if ended else self._clock.now_us()
        return await self._store.read(KeysPage(caller.tenant, at_us, MOST_LISTED))

    async def members(self, caller: Principal) -> Sequence[Member]:
        """The newest 1,000 members.

        Raises:
            Forbidden: the caller may not manage access.
        """
        caller.require(Permission.MANAGE_ACCESS)
        return await self._members.opened(await self._store.read(MembersOf(caller.tenant, MOST_LISTED)))

    async def tenants(self, caller: Principal) -> Sequence[TenantRow]:
        """All tenants of the caller's account.

        Raises:
            Forbidden: the caller may not manage access.
        """
        caller.require(Permission.MANAGE_ACCESS)
        own = await self._tenants.get(caller.tenant)
        found = await self._store.read(TenantsOf(own.account, MOST_LISTED))
        rows = await self._store.read(Tenants(tuple([one.id for one in found])))
        return sorted(rows, key=lambda row: row.id, reverse=True)
