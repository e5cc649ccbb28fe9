"""People sign in with the operator's own identity provider: role by claim or by list, rotation, absence, revocation."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from engines.store.base import Store
from errors import Unauthenticated
from gateway.auth import Authenticator
from gateway.external_token import IssuerSettings
from gateway.graphql.roster import Standing
from gateway.issuers import Issuers, TrustedIssuer
from gateway.key_sets import FROM_FILE, FileSource, KeySet
from gateway.sign_in import Member, Pair, SignIn
from models import ids
from models.vocabulary import Role
from services.access import FIRST_TENANT
from tests.identity_providers import AUDIENCE, ROLE_CLAIM
from tests.integration.sign_in_desk import OTHER_TENANT, Desk, open_desk
from tests.jwts import Json
from tests.products import SEND
from tests.simulators import Side
from usecases.identities import blind_identities

VIEWER = "{ viewer { role name } }"
MINUTE_S = 60.0


@pytest.fixture
async def desk(store: Store, side: Side, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(store, tmp_path, side.port) as one:
        yield one


async def role(desk: Desk, token: str) -> str | None:
    """What the product takes the caller for; None where it refuses."""
    answer = await desk.product.post({"query": VIEWER}, token)
    assert answer.status_code in (200, 401), answer.text
    return answer.json()["data"]["viewer"]["role"] if answer.status_code == 200 else None


@pytest.mark.parametrize("name", ["admin", "developer", "viewer", "service_account"])
async def test_the_role_claim_says_what_the_caller_may(desk: Desk, name: str) -> None:
    token = desk.provider.token(body=desk.provider.claims(**{ROLE_CLAIM: name}))

    assert await role(desk, token) == name.upper()
    sent = await desk.product.data(
        SEND, token, input={"to": {"email": "ada@example.test"}, "message": {"content": {"body": "x"}}}
    )
    assert (sent["sendNotification"]["__typename"] == "Forbidden") == (name == "viewer")


CLAIMED: dict[str, tuple[object, str | None]] = {
    "a list with one of ours": (["openid", "viewer", "pager/admin"], "VIEWER"),
    "a list with two of ours": (["admin", "viewer"], None),
    "a list with none of ours": (["openid"], None),
    "an empty list": ([], None),
    "nothing": (None, None),
    "another word": ("root", None),
    "other letters": ("Admin", None),
    "the role of browsers": ("end_user", None),
    "a number": (1, None),
    "an object": ({"admin": True}, None),
    "a list in a list": ([["admin"]], None),
}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_role_is_never_guessed(desk: Desk) -> None:
    for name, (said, expected) in CLAIMED.items():
        token = desk.provider.token(body=desk.provider.claims(**{ROLE_CLAIM: said}))
        assert await role(desk, token) == expected, name


async def test_an_issuer_speaks_for_its_own_tenant_alone(desk: Desk) -> None:
    token = desk.another.token(body=desk.another.claims(tenant=ids.encode(ids.TENANT, FIRST_TENANT)))
    assert await role(desk, token) == "DEVELOPER"
    id_ = await desk.product.send({"email": "ada@example.test"})
    query = "query ($id: ID!) { notification(id: $id) { id } }"

    assert (await desk.product.data(query, token, id=id_))["notification"] is None
    assert (await desk.product.data(query, desk.provider.token(), id=id_))["notification"] is not None


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_an_issuer_of_many_tenants_names_one_that_there_is(store: Store, side: Side, tmp_path: Path) -> None:
    said: Mapping[str, object] = {
        "first": ids.encode(ids.TENANT, FIRST_TENANT),
        "other": ids.encode(ids.TENANT, OTHER_TENANT),
        "unknown": ids.encode(ids.TENANT, bytes(16)),
        "a user": ids.encode(ids.USER, FIRST_TENANT),
        "a list": [ids.encode(ids.TENANT, FIRST_TENANT)],
        "none": None,
    }
    async with open_desk(store, tmp_path, side.port, tenant=None, tenant_claim="org") as desk:
        tokens = {name: desk.provider.token(body=desk.provider.claims(org=org)) for name, org in said.items()}

        assert {name for name, token in tokens.items() if await role(desk, token)} == {"first", "other"}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_named_type_is_asked_for(store: Store, side: Side, tmp_path: Path) -> None:
    types = (None, "JWT", "at+jwt", "AT+JWT", "application/at+jwt", "carillon+jwt", "Application/Carillon+JWT", "")
    async with open_desk(store, tmp_path, side.port) as desk:
        tokens = [desk.provider.token(desk.provider.header(typ=one)) for one in types]
        assert [await role(desk, one) is not None for one in tokens] == [True] * 5 + [False] * 3
    async with open_desk(store, tmp_path, side.port, token_type="carillon+jwt") as desk:
        tokens = [desk.provider.token(desk.provider.header(typ=one)) for one in types]
        assert [await role(desk, one) is not None for one in tokens] == [False] * 5 + [True, True, False]


async def test_keys_rotate_without_a_restart(desk: Desk) -> None:
    old = desk.provider.token()
    assert await role(desk, old)
    desk.provider.keys["second"] = {}
    desk.provider.kid = "second"
    desk.wait(31)
    new = desk.provider.token()

    assert await role(desk, new) and await role(desk, old)
    desk.provider.keys.pop("first")
    desk.wait(21 * MINUTE_S)
    late = desk.provider.claims()
    assert await role(desk, desk.provider.token(body=late))
    assert not await role(desk, desk.provider.token(desk.provider.header(kid="first"), late, kid="first"))


async def test_a_remembered_token_ends_with_its_key(desk: Desk) -> None:
    token = desk.provider.token(body=desk.provider.claims(exp=desk.provider.now_s + 86_400))
    assert await role(desk, token)
    desk.provider.keys = {"second": {}}
    desk.wait(21 * MINUTE_S)

    assert not await role(desk, token)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_remembered_token_ends_on_time(desk: Desk) -> None:
    token = desk.provider.token()
    assert await role(desk, token)
    desk.wait(659)
    assert await role(desk, token)

    desk.wait(1)
    assert not await role(desk, token)


async def test_made_up_kids_do_not_reach_the_issuer(desk: Desk) -> None:
    genuine = desk.provider.token()
    assert await role(desk, genuine)
    made_up = [desk.provider.token(desk.provider.header(kid=f"made up {n}")) for n in range(40)]

    assert not any(await asyncio.gather(*[role(desk, one) for one in made_up]))
    assert desk.server.asked == 1
    desk.wait(31)
    assert not any(await asyncio.gather(*[role(desk, one) for one in made_up]))
    assert desk.server.asked == 2


async def test_nothing_else_of_a_token_has_the_issuer_asked(desk: Desk) -> None:
    claims = desk.provider.claims
    for body in (claims(aud="x"), claims(exp=1), claims(iss="x"), claims(sub="")):
        assert not await role(desk, desk.provider.token(desk.provider.header(kid="made up"), body))

    assert desk.server.asked == 0


async def test_while_the_issuer_is_away_its_tokens_count_for_a_day(desk: Desk) -> None:
    assert await role(desk, desk.provider.token())
    desk.server.status = "503 Service Unavailable"
    desk.wait(23 * 60 * MINUTE_S)
    assert await role(desk, desk.provider.token())

    desk.wait(2 * 60 * MINUTE_S)
    answer = await desk.product.post({"query": VIEWER}, desk.provider.token())
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "30"
    assert await role(desk, desk.another.token())


async def test_a_socket_ends_with_its_token(desk: Desk) -> None:
    token = desk.provider.token(body=desk.provider.claims(exp=desk.provider.now_s + 10))
    async with desk.product.socket(token) as socket:
        desk.wait(70.5)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.hear()

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


class Roll:
    """Lists of members that the test writes."""

    def __init__(self) -> None:
        self.listed: dict[Pair, Member] = {}
        self.asked = 0

    async def __call__(self, pairs: Sequence[Pair]) -> Mapping[Pair, Member]:
        self.asked += 1
        return {pair: self.listed[pair] for pair in pairs if pair in self.listed}


class ByList:
    """An authenticator whose provider names no roles."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        base = desk.product.base
        (folder / "jwks.json").write_bytes(desk.provider.jwks())
        settings = IssuerSettings(
            issuer=desk.provider.issuer, audience=AUDIENCE, tenant=FIRST_TENANT, role_claim="roles"
        )
        keys = KeySet("id", FileSource(folder / "jwks.json"), FROM_FILE, base.clock, lambda: 0.5)
        issuers = Issuers(
            [TrustedIssuer(settings, keys)],
            lambda tenant, *who: blind_identities(base.sealer, tenant, [who])[0],
            base.clock,
        )
        self.roll = Roll()
        self.sealer = base.sealer
        sign_in = SignIn(issuers, self.roll, base.store, base.clock)
        self.authenticate = Authenticator(base.store, base.tokens, base.clock, sign_in)
        self.claims = desk.provider.claims

    def put(self, subject: str, role: Role, tenant: bytes = FIRST_TENANT, issuer: str = "https://id.example") -> None:
        [blind] = blind_identities(self.sealer, tenant, [(issuer, subject)])
        self.roll.listed[tenant, blind] = Member(b"m" * 16, role, "Ada")


@pytest.fixture
def by_list(desk: Desk, tmp_path: Path) -> ByList:
    return ByList(desk, tmp_path)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_without_a_role_claim_the_list_of_members_decides(desk: Desk, by_list: ByList) -> None:
    token = desk.provider.token()
    by_list.put("ada", Role.ADMIN, tenant=OTHER_TENANT)
    by_list.put("ada", Role.ADMIN, issuer="https://id.another.example")
    by_list.put("grace", Role.ADMIN)
    with pytest.raises(Unauthenticated, match="the token is not accepted"):
        await by_list.authenticate(token)

    by_list.put("ada", Role.VIEWER)
    desk.wait(0.5)
    caller = await by_list.authenticate(token)
    assert (caller.tenant, caller.id, caller.role, caller.name) == (FIRST_TENANT, b"m" * 16, Role.VIEWER, "Ada")
    assert caller.expires_at == (desk.provider.now_s + 660) * 1_000_000 and caller.user is None


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_who_is_taken_off_the_list_is_out_within_half_a_second(desk: Desk, by_list: ByList) -> None:
    by_list.put("ada", Role.DEVELOPER)
    caller = await by_list.authenticate(desk.provider.token())
    assert await by_list.authenticate.standings([caller]) == [Standing.VALID]

    by_list.put("ada", Role.VIEWER)
    assert await by_list.authenticate.standings([caller]) == [Standing.REVOKED]
    by_list.roll.listed.clear()
    assert await by_list.authenticate.standings([caller]) == [Standing.REVOKED]
    desk.wait(0.5)
    with pytest.raises(Unauthenticated):
        await by_list.authenticate(desk.provider.token())


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_claimed_role_asks_no_list_and_gives_the_same_id_each_time(desk: Desk, by_list: ByList) -> None:
    tokens = [desk.provider.token(body=by_list.claims(jti=jti, roles="admin")) for jti in "12"]
    first, second = [await by_list.authenticate(token) for token in tokens]
    someone = await by_list.authenticate(desk.provider.token(body=by_list.claims(sub="eve", roles="admin")))

    assert (first.id, first.role) == (second.id, Role.ADMIN) and len(first.id) == 16
    assert someone.id != first.id
    assert await by_list.authenticate.standings([first, someone]) == [Standing.VALID] * 2
    assert by_list.roll.asked == 0


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_callers_of_every_kind_are_checked_together(desk: Desk, by_list: ByList) -> None:
    user = await desk.product.user("ada")
    by_list.put("ada", Role.DEVELOPER)
    bodies: list[Json] = [by_list.claims(), by_list.claims(roles="viewer")]
    tokens = [desk.product.admin, desk.product.browser(user), *[desk.provider.token(body=body) for body in bodies]]
    callers = [await by_list.authenticate(token) for token in tokens]
    await desk.product.revoke(desk.product.admin)

    assert await by_list.authenticate.standings(callers) == [Standing.REVOKED, *[Standing.VALID] * 3]
    assert await by_list.authenticate.standings(callers[::-1]) == [*[Standing.VALID] * 3, Standing.REVOKED]
    desk.wait(1_000)
    assert await by_list.authenticate.standings(callers[2:]) == [Standing.EXPIRED] * 2


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_remembered_token_costs_next_to_nothing(desk: Desk, by_list: ByList) -> None:
    token = desk.provider.token(body=by_list.claims(roles="viewer"))
    await by_list.authenticate(token)

    rounds_us = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(1_000):
            await by_list.authenticate(token)
        rounds_us.append((time.process_time() - begun) * 1_000)
    assert min(rounds_us) < 10, rounds_us
