"""A tenant's list of members: people who sign in elsewhere. Used by the use cases about members, and by sign-in."""

from collections.abc import Mapping, Sequence

from engines.secrets.sealer import Plain, Sealed, Sealer
from engines.store.base import Store
from engines.store.queries import MemberRow, MembersByIdentity, TenantRow, Tenants
from models.members import Member
from models.vocabulary import Role
from usecases.purposes import IDENTITY, MEMBER_NAME

Pair = tuple[bytes, bytes]
"""(tenant, keyed hash of issuer and subject, as `usecases.identities` makes it)."""


class MemberDirectory:
    """Finds members by who they are elsewhere, and opens what is sealed about them."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def __call__(self, pairs: Sequence[Pair]) -> Mapping[Pair, Member]:
        """Those of at most 1,000 identities that are on the list of that tenant now.

        Raises:
            Unavailable: the store does not answer.
        """
        tenants = tuple({tenant for tenant, _ in pairs})
        rows = await self._store.read(MembersByIdentity(tenants, tuple({identity for _, identity in pairs})))
        wanted = set(pairs)
        found = [row for row in rows if (row.tenant, row.identity_blind) in wanted]
        members = await self.opened(found)
        return {(row.tenant, row.identity_blind): one for row, one in zip(found, members, strict=True)}

    async def opened(self, rows: Sequence[MemberRow]) -> list[Member]:
        """In order."""
        tenants = await self._store.read(Tenants(tuple({row.tenant for row in rows}))) if rows else ()
        keys = {tenant.id: tenant.wrapped_key for tenant in tenants}
        identities = self._sealer.open_many(
            [Sealed(keys[row.tenant], row.tenant, IDENTITY, row.identity_sealed) for row in rows]
        )
        names = self._names(rows, keys)
        return [
            _member(row, identity.decode(), names.get(row.id, ""))
            for row, identity in zip(rows, identities, strict=True)
        ]

    def sealed(self, tenant: TenantRow, issuer: str, subject: str, name: str) -> tuple[bytes, bytes]:
        """Identity and name, ready for the store."""
        identity, sealed_name = self._sealer.seal_many(
            [
                Plain(tenant.wrapped_key, tenant.id, IDENTITY, f"{issuer}\n{subject}".encode()),
                Plain(tenant.wrapped_key, tenant.id, MEMBER_NAME, name.encode()),
            ]
        )
        return identity, sealed_name

    def sealed_name(self, tenant: TenantRow, name: str) -> bytes:
        """A name, ready for the store."""
        return self._sealer.seal(tenant.wrapped_key, tenant.id, MEMBER_NAME, name.encode())

    def _names(self, rows: Sequence[MemberRow], keys: Mapping[bytes, bytes]) -> dict[bytes, str]:
        sealed = [
            (row.id, Sealed(keys[row.tenant], row.tenant, MEMBER_NAME, row.name_sealed))
            for row in rows
            if row.name_sealed is not None
        ]
        names = self._sealer.open_many([one for _, one in sealed])
        return {id_: name.decode() for (id_, _), name in zip(sealed, names, strict=True)}


def _member(row: MemberRow, identity: str, name: str) -> Member:
    issuer, _, subject = identity.partition("\n")
    return Member(row.tenant, row.id, issuer, subject, name, Role(row.role), row.created_at, row.updated_at)
