"""No forged, odd, spent or foreign token gets in by any door, and no answer tells what was wrong with it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from engines.store.base import Store
from tests.identity_providers import ROLE_CLAIM
from tests.integration.forgeries import Forge, api_keys, publish_oddities
from tests.integration.sign_in_desk import Desk, open_desk
from tests.products import Product
from tests.simulators import Side

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)

ADMITTED = "admitted"
STREAM = "/api/v1/inbox/stream"
LONGEST_IN_A_URL = 6_000
TRACE = re.compile(r"[0-9a-f]{32}")
REFUSED_IN_HTTP = (401, "Bearer", "UNAUTHENTICATED", "the token is not accepted")
REFUSED_IN_REST = (
    401,
    'Bearer realm="carillon", error="invalid_token"',
    "UNAUTHENTICATED",
    "the token is not accepted",
)
REFUSED_ON_A_SOCKET = (4403, "the token is not accepted (trace …)")

SAID = {"code", "path", "retryable", "traceId", "documentation"}

Answer = tuple[object, ...] | str


async def by_graphql(product: Product, token: str) -> Answer:
    """What POST /graphql says."""
    answer = await product.http.post("/graphql", json={"query": "{ viewer { role } }"}, headers=bearer(token))
    if answer.status_code == 200:
        return ADMITTED
    [error] = answer.json()["errors"]
    assert set(error) <= {"message", "extensions"} and set(error["extensions"]) <= SAID
    challenge = answer.headers.get("www-authenticate")
    return answer.status_code, challenge, error["extensions"]["code"], error["message"]


async def by_rest(product: Product, token: str) -> Answer:
    """What a route of REST says; one that is forbidden to a caller knows the caller."""
    answer = await product.http.get("/api/v1/notifications", headers=bearer(token))
    if answer.status_code in (200, 403):
        return ADMITTED
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "retryable", "traceId", "errors"}
    return answer.status_code, answer.headers.get("www-authenticate"), body["code"], body["detail"]


async def by_ticket(product: Product, token: str) -> Answer:
    """What the live stream says where a ticket belongs."""
    headers = {"accept": "text/event-stream"}
    async with product.http.stream("GET", STREAM, params={"ticket": token}, headers=headers) as answer:
        if answer.status_code == 200:
            return ADMITTED
        await answer.aread()
        return answer.status_code, answer.json()["detail"]


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    """The header, with whatever bytes the token has: Latin-1, as servers read it, where that is enough."""
    try:
        raw = token.encode("latin-1")
    except UnicodeEncodeError:
        raw = token.encode(errors="surrogatepass")
    return [(b"authorization", b"Bearer " + raw)]


async def by_socket(product: Product, token: str) -> Answer:
    """What the greeting of a WebSocket says."""
    async with product.connected() as socket:
        await socket.say({"type": "connection_init", "payload": {"token": token}})
        with suppress(ConnectionClosed):
            return ADMITTED if (await socket.hear())["type"] == "connection_ack" else "?"
        return socket.opened.close_code, TRACE.sub("…", socket.opened.close_reason or "")


def fits_a_header(token: str) -> bool:
    """HTTP itself carries no control characters, and drops white space around a value (RFC 9110 section 5.5)."""
    return not any((ord(letter) < 0x20 and letter != "\t") or letter == "\x7f" for letter in token)


def fits_json(token: str) -> bool:
    """Whatever is Unicode text."""
    return not any("\ud800" <= letter <= "\udfff" for letter in token)


Door = tuple[Callable[[Product, str], Awaitable[Answer]], Callable[[str], bool], Answer]
DOORS: dict[str, Door] = {
    "graphql": (by_graphql, fits_a_header, REFUSED_IN_HTTP),
    "rest": (by_rest, fits_a_header, REFUSED_IN_REST),
    "socket": (by_socket, fits_json, REFUSED_ON_A_SOCKET),
}
"""How a token is shown there, which tokens can be, and the one answer to all that are refused."""


@pytest.fixture
async def desk(store: Store, side: Side, tmp_path: Path) -> AsyncIterator[Desk]:
    """Behind it a key has been retired, and the set holds keys that are not for us."""
    async with open_desk(store, tmp_path, side.port) as one:
        publish_oddities(one.provider)
        one.provider.keys["retired"] = {}
        retired = one.provider.token(one.provider.header(kid="retired"), kid="retired")
        assert await by_graphql(one.product, retired) == ADMITTED
        del one.provider.keys["retired"]
        one.wait(25 * 60)
        yield one


@pytest.mark.parametrize("door", DOORS)
async def test_no_forged_token_gets_in_and_none_learns_why(desk: Desk, door: str) -> None:
    show, fits, refusal = DOORS[door]
    keys = await api_keys(desk)
    browser = desk.product.browser(await desk.product.user("ada"))
    forge = Forge(desk, browser)
    forged = {**forge.everything(), **{f"key: {name}": key for name, key in keys.items()}}
    for genuine in (forge.good, browser, desk.product.admin):
        assert await show(desk.product, genuine) == ADMITTED

    shown = {name: token for name, token in forged.items() if fits(token)}
    wrong = {name: said for name, token in shown.items() if (said := await show(desk.product, token)) != refusal}

    assert wrong == {}
    assert len(set(shown.values())) >= 200
    for genuine in (forge.good, browser, desk.product.admin):
        assert await show(desk.product, genuine) == ADMITTED


async def test_no_token_passes_as_a_ticket(desk: Desk) -> None:
    browser = desk.product.browser(await desk.product.user("ada"))
    forge = Forge(desk, browser)
    forged = {**forge.everything(), "true": forge.good, "a browser's": browser, "an API key": desk.product.admin}
    fitting = {name: token for name, token in forged.items() if fits_json(token) and len(token) < LONGEST_IN_A_URL}

    said = {name: await by_ticket(desk.product, token) for name, token in fitting.items()}

    assert set(said.values()) == {(401, "the ticket is not accepted")}, said


@pytest.mark.parametrize("door", DOORS)
async def test_true_tokens_get_in_however_their_provider_writes_them(desk: Desk, door: str) -> None:
    show, _, _ = DOORS[door]
    provider, now_s = desk.provider, desk.provider.now_s
    desk.wait(0)
    header, claims, token = provider.header, provider.claims, provider.token
    true = {
        "an access token": token(),
        "no type": token(header(typ=None)),
        "JWT": token(header(typ="JWT")),
        "a type with its tree": token(header(typ="application/at+jwt")),
        "a certificate's thumbprint": token(header(x5t="abc", **{"x5t#S256": "abc"})),
        "a member of tomorrow": token(header(tomorrow=[1])),
        "for us alone, in a list": token(body=claims(aud=["carillon"])),
        "for us and others": token(body=claims(aud=["pager", "carillon"])),
        "no iat and no jti": token(body=claims(iat=None, jti=None)),
        "claims of other products": token(body=claims(scope="openid", groups=["a"] * 300, name="Ädä")),
        "expired within the skew": token(body=claims(iat=now_s - 600, exp=now_s - 59)),
        "iat within the skew": token(body=claims(iat=now_s + 60)),
        "nbf within the skew": token(body=claims(nbf=now_s + 60)),
        "for a month": token(body=claims(exp=now_s + 31 * 86_400)),
        "the longest subject": token(body=claims(sub="x" * 255)),
        "a subject with signs": token(body=claims(sub="auth0|5f7c'--;/../%00 <b>")),
        "a role in a list": token(body=claims(**{ROLE_CLAIM: ["openid", "viewer"]})),
        "another tenant's": desk.another.token(),
    }

    refused = {name: said for name, one in true.items() if (said := await show(desk.product, one)) != ADMITTED}
    assert refused == {}
