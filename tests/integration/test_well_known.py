"""Whoever wants to check our tokens finds the public keys, and never a private one."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import KeySet

from engines.secrets.base import SigningKeys
from gateway.tokens import BrowserTokens
from tests.jwts import public_pem
from tests.products import Product
from tests.simulators import DrivenClock

PUBLIC = {"kty", "kid", "use", "alg", "n", "e"}
ADDRESS = "/.well-known/jwks.json"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_our_tokens_can_be_checked_by_what_is_published(product: Product) -> None:
    answer = await product.http.get(ADDRESS)
    token = product.browser(await product.user("ada"))

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jwk-set+json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    opened = jws.deserialize_compact(token, KeySet.import_key_set(answer.json()), algorithms=["RS256"])
    assert json.loads(opened.payload or b"")["iss"] == "carillon"
    assert (await product.http.post(ADDRESS)).status_code == 405


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_nothing_private_is_published(product: Product) -> None:
    [published] = (await product.http.get(ADDRESS)).json()["keys"]

    assert set(published) == PUBLIC
    assert (published["use"], published["alg"]) == ("sig", "RS256")


def test_older_keys_whose_tokens_are_still_accepted_are_published_too() -> None:
    new, old = [rsa.generate_private_key(65_537, 2048) for _ in range(2)]
    pem = new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    keys = SigningKeys(kid="new", private_pem=pem, older={"old": public_pem(old)})

    published = BrowserTokens(keys, DrivenClock()).public_jwks()["keys"]

    assert [one["kid"] for one in published] == ["new", "old"]
    assert all(set(one) == PUBLIC for one in published)
