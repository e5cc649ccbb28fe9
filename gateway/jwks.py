"""Reads another party's public keys out of a JWK set (RFC 7517). Called by `gateway.key_sets`."""

from collections import Counter
from collections.abc import Mapping

import msgspec
from joserfc.jwk import RSAKey

from gateway.compact import from_base64url

LEAST_BITS = 2_048
MOST_BITS = 8_192
"""Checking a signature costs more the longer the key is: a set must not make every check expensive."""
MOST_EXPONENT = 1 << 32
MOST_KEYS = 100
MOST_KID = 255

Keys = Mapping[str, RSAKey]
"""By kid."""


class _Set(msgspec.Struct):
    keys: list[msgspec.Raw]


class _Jwk(msgspec.Struct):
    kty: str
    kid: str
    n: str
    e: str
    use: str | None = None
    alg: str | None = None
    key_ops: list[str] | None = None


def read_keys(content: bytes) -> Keys:
    """The keys that may check RS256 signatures: RSA, 2,048 to 8,192 bits, with a kid, and meant for signatures.

    Keys of other kinds, weak ones, and those for other ends are left out, as RFC 7517 section 5 asks; so is every
    key whose kid is there twice, because nobody could say which is meant.

    Raises:
        ValueError: no JWK set, more than 100 keys, or none that can be used.
    """
    try:
        members = msgspec.json.decode(content, type=_Set).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError('expected a JWK set: {"keys": […]}') from error
    if len(members) > MOST_KEYS:
        raise ValueError(f"expected at most {MOST_KEYS} keys, got {len(members)}")
    usable = [found for member in members if (found := _jwk(member)) is not None and _checks_rs256(found)]
    named = Counter(one.kid for one in usable)
    keys = {one.kid: key for one in usable if named[one.kid] == 1 and (key := _key(one)) is not None}
    if not keys:
        raise ValueError(
            f"expected an RSA key of {LEAST_BITS} bits or more for RS256 signatures, with a kid of its own"
        )
    return keys


def same_key(one: RSAKey, other: RSAKey) -> bool:
    """Whether both are the same key, whatever they are called."""
    return one.thumbprint() == other.thumbprint()


def _jwk(member: msgspec.Raw) -> _Jwk | None:
    """None for what is no RSA key with a kid: its members are of no interest then."""
    try:
        return msgspec.json.decode(member, type=_Jwk)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _checks_rs256(one: _Jwk) -> bool:
    is_rsa = one.kty == "RSA" and 1 <= len(one.kid) <= MOST_KID
    is_for_us = one.use in (None, "sig") and one.alg in (None, "RS256")
    return is_rsa and is_for_us and (one.key_ops is None or "verify" in one.key_ops)


def _key(one: _Jwk) -> RSAKey | None:
    """Built from n and e alone: whatever else the set says about the key has no say from here on."""
    try:
        modulus, exponent = [int.from_bytes(from_base64url(text)) for text in (one.n, one.e)]
    except ValueError:
        return None
    is_strong = LEAST_BITS <= modulus.bit_length() <= MOST_BITS and modulus % 2 == 1
    # with an exponent of 1 every message signs itself
    if not is_strong or not 3 <= exponent < MOST_EXPONENT or exponent % 2 == 0:
        return None
    return RSAKey.import_key({"kty": "RSA", "n": one.n, "e": one.e})
