"""Signs what our own tokens say, and opens them again: compact JWS (RFC 7515) by RS256. Used by each kind of token."""

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from engines.secrets.base import SigningKeys
from errors import Unauthenticated
from gateway.compact import from_base64url

MOST_TOKEN_BYTES = 4_096


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    alg: str | None = None
    typ: str | None = None
    kid: str | None = None


class OwnSignatures:
    """Each kind of token has a `typ` of its own (RFC 8725 section 3.11), so that none passes as another."""

    def __init__(self, signing_keys: SigningKeys) -> None:
        self._kid = signing_keys.kid
        self._private = RSAKey.import_key(signing_keys.private_pem)
        public = {signing_keys.kid: self._private.as_pem(private=False), **signing_keys.older}
        self._public = {kid: RSAKey.import_key(pem) for kid, pem in public.items()}
        self._registry = jws.JWSRegistry(algorithms=["RS256"])

    def sign(self, typ: str, payload: bytes) -> str:
        """A token. Costs an RSA signature, about 1 ms."""
        header = {"alg": "RS256", "typ": typ, "kid": self._kid}
        return jws.serialize_compact(header, payload, self._private, registry=self._registry)

    def open(self, typ: str, token: str) -> bytes:
        """What a token of this kind says; whether it still counts is not looked at.

        Raises:
            Unauthenticated: no such token of ours; the message is what is wrong with it.
        """
        if token.count(".") != 2:
            raise Unauthenticated("expected three parts: header.claims.signature")
        key = self._key_of(_header(token), typ)
        try:
            return jws.deserialize_compact(token, key, registry=self._registry).payload or b""
        except (JoseError, ValueError) as error:
            raise Unauthenticated("its signature is not ours") from error

    def claims_to_be(self, typ: str, token: str) -> bool:
        """Whether its header, which anybody can write, says that it is of this kind."""
        try:
            return len(token) <= MOST_TOKEN_BYTES and _header(token).typ == typ
        except Unauthenticated:
            return False

    def public_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The keys by which our tokens can be checked, as a JWK set (RFC 7517): public members only."""
        return {"keys": [_public_jwk(kid, key) for kid, key in self._public.items()]}

    def _key_of(self, header: _Header, typ: str) -> RSAKey:
        """Judged before joserfc sees the token, so that neither algorithm nor key is ever the caller's choice."""
        if header.alg != "RS256":
            raise Unauthenticated("it is not signed by RS256")
        if header.typ != typ:
            raise Unauthenticated(f"its typ is not {typ}")
        key = self._public.get(header.kid or "")
        if key is None:
            raise Unauthenticated("its kid names no key of ours")
        return key


def _header(token: str) -> _Header:
    try:
        return msgspec.json.decode(from_base64url(token.partition(".")[0]), type=_Header)
    except msgspec.ValidationError as error:
        raise Unauthenticated("its header may hold the texts alg, typ and kid, and nothing else") from error
    except ValueError as error:
        raise Unauthenticated("its header is not JSON in base64url") from error


def _public_jwk(kid: str, key: RSAKey) -> dict[str, str]:
    """Named one by one, so that a private member can never slip in (RFC 7518 section 6.3.1)."""
    numbers = key.as_dict(private=False)
    return {"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": str(numbers["n"]), "e": str(numbers["e"])}
