"""Who gets in: API keys and browser tokens as the store knows them, at the door and while a socket stays open."""

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest

from engines.secrets.file import FileSecrets
from engines.store import operations as op
from engines.store.base import Store
from errors import EngineUnavailable, Unauthenticated
from gateway import recent
from gateway.auth import Authenticator
from gateway.graphql.roster import Standing
from gateway.tokens import BrowserTokens, new_api_key, parse_api_key
from models.ids import Ids
from models.principal import Principal
from models.vocabulary import Role, TenantKind
from tests.products import Product
from tests.simulators import DrivenClock
from tests.stores import Watch

VIEWER = {"query": "{ viewer { role } }"}


class Door:
    """An authenticator with a tenant, and what makes tokens for it."""

    def __init__(self, store: Store, tokens: BrowserTokens, clock: DrivenClock) -> None:
        self.store = store
        self.tokens = tokens
        self.clock = clock
        self.ids = Ids(clock.now_us)
        self.authenticate = Authenticator(store, tokens, clock)
        self.tenant = self.ids.new()

    async def make_tenant(self, tenant: bytes, kind: TenantKind) -> None:
        await self.store.write(op.PutTenant(tenant, self.ids.new(), "acme", "acme", kind, b"wrapped", 1))

    async def key(self, role: Role = Role.DEVELOPER, expires_at: int | None = None) -> str:
        id_ = self.ids.new()
        key = new_api_key(self.tenant, id_, TenantKind.LIVE)
        await self.store.write(op.PutKey(self.tenant, id_, key.hash, "ci", role, 1, expires_at))
        return key.text

    async def user(self) -> bytes:
        id_ = self.ids.new()
        row = op.UserRow(id_, id_ + id_, b"sealed", b"key", None, None, None, ())
        await self.store.write(op.UpsertUsers(self.tenant, (row,), 1))
        return id_

    async def revoke(self, key: str) -> None:
        parsed = parse_api_key(key)
        assert parsed is not None
        await self.store.write(op.RevokeKey(parsed.tenant_id, parsed.key_id, self.clock.now_us()))

    async def admits(self, token: str | None) -> bool:
        try:
            await self.authenticate(token)
        except Unauthenticated:
            return False
        return True

    def wait(self, seconds: float) -> None:
        self.clock.us += round(seconds * 1_000_000)


@pytest.fixture
async def door(store: Store, tmp_path: Path) -> Door:
    clock = DrivenClock()
    secrets = FileSecrets(tmp_path / "keys")
    await secrets.open(create=True)
    door = Door(store, BrowserTokens(secrets.signing_keys(), clock), clock)
    await door.make_tenant(door.tenant, TenantKind.LIVE)
    return door


async def test_a_key_and_a_browser_token_say_who_calls(door: Door) -> None:
    user = await door.user()

    by_key = await door.authenticate(await door.key(Role.VIEWER))
    by_browser = await door.authenticate(door.tokens.issue(door.tenant, user, 60))

    assert (by_key.tenant, by_key.role, by_key.name, by_key.user) == (door.tenant, Role.VIEWER, "ci", None)
    expires_at = door.clock.us + 60_000_000
    assert by_browser == Principal(door.tenant, user, Role.END_USER, "", expires_at, user)


async def test_nobody_else_gets_in_and_all_hear_the_same(door: Door) -> None:
    good = await door.key()
    parsed = parse_api_key(good)
    assert parsed is not None
    stranger, other = door.ids.new(), door.ids.new()
    await door.make_tenant(other, TenantKind.TEST)
    refused = {
        "another secret": new_api_key(door.tenant, parsed.key_id, TenantKind.LIVE).text,
        "an unknown key": new_api_key(door.tenant, door.ids.new(), TenantKind.LIVE).text,
        "a key moved to another tenant": new_api_key(other, parsed.key_id, TenantKind.TEST).text,
        "an unknown tenant": new_api_key(stranger, parsed.key_id, TenantKind.LIVE).text,
        "a typing error": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "another kind": good.replace("crl_live", "crl_test"),
        "a user who is not there": door.tokens.issue(door.tenant, door.ids.new()),
        "a user of another tenant": door.tokens.issue(other, await door.user()),
        "nothing": "",
        "something": "Bearer",
        "far too much": "x" * 100_000,
        "no ASCII": "crl_live_ä",
    }
    messages = set()
    for token in refused.values():
        with pytest.raises(Unauthenticated) as refusal:
            await door.authenticate(token)
        messages.add(refusal.value.message)

    assert messages == {"the token is not accepted"} and await door.admits(good)
    assert not await door.admits(None)


async def test_a_key_of_another_kind_than_its_tenant_is_refused(door: Door) -> None:
    id_ = door.ids.new()
    key = new_api_key(door.tenant, id_, TenantKind.TEST)
    await door.store.write(op.PutKey(door.tenant, id_, key.hash, "ci", Role.ADMIN, 1))

    assert not await door.admits(key.text)


async def test_forged_browser_tokens_are_refused_at_the_door(product: Product) -> None:
    token = product.browser(await product.user("ada"))
    header, payload, signature = token.split(".")
    claims = json.loads(_decoded(payload))
    known = json.loads(_decoded(header))
    elsewhere = _encoded({**claims, "aud": "carillon-admin"})
    public = b"-----BEGIN PUBLIC KEY-----"
    forged = [
        f"{_encoded({**known, 'alg': 'none'})}.{payload}.",
        _signed_by_hmac({**known, "alg": "HS256"}, payload, public),
        f"{_encoded({**known, 'kid': 'theirs'})}.{payload}.{signature}",
        f"{header}.{elsewhere}.{signature}",
        f"{header}.{_encoded({**claims, 'exp': claims['exp'] + 3600})}.{signature}",
        token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"),
    ]

    assert (await product.post(VIEWER, token)).json() == {"data": {"viewer": {"role": "END_USER"}}}
    for one in forged:
        answer = await product.post(VIEWER, one)
        [error] = answer.json()["errors"]
        assert answer.status_code == 401 and error["message"] == "the token is not accepted", one
        assert error["extensions"]["code"] == "UNAUTHENTICATED" and answer.headers["www-authenticate"] == "Bearer"
    assert (await product.post(VIEWER, None)).status_code == 401


async def test_tokens_end_on_time(door: Door) -> None:
    key = await door.key(expires_at=door.clock.us + 10_000_000)
    token = door.tokens.issue(door.tenant, await door.user(), 10)
    callers = [await door.authenticate(one) for one in (key, token)]

    assert await door.authenticate.standings(callers) == [Standing.VALID] * 2
    door.wait(10)
    assert [await door.admits(one) for one in (key, token)] == [False, False]
    assert await door.authenticate.standings(callers) == [Standing.EXPIRED] * 2


async def test_a_revocation_takes_effect_within_half_a_second_and_at_once_on_sockets(door: Door) -> None:
    key = await door.key()
    caller = await door.authenticate(key)
    await door.revoke(key)

    door.wait(0.5)
    assert not await door.admits(key)
    assert await door.authenticate.standings([caller]) == [Standing.REVOKED]


async def test_a_fresh_answer_is_used_again_and_an_unknown_key_too(door: Door, watch: Watch) -> None:
    key, unknown = await door.key(), new_api_key(door.tenant, door.ids.new(), TenantKind.LIVE).text
    await door.admits(key)
    await door.admits(unknown)
    watch.statements.clear()

    assert [await door.admits(one) for one in (key, unknown, key, unknown)] == [True, False, True, False]
    assert watch.statements == []
    door.wait(0.5)
    assert await door.admits(key)
    assert watch.statements != []


async def test_many_callers_at_once_are_looked_up_together(door: Door, watch: Watch) -> None:
    keys = [await door.key() for _ in range(300)]
    guesses = [new_api_key(door.tenant, door.ids.new(), TenantKind.LIVE).text for _ in range(900)]
    watch.statements.clear()

    admitted = await asyncio.gather(*[door.admits(one) for one in [*keys, *guesses, *keys]])

    assert admitted == [True] * 300 + [False] * 900 + [True] * 300
    assert len([one for one in watch.statements if one.startswith("SELECT") and "set_config" not in one]) <= 6
    callers = [await door.authenticate(one) for one in keys]
    assert await door.authenticate.standings(callers) == [Standing.VALID] * 300


async def test_one_who_goes_away_takes_no_answer_along(door: Door) -> None:
    key = await door.key()
    first, second = [asyncio.create_task(door.admits(key)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()

    assert await second


async def test_guessing_fills_no_memory(door: Door) -> None:
    async def nothing(keys: object) -> dict[int, int]:
        return {}

    answers = recent.Recent(nothing, door.clock)
    for start in range(0, 30_000, 10_000):
        await answers.get_many(range(start, start + 10_000), within_s=0.5)

    assert len(answers) == recent.MOST_KEPT


async def test_when_the_store_does_not_answer_nobody_is_taken_for_a_stranger(door: Door) -> None:
    calls = 0

    async def down(keys: object) -> dict[int, int]:
        nonlocal calls
        calls += 1
        raise EngineUnavailable("the store does not answer")

    answers = recent.Recent(down, door.clock)
    for _ in range(2):
        with pytest.raises(EngineUnavailable):
            await answers.get(1, within_s=0.5)
    assert calls == 2


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signed_by_hmac(header: dict[str, str], payload: str, key: bytes) -> str:
    head = f"{_encoded(header)}.{payload}"
    signature = hmac.new(key, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
