"""JWTs put together by hand, true and false ones, with no library of ours on this side. For tests of both verifiers."""

import base64
import hmac
import json

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Json = dict[str, object]


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The public half as others may have it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_der(key: rsa.RSAPrivateKey) -> bytes:
    """The same, in binary."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def changed(good: Json, changes: Json) -> Json:
    """With None as the sign that a member is left out."""
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def segments(head: Json | bytes, body: Json | bytes) -> str:
    """What is signed."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, body)]
    return ".".join(map(b64, parts))


def rs256(signed: str, key: rsa.RSAPrivateKey, digest: HashAlgorithm | None = None) -> str:
    """Signed by RSASSA-PKCS1-v1_5, whatever the header says."""
    return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), digest or SHA256()))}"


def mac(signed: str, secret: bytes, digest: str = "sha256") -> str:
    """Signed by HMAC."""
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), digest))}"


def pss(signed: str, key: rsa.RSAPrivateKey) -> str:
    """Signed by RSASSA-PSS."""
    scheme = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
    return f"{signed}.{b64(key.sign(signed.encode(), scheme, SHA256()))}"


def es256(signed: str, key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """Signed by an elliptic curve's key, where none is given by one that nobody knows."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


def ed25519_token(signed: str) -> str:
    """Signed by an Ed25519 key that nobody knows."""
    return f"{signed}.{b64(ed25519.Ed25519PrivateKey.generate().sign(signed.encode()))}"


def jwk_of(key: rsa.RSAPrivateKey, **more: object) -> Json:
    """The public half as a JWK."""
    numbers = key.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return {"kty": "RSA", "n": b64(numbers.n.to_bytes(size)), "e": b64(numbers.e.to_bytes(3)), **more}
