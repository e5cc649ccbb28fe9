"""Tokens that must not be accepted, built by hand from the key files: by a thief, or by somebody who is careless."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.e2e.product import Json


class Forge:
    """Begins with a genuine token and the genuine key, and changes one thing at a time."""

    def __init__(self, genuine: str, keys_folder: Path) -> None:
        head, claims, self._signature = genuine.split(".")
        self._genuine = genuine
        self._header, self._claims = _opened(head), _opened(claims)
        key = load_pem_private_key((keys_folder / "signing.pem").read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def tokens(self) -> dict[str, str]:
        """By what is wrong with each."""
        now_s = int(time.time())
        return {
            "no signature, alg none": f"{_written({**self._header, 'alg': 'none'})}.{_written(self._claims)}.",
            "HS256 with the public key": self._with_public_key_as_secret(),
            "another audience": self._signed(claims={"aud": "carillon-admin"}),
            "another issuer": self._signed(claims={"iss": "somebody"}),
            "expired": self._signed(claims={"iat": now_s - 100, "exp": now_s - 1}),
            "not valid yet": self._signed(claims={"iat": now_s + 600, "exp": now_s + 700}),
            "a lifetime of years": self._signed(claims={"exp": now_s + 10**8}),
            "an unknown kid": self._signed(header={"kid": "another"}),
            "no kid": self._signed(header={"kid": None}),
            "another typ": self._signed(header={"typ": "at+jwt"}),
            "another tenant": self._signed(claims={"tid": "ten_" + "0" * 25 + "g"}),
            "a user that nobody is": self._signed(claims={"sub": "usr_" + "0" * 25 + "g"}),
            "another user under the old signature": self._relabelled(),
            "a foreign key": self._signed(key=rsa.generate_private_key(65_537, 2048)),
            "no claims": f"{_written(self._header)}.{_written({})}.{self._signature}",
            "a signature cut short": self._genuine[:-8],
            "nothing but dots": "..",
            "very long": self._genuine + "A" * 8_000,
        }

    def genuine_again(self) -> str:
        """Signed anew without a change: it shows that the forge itself works."""
        return self._signed()

    def _signed(
        self, *, header: Json | None = None, claims: Json | None = None, key: rsa.RSAPrivateKey | None = None
    ) -> str:
        said = _said({**self._header, **(header or {})}, {**self._claims, **(claims or {})})
        return f"{said}.{_text((key or self._key).sign(said.encode(), padding.PKCS1v15(), SHA256()))}"

    def _with_public_key_as_secret(self) -> str:
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        said = _said({**self._header, "alg": "HS256"}, self._claims)
        return f"{said}.{_text(hmac.digest(public, said.encode(), hashlib.sha256))}"

    def _relabelled(self) -> str:
        sub: str = self._claims["sub"]
        other = {**self._claims, "sub": sub[:-2] + ("00" if sub[-2:] != "00" else "04")}
        return f"{_said(self._header, other)}.{self._signature}"


def _said(header: Json, claims: Json) -> str:
    return f"{_written(header)}.{_written(claims)}"


def _written(value: Json) -> str:
    return _text(json.dumps(value).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _opened(segment: str) -> Json:
    value: Json = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return value
