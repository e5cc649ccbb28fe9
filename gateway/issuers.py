"""Verifies RS256 JWTs of the identity providers that the operator has listed. Called by `gateway.sign_in`."""

import logging
from collections.abc import Callable, Sequence

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from errors import Unauthenticated
from gateway.external_token import ExternalIdentity, IssuerSettings, Token, identity_of, read_token, refused
from gateway.key_sets import KeySet
from gateway.verified import Verified
from models.clock import Clock

log = logging.getLogger(__name__)


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer with its keys."""

    settings: IssuerSettings
    keys: KeySet


class _Checked(msgspec.Struct, frozen=True):
    identity: ExternalIdentity
    keys: KeySet
    kid: str
    key: RSAKey


class Issuers:
    """Whatever a token says, its issuer's settings and keys alone decide. Belongs to one event loop.

    Args:
        trusted: their names differ.
        blind: of tenant, issuer and subject: 32 bytes by which that person is known from now on.
        cached_tokens: verified tokens remembered until they end or their key does, least recently used first out.
    """

    def __init__(
        self,
        trusted: Sequence[TrustedIssuer],
        blind: Callable[[bytes, str, str], bytes],
        clock: Clock,
        cached_tokens: int = 8_192,
    ) -> None:
        self._trusted = {one.settings.issuer: one for one in trusted}
        self._blind = blind
        self._clock = clock
        self._registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
        self._verified: Verified[_Checked] = Verified(cached_tokens)

    def recall(self, token: str) -> ExternalIdentity | None:
        """What `verify` found in this very token, if it still holds. Takes a few microseconds."""
        known = self._verified.get(token) if token.isascii() else None
        if known is None:
            return None
        if known.identity.expires_at_us <= self._clock.now_us() or not known.keys.counts(known.kid, known.key):
            self._verified.drop(token)
            return None
        return known.identity

    async def verify(self, token: str) -> ExternalIdentity:
        """For whom the token speaks. Clocks may differ by 60 s at its beginning and at its end.

        Raises:
            Unauthenticated: anything but a token of a listed issuer that counts now; the message says what is wrong.
            Unavailable: its issuer's keys were never had, or not for a day.
        """
        said = read_token(token)
        issuer = self._trusted.get(said.claims.iss)
        if issuer is None:
            raise refused("its iss is not listed")
        try:
            checked = await self._check(token, said, issuer)
        except Unauthenticated as error:
            log.debug("%s: %s", said.claims.iss, error)
            raise
        self._verified.put(token, checked)
        return checked.identity

    async def _check(self, token: str, said: Token, issuer: TrustedIssuer) -> _Checked:
        identity = identity_of(said, issuer.settings, self._clock.now_us() // 1_000_000)
        key = await issuer.keys.find(said.header.kid)
        if key is None:
            raise refused("its kid names no key of its issuer")
        try:
            jws.deserialize_compact(token, key, registry=self._registry)
        except (JoseError, ValueError) as error:
            raise refused("its signature is not its issuer's") from error
        blind = self._blind(identity.tenant, identity.issuer, identity.subject)
        return _Checked(msgspec.structs.replace(identity, blind=blind), issuer.keys, said.header.kid, key)
