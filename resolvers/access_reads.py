"""Reads of keys, members, tenants and audit entries by id, batched. Asked by nodes and administrators' mutations."""

from collections.abc import Mapping, Sequence

from engines.store import queries as q
from engines.store.base import Store
from models.principal import Principal
from resolvers.loading import Loader
from schema.administration import ApiKey, Member, Tenant
from schema.audit import AuditEntry
from usecases.administration import Administration


class AccessReads:
    """Within one operation, for one caller: what its tenant has, and the tenants of its account."""

    def __init__(self, store: Store, administration: Administration, caller: Principal) -> None:
        self._store = store
        self._administration = administration
        self._caller = caller
        self.key = Loader(self._keys).get
        self.member = Loader(self._members).get
        self.tenant = Loader(self._tenants).get
        self.entry = Loader(self._entries).get

    async def _keys(self, ids: Sequence[bytes]) -> Mapping[bytes, ApiKey]:
        rows = await self._store.read(q.KeysById((self._caller.tenant,), tuple(ids)))
        return {row.id: ApiKey.of(row) for row in rows}

    async def _members(self, ids: Sequence[bytes]) -> Mapping[bytes, Member]:
        rows = await self._store.read(q.MembersById((self._caller.tenant,), tuple(ids)))
        return {one.id: Member.of(one) for one in await self._administration.members.opened(rows)}

    async def _tenants(self, ids: Sequence[bytes]) -> Mapping[bytes, Tenant]:
        """Only what the caller's account has is asked for: another's tenant is as good as absent."""
        of_account = {row.id: row for row in await self._administration.lists.tenants(self._caller)}
        return {id_: Tenant.of(of_account[id_], self._caller) for id_ in ids if id_ in of_account}

    async def _entries(self, ids: Sequence[bytes]) -> Mapping[bytes, AuditEntry]:
        """By tenant and number."""
        own = {id_: int.from_bytes(id_[16:]) for id_ in ids if id_[:16] == self._caller.tenant}
        rows = await self._administration.audit_log.entries(self._caller, tuple(own.values())) if own else {}
        return {id_: AuditEntry.of(rows[seq]) for id_, seq in own.items() if seq in rows}
