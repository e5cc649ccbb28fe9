"""Which keys of a published set are used: strong RSA keys that are meant for RS256 signatures, and nothing else."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.jwks import MOST_KEYS, read_keys, same_key
from tests.identity_providers import rsa_key
from tests.jwts import Json, b64, jwk_of

GOOD = rsa_key("good")
EC = {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))}


def read(*members: object) -> list[str]:
    return sorted(read_keys(json.dumps({"keys": [jwk_of(GOOD, kid="good"), *members]}).encode()))


def jwk(**more: object) -> Json:
    return {name: value for name, value in jwk_of(rsa_key("other"), kid="k", **more).items() if value is not None}


USED = {
    "nothing said": jwk(),
    "for signatures": jwk(use="sig", alg="RS256"),
    "to verify": jwk(key_ops=["verify"]),
    "with a certificate and a member of tomorrow": jwk(x5c=["…"], x5t="…", tomorrow={"a": [1]}),
    "3072 bits": {**jwk_of(rsa_key("longer", 3072), kid="k")},
    "with a leading zero": {**jwk(), "n": b64(b"\0" + rsa_key("other").public_key().public_numbers().n.to_bytes(256))},
    "with its private half, which is not looked at": jwk(d="AQAB"),
}
LEFT_OUT: dict[str, object] = {
    "to encrypt": jwk(use="enc"),
    "for another algorithm": jwk(alg="RS512"),
    "for PSS": jwk(alg="PS256"),
    "to sign only": jwk(key_ops=["sign"]),
    "for no operation": jwk(key_ops=[]),
    "no kid": {name: value for name, value in jwk().items() if name != "kid"},
    "an empty kid": {**jwk(), "kid": ""},
    "a kid of another type": {**jwk(), "kid": 1},
    "1024 bits": jwk_of(rsa.generate_private_key(65_537, 1024), kid="k"),
    "2047 bits": {**jwk(), "n": b64(((1 << 2046) + 1).to_bytes(256))},
    "16384 bits": {**jwk(), "n": b64(b"\x80" + bytes(2046) + b"\x01")},
    "an even modulus": {**jwk(), "n": b64(b"\x80" + bytes(255))},
    "exponent 1": {**jwk(), "e": b64(b"\x01")},
    "an even exponent": {**jwk(), "e": b64(b"\x01\x00\x00")},
    "a huge exponent": {**jwk(), "e": b64(b"\x01" + bytes(7) + b"\x01")},
    "plain base64": {**jwk(), "n": base64.b64encode(b"\xff" * 256).decode()},
    "an elliptic curve": {**EC, "kid": "k"},
    "a shared secret": {"kty": "oct", "k": "AAAA", "kid": "k", "alg": "HS256"},
    "no key at all": "k",
    "null": None,
    "a list": [],
}


@pytest.mark.parametrize("member", USED.values(), ids=USED.keys())
def test_a_key_for_rs256_is_used(member: Json) -> None:
    assert read(member) == ["good", "k"]


@pytest.mark.parametrize("member", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_every_other_key_is_left_out_and_spoils_nothing(member: object) -> None:
    assert read(member) == ["good"]


def test_two_keys_of_one_kid_are_both_left_out() -> None:
    assert read(jwk(), jwk_of(rsa_key("third"), kid="k")) == ["good"]
    assert read(jwk(), {**EC, "kid": "k"}) == ["good", "k"]
    assert read(jwk(), jwk(use="enc")) == ["good", "k"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":' + b"[" * 100_000,
        b'{"keys":["\xff"]}',
        b"\xef\xbb\xbf{}",
        b"<html>",
        json.dumps({"keys": [EC]}).encode(),
        json.dumps({"keys": [jwk_of(GOOD, kid="k"), jwk_of(GOOD, kid="k")]}).encode(),
        json.dumps({"keys": [jwk_of(GOOD, kid=f"{n}") for n in range(MOST_KEYS + 1)]}).encode(),
    ],
)
def test_a_set_without_a_key_for_us_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_keys(content)


def test_a_key_is_the_same_under_another_name_only_if_its_numbers_are() -> None:
    found = read_keys(json.dumps({"keys": [jwk_of(GOOD, kid="a"), jwk_of(GOOD, kid="b", use="sig"), jwk()]}).encode())

    assert same_key(found["a"], found["b"])
    assert not same_key(found["a"], found["k"])
