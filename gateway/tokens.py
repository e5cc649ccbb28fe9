"""The credentials that callers carry, made for commands and read by `gateway.auth`: API keys and browser tokens."""

import hashlib
import os
import re
import zlib
from collections.abc import Callable

import msgspec

from engines.secrets.base import SigningKeys
from errors import InvalidInput, Unauthenticated
from gateway.signatures import MOST_TOKEN_BYTES, OwnSignatures
from gateway.verified import Verified
from models import ids
from models.clock import Clock
from models.vocabulary import TenantKind

_WORDS = {TenantKind.LIVE: "live", TenantKind.TEST: "test"}
_KINDS = {word: kind for kind, word in _WORDS.items()}
_MOST_BRACKETS = 64
_EXPECTED_CLAIMS = "expected the claims iss, aud, sub, tid, iat, exp and jti, each of its own type"
_SECRET_BYTES = 32
_PADDING_BITS = 6
_API_KEY = re.compile(f"(crl_(live|test))_([{ids.ALPHABET}]{{110}})")
# int(…, 32) knows the digits 0–v only; the pattern above keeps out what else it would take.
_DIGITS = str.maketrans(ids.ALPHABET, "0123456789abcdefghijklmnopqrstuv")

ISSUER = "carillon"
AUDIENCE = "carillon-inbox"
TYPE = "carillon-inbox+jwt"
"""Our own media type (RFC 8725 section 3.11): a token that these keys may one day sign for another end can never pass
as a browser token. RFC 9068's `at+jwt` would promise a `client_id` that we do not have."""
DEFAULT_LIFETIME_S = 900
LONGEST_LIFETIME_S = 86_400
SKEW_S = 60


class ApiKeyText(msgspec.Struct, frozen=True):
    """A new API key: `text` is shown once and never stored, `hash` is stored. Its own text form hides the key."""

    text: str
    hash: bytes

    def __repr__(self) -> str:
        return f"ApiKeyText({self.text[:9]}…)"


class ParsedApiKey(msgspec.Struct, frozen=True):
    """What a well-formed API key says about itself. Nothing of it is true until `hash` equals the stored one."""

    tenant_id: bytes
    key_id: bytes
    kind: TenantKind
    hash: bytes


def new_api_key(
    tenant_id: bytes, key_id: bytes, kind: TenantKind, entropy: Callable[[int], bytes] = os.urandom
) -> ApiKeyText:
    """An opaque API key of 119 characters.

    `crl_live_` or `crl_test_`, then in the base32 of ids: tenant id, key id, 32 random bytes, and the CRC-32 of all
    that comes before, by which a typing error, or a scanner for leaked keys, is told without asking the store.
    """
    prefix = f"crl_{_WORDS[kind]}"
    body = tenant_id + key_id + entropy(_SECRET_BYTES)
    text = ids.encode(prefix, body + _checksum(prefix, body))
    return ApiKeyText(text, hashlib.sha256(text.encode()).digest())


def parse_api_key(text: str) -> ParsedApiKey | None:
    """The parts of an API key, or None where the text cannot be one of ours."""
    found = _API_KEY.fullmatch(text)
    if found is None:
        return None
    number = int(found[3].translate(_DIGITS), 32)
    raw = (number >> _PADDING_BITS).to_bytes(68)
    if number & ((1 << _PADDING_BITS) - 1) or _checksum(found[1], raw[:64]) != raw[64:]:
        return None
    return ParsedApiKey(raw[:16], raw[16:32], _KINDS[found[2]], hashlib.sha256(text.encode()).digest())


def _checksum(prefix: str, body: bytes) -> bytes:
    return zlib.crc32(prefix.encode() + body).to_bytes(4)


class BrowserClaims(msgspec.Struct, frozen=True):
    """For whom a verified browser token speaks, and how long (microseconds since 1970 UTC)."""

    tenant_id: bytes
    user_id: bytes
    expires_at_us: int
    issued_at_us: int


class _Claims(msgspec.Struct, omit_defaults=True):
    iss: str
    aud: str
    sub: str
    tid: str
    iat: int
    exp: int
    jti: str
    nbf: int | None = None


class BrowserTokens:
    """Issues and verifies the tokens with which a browser speaks for one user: JWTs (RFC 7519) signed by RS256.

    Header: alg, typ, kid, and nothing else. Claims: iss, aud, sub (`usr_…`), tid (`ten_…`), iat, exp, jti. An
    instance belongs to one event loop.

    Args:
        entropy: n random bytes for `jti`.
        cached_tokens: verified tokens remembered by SHA-256 until they expire, least recently used first out.
    """

    def __init__(
        self,
        signing_keys: SigningKeys,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
        cached_tokens: int = 8_192,
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self.signatures = OwnSignatures(signing_keys)
        self._verified: Verified[BrowserClaims] = Verified(cached_tokens)

    def issue(self, tenant_id: bytes, user_id: bytes, lifetime_s: int = DEFAULT_LIFETIME_S) -> str:
        """A token that counts from now, cut to the second. Costs an RSA signature, about 1 ms.

        Raises:
            InvalidInput: a lifetime outside 1 s to 24 h.
        """
        if not 1 <= lifetime_s <= LONGEST_LIFETIME_S:
            raise InvalidInput(f"expected a lifetime from 1 to {LONGEST_LIFETIME_S} seconds, got {lifetime_s}")
        issued_at_s = self._clock.now_us() // 1_000_000
        claims = _Claims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=ids.encode(ids.USER, user_id),
            tid=ids.encode(ids.TENANT, tenant_id),
            iat=issued_at_s,
            exp=issued_at_s + lifetime_s,
            jti=self._entropy(16).hex(),
        )
        return self.signatures.sign(TYPE, msgspec.json.encode(claims))

    def verify(self, token: str) -> BrowserClaims:
        """For whom the token speaks. Clocks may differ by 60 s at its beginning; its end is exact.

        Raises:
            Unauthenticated: anything but a token of ours that counts now; the message says what is wrong.
        """
        if len(token) > MOST_TOKEN_BYTES or not token.isascii():
            raise _refused(f"it is longer than {MOST_TOKEN_BYTES} bytes, or not ASCII")
        known = self._verified.get(token)
        claims = known or self._verify(token)
        if claims.expires_at_us <= self._clock.now_us():
            self._verified.drop(token)
            raise _refused("it has expired")
        if known is None:
            self._verified.put(token, claims)
        return claims

    def claims_to_be_one(self, token: str) -> bool:
        """Whether its header says that it is a browser token, so that nobody else needs to be asked about it."""
        return self.signatures.claims_to_be(TYPE, token)

    def public_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The keys by which these tokens can be checked, as a JWK set (RFC 7517): public members only."""
        return self.signatures.public_jwks()

    def _verify(self, token: str) -> BrowserClaims:
        try:
            payload = self.signatures.open(TYPE, token)
        except Unauthenticated as error:
            raise _refused(error.message) from error
        return self._checked(_claims(payload))

    def _checked(self, claims: _Claims) -> BrowserClaims:
        reason = _fault(claims, self._clock.now_us() // 1_000_000)
        if reason:
            raise _refused(reason)
        tenant_id, user_id = ids.try_decode(ids.TENANT, claims.tid), ids.try_decode(ids.USER, claims.sub)
        if tenant_id is None or user_id is None:
            raise _refused("its sub is not a user id, or its tid not a tenant id")
        return BrowserClaims(tenant_id, user_id, claims.exp * 1_000_000, claims.iat * 1_000_000)


def _fault(claims: _Claims, now_s: int) -> str | None:
    """The first reason against well-formed claims, if there is one."""
    begins_s = max(claims.iat, claims.nbf or 0)
    faults = (
        (claims.iss != ISSUER, f"its iss is not {ISSUER}"),
        (claims.aud != AUDIENCE, f"its aud is not {AUDIENCE}"),
        (not claims.jti, "its jti is empty"),
        (not 1 <= claims.exp - claims.iat <= LONGEST_LIFETIME_S, "its lifetime is not from 1 s to 24 h"),
        (begins_s > now_s + SKEW_S, "it is not valid yet"),
    )
    return next((reason for wrong, reason in faults if wrong), None)


def _claims(said: bytes) -> _Claims:
    # how deep a parser goes before it gives up differs between interpreters
    if said.count(b"[") + said.count(b"{") > _MOST_BRACKETS:
        raise _refused(_EXPECTED_CLAIMS)
    try:
        return msgspec.json.decode(said, type=_Claims)
    except (ValueError, RecursionError) as error:
        raise _refused(_EXPECTED_CLAIMS) from error


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"the browser token is not accepted: {reason}")
