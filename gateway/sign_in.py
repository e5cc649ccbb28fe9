"""Lets in who signed in at the operator's own identity provider. Built by services; called by `gateway.auth`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from engines.store.base import Store
from engines.store.queries import Tenants
from gateway.external_token import ExternalIdentity, refused
from gateway.graphql.roster import Standing
from gateway.issuers import Issuers
from gateway.recent import Recent
from models.clock import Clock
from models.principal import Principal
from models.vocabulary import Role

MEMBERS_KEPT_S = 0.5
"""How old an answer of the member list may be; open sockets are checked with fresh ones twice a second."""
TENANTS_KEPT_S = 5.0
_ID_BYTES = 16

Pair = tuple[bytes, bytes]
"""(tenant, keyed hash of issuer and subject, as `usecases.identities` makes it)."""


class Member(msgspec.Struct, frozen=True):
    """A line of a tenant's list of members."""

    id: bytes
    role: Role
    name: str


class Members(Protocol):
    """The tenants' lists of members."""

    async def __call__(self, pairs: Sequence[Pair], /) -> Mapping[Pair, Member]:
        """Those of at most 1,000 identities that are on the list of that tenant now; removed ones are not.

        Raises:
            Unavailable: the store does not answer.
        """


class SignIn:
    """A token says who it is; its role claim, or else the tenant's list of members, says what they may do."""

    def __init__(self, issuers: Issuers, members: Members, store: Store, clock: Clock) -> None:
        self._issuers = issuers
        self._store = store
        self._clock = clock
        self._members = Recent(members, clock)
        self._tenants = Recent(self._read_tenants, clock)

    def recall(self, token: str) -> ExternalIdentity | None:
        """The identity behind a token that was verified before and still counts."""
        return self._issuers.recall(token)

    async def verify(self, token: str) -> ExternalIdentity:
        """The identity behind a token.

        Raises:
            Unauthenticated: it is not accepted; the message is for the operator.
            Unavailable: the issuer's keys cannot be had.
        """
        return await self._issuers.verify(token)

    async def admit(self, one: ExternalIdentity) -> Principal:
        """The caller.

        Raises:
            Unauthenticated: nobody on the tenant's list, or there is no such tenant.
            Unavailable: the store does not answer.
        """
        if one.role is not None:
            if await self._tenants.get(one.tenant, within_s=TENANTS_KEPT_S) is None:
                raise refused("its tenant is unknown")
            member = Member(one.blind[:_ID_BYTES], one.role, "")
        else:
            found = await self._members.get((one.tenant, one.blind), within_s=MEMBERS_KEPT_S)
            if found is None:
                raise refused("its subject is not on the tenant's list of members")
            member = found
        return Principal(one.tenant, member.id, member.role, member.name, one.expires_at_us, identity=one.blind)

    async def standings(self, principals: Sequence[Principal]) -> Sequence[Standing]:
        """How those whom `admit` gave stand now, in order, expiry apart; the list is read anew.

        Raises:
            Unavailable: the store does not answer.
        """
        listed = {_pair(one) for one in principals if not _has_role_by_claim(one)}
        tenants = {one.tenant for one in principals if _has_role_by_claim(one)}
        members = await self._members.get_many(listed, within_s=0)
        known = await self._tenants.get_many(tenants, within_s=TENANTS_KEPT_S)
        return [
            _valid(known[one.tenant] is not None if _has_role_by_claim(one) else _is_still(one, members[_pair(one)]))
            for one in principals
        ]

    async def _read_tenants(self, tenants: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {row.id: row.id for row in await self._store.read(Tenants(tuple(tenants)))}


def _pair(one: Principal) -> Pair:
    return one.tenant, one.identity or b""


def _has_role_by_claim(one: Principal) -> bool:
    return one.id == (one.identity or b"")[:_ID_BYTES]


def _is_still(one: Principal, member: Member | None) -> bool:
    """Another role is another caller: the socket is closed, and comes back as what it is now."""
    return member is not None and (member.id, member.role) == (one.id, one.role)


def _valid(stands: bool) -> Standing:
    return Standing.VALID if stands else Standing.REVOKED
