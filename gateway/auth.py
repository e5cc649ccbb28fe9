"""Who is behind a token, and whether they still may be. Built by services; called by every door."""

import asyncio
import hmac
from collections.abc import Mapping, Sequence

import msgspec

from engines.store.base import Store
from engines.store.queries import KeyRow, KeysById, RecipientRow, Recipients, Tenants
from errors import Unauthenticated
from gateway.graphql.roster import Standing
from gateway.recent import Recent
from gateway.sign_in import SignIn
from gateway.tokens import BrowserTokens, ParsedApiKey, parse_api_key
from models.clock import Clock
from models.principal import Principal
from models.vocabulary import Role

KEPT_S = 0.5
"""How old an answer of the store may be. Open sockets are checked with fresh ones twice a second, so that a revocation
takes effect everywhere within a second."""
PEOPLE_KEPT_S = 5.0
"""The same for the users behind open sockets: there are many, and hardly ever is one gone."""

_NEEDED = "a token is needed, an API key, a browser token or your identity provider's: Authorization: Bearer …"
_REFUSED = "the token is not accepted"

Pair = tuple[bytes, bytes]
"""(tenant, key or user)."""


class _KnownKey(msgspec.Struct, frozen=True):
    row: KeyRow
    kind: int
    """Of the tenant."""


class Authenticator:
    """Verifies API keys, browser tokens and identity providers' tokens. Never tells what was wrong with a token.

    Concurrent look-ups are read together, and answers are kept for half a second: also that there is no such key.

    Args:
        sign_in: judges identity providers' tokens; None where the operator has listed no provider.
    """

    def __init__(self, store: Store, tokens: BrowserTokens, clock: Clock, sign_in: SignIn | None = None) -> None:
        self._sign_in = sign_in
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._keys = Recent(self._read_keys, clock)
        self._people = Recent(self._read_people, clock)

    async def __call__(self, token: str | None) -> Principal:
        """The caller behind a bearer token.

        Raises:
            Unauthenticated: no token, or one that is forged, expired, revoked, or of nobody.
            Unavailable: the store does not answer.
        """
        if token is None:
            raise Unauthenticated(_NEEDED)
        key = parse_api_key(token)
        return await (self._holder(key) if key is not None else self._bearer(token))

    async def standings(self, principals: Sequence[Principal]) -> Sequence[Standing]:
        """How callers that were admitted stand now, in order; keys are read anew. Pass it to the endpoint.

        Raises:
            Unavailable: the store does not answer.
        """
        keys = {(one.tenant, one.id) for one in principals if one.user is None and one.identity is None}
        people = {(one.tenant, one.user) for one in principals if one.user is not None}
        members = [one for one in principals if one.identity is not None]
        known_keys, known_people, known_members = await asyncio.gather(
            self._keys.get_many(keys, within_s=0),
            self._people.get_many(people, within_s=PEOPLE_KEPT_S),
            self._members(members),
        )
        now_us = self._clock.now_us()
        return [_standing(one, known_keys, known_people, known_members, now_us) for one in principals]

    async def _holder(self, key: ParsedApiKey) -> Principal:
        known = await self._keys.get((key.tenant_id, key.key_id), within_s=KEPT_S)
        if known is None or not hmac.compare_digest(known.row.hash, key.hash) or known.kind != key.kind:
            raise Unauthenticated(_REFUSED)
        row = known.row
        if _key_standing(row, self._clock.now_us()) is not Standing.VALID or row.role == Role.END_USER:
            raise Unauthenticated(_REFUSED)
        return Principal(
            row.tenant, row.id, Role(row.role), row.name, row.expires_at, quota_per_minute=row.quota_per_minute
        )

    async def _bearer(self, token: str) -> Principal:
        if self._sign_in is None:
            return await self._browser(token)
        known = self._sign_in.recall(token)
        if known is None and self._tokens.claims_to_be_one(token):
            return await self._browser(token)
        try:
            return await self._sign_in.admit(known or await self._sign_in.verify(token))
        except Unauthenticated as error:
            raise Unauthenticated(_REFUSED) from error

    async def _browser(self, token: str) -> Principal:
        try:
            claims = self._tokens.verify(token)
        except Unauthenticated as error:
            raise Unauthenticated(_REFUSED) from error
        tenant, user = claims.tenant_id, claims.user_id
        if await self._people.get((tenant, user), within_s=KEPT_S) is None:
            raise Unauthenticated(_REFUSED)
        return Principal(tenant, user, Role.END_USER, "", claims.expires_at_us, user)

    async def _members(self, members: Sequence[Principal]) -> Mapping[Principal, Standing]:
        if self._sign_in is None or not members:
            return {}
        return dict(zip(members, await self._sign_in.standings(members), strict=True))

    async def _read_keys(self, pairs: Sequence[Pair]) -> Mapping[Pair, _KnownKey]:
        tenants = tuple({tenant for tenant, _ in pairs})
        rows, spaces = await asyncio.gather(
            self._store.read(KeysById(tenants, tuple([key for _, key in pairs]))),
            self._store.read(Tenants(tenants)),
        )
        kinds = {space.id: space.kind for space in spaces}
        return {(row.tenant, row.id): _KnownKey(row, kinds[row.tenant]) for row in rows if row.tenant in kinds}

    async def _read_people(self, pairs: Sequence[Pair]) -> Mapping[Pair, RecipientRow]:
        tenants = tuple({tenant for tenant, _ in pairs})
        rows = await self._store.read(Recipients(tenants, tuple([user for _, user in pairs])))
        return {(row.tenant, row.id): row for row in rows}


def _key_standing(row: KeyRow, now_us: int) -> Standing:
    if row.revoked_at is not None:
        return Standing.REVOKED
    return Standing.EXPIRED if row.expires_at is not None and row.expires_at <= now_us else Standing.VALID


def _standing(
    one: Principal,
    keys: Mapping[Pair, _KnownKey | None],
    people: Mapping[Pair, RecipientRow | None],
    members: Mapping[Principal, Standing],
    now_us: int,
) -> Standing:
    if one.expires_at is not None and one.expires_at <= now_us:
        return Standing.EXPIRED
    if one.identity is not None:
        return members.get(one, Standing.REVOKED)
    if one.user is not None:
        return Standing.VALID if people[one.tenant, one.user] is not None else Standing.REVOKED
    known = keys[one.tenant, one.id]
    return _key_standing(known.row, now_us) if known is not None else Standing.REVOKED
