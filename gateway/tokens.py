"""The credentials that callers carry, made for commands and read by `gateway.auth`: API keys and browser tokens."""

import base64
import binascii
import hashlib
import os
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from engines.secrets.base import SigningKeys
from errors import InvalidInput, Unauthenticated
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
MOST_TOKEN_BYTES = 4_096


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


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    alg: str | None = None
    typ: str | None = None
    kid: str | None = None


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
        self._header = {"alg": "RS256", "typ": TYPE, "kid": signing_keys.kid}
        self._private = RSAKey.import_key(signing_keys.private_pem)
        public = {signing_keys.kid: self._private.as_pem(private=False), **signing_keys.older}
        self._public = {kid: RSAKey.import_key(pem) for kid, pem in public.items()}
        self._registry = jws.JWSRegistry(algorithms=["RS256"])
        self._verified: OrderedDict[bytes, BrowserClaims] = OrderedDict()
        self._cached_tokens = cached_tokens

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
        return jws.serialize_compact(self._header, msgspec.json.encode(claims), self._private, registry=self._registry)

    def verify(self, token: str) -> BrowserClaims:
        """For whom the token speaks. Clocks may differ by 60 s at its beginning; its end is exact.

        Raises:
            Unauthenticated: anything but a token of ours that counts now; the message says what is wrong.
        """
        if len(token) > MOST_TOKEN_BYTES or not token.isascii():
            raise _refused(f"it is longer than {MOST_TOKEN_BYTES} bytes, or not ASCII")
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest) or self._verify(token)
        if claims.expires_at_us <= self._clock.now_us():
            self._verified.pop(digest, None)
            raise _refused("it has expired")
        self._remember(digest, claims)
        return claims

    def _remember(self, digest: bytes, claims: BrowserClaims) -> None:
        self._verified[digest] = claims
        self._verified.move_to_end(digest)
        if len(self._verified) > self._cached_tokens:
            self._verified.popitem(last=False)

    def _verify(self, token: str) -> BrowserClaims:
        if token.count(".") != 2:
            raise _refused("expected three parts: header.claims.signature")
        key = self._key_of(_header(token.partition(".")[0]))
        try:
            payload = jws.deserialize_compact(token, key, registry=self._registry).payload
        except (JoseError, ValueError) as error:
            raise _refused("its signature is not ours") from error
        return self._checked(_claims(payload))

    def _key_of(self, header: _Header) -> RSAKey:
        """Judged before joserfc sees the token, so that neither algorithm nor key is ever the caller's choice."""
        if header.alg != "RS256":
            raise _refused("it is not signed by RS256")
        if header.typ != TYPE:
            raise _refused(f"its typ is not {TYPE}")
        key = self._public.get(header.kid or "")
        if key is None:
            raise _refused("its kid names no key of ours")
        return key

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


def _header(segment: str) -> _Header:
    try:
        return msgspec.json.decode(_from_base64url(segment), type=_Header)
    except msgspec.ValidationError as error:
        raise _refused("its header may hold the texts alg, typ and kid, and nothing else") from error
    except ValueError as error:
        raise _refused("its header is not JSON in base64url") from error


def _claims(payload: bytes | None) -> _Claims:
    said = payload or b""
    # how deep a parser goes before it gives up differs between interpreters
    if said.count(b"[") + said.count(b"{") > _MOST_BRACKETS:
        raise _refused(_EXPECTED_CLAIMS)
    try:
        return msgspec.json.decode(said, type=_Claims)
    except (ValueError, RecursionError) as error:
        raise _refused(_EXPECTED_CLAIMS) from error


def _from_base64url(segment: str) -> bytes:
    """Strict: no padding, no line breaks, no stray bits (RFC 7515 section 2)."""
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != segment:
        raise binascii.Error("not canonical base64url")
    return raw


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"the browser token is not accepted: {reason}")
