"""What one process revokes is refused by every other within a second, and what is open there ends within five."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from deploy.local.postgres import Postgres
from engines.store.base import Store
from engines.store.postgres import PostgresStore
from engines.store.sqlite import SqliteStore
from gateway.auth import Authenticator
from models.clock import SystemClock
from models.vocabulary import Role
from tests.integration.sign_in_desk import Desk, open_desk
from tests.integration.test_administration import ADD, CHANGE, CREATE, REMOVE, REVOKE, ROTATE, do
from tests.products import Product, Socket
from tests.simulators import Side
from tests.stores import service_url

REFUSED_WITHIN_S = 1.0
CLOSED_WITHIN_S = 5.0
VIEWER = "{ viewer { role } }"


async def closed(socket: Socket) -> int | None:
    """The code with which the server ends the socket, within five seconds."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(CLOSED_WITHIN_S):
            while True:
                await socket.hear()
    return socket.opened.close_code


@asynccontextmanager
async def other_process(request: pytest.FixtureRequest, folder: Path, product: Product) -> AsyncIterator[Authenticator]:
    """An authenticator with a store, caches and a running clock of its own."""
    store: Store
    if isinstance(product.base.store, SqliteStore):
        store = SqliteStore(folder / "carillon.db", serve=False)
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        store = PostgresStore(service_url(server, request.getfixturevalue("postgres_database")))
    try:
        yield Authenticator(store, product.base.tokens, SystemClock())
    finally:
        await store.close()


async def refused_after_s(authenticate: Authenticator, token: str) -> float:
    """How long it takes until a key is refused that is used all the time."""
    began_s = time.monotonic()
    async with asyncio.timeout(CLOSED_WITHIN_S):
        while True:
            try:
                await authenticate(token)
            except Exception:  # noqa: BLE001 - whatever refuses it
                return time.monotonic() - began_s
            await asyncio.sleep(0.01)


async def test_a_key_revoked_here_is_refused_there_within_a_second(
    product: Product, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = await do(product, CREATE, name="shop", role="DEVELOPER")
    async with other_process(request, tmp_path, product) as authenticate, product.socket(made["text"]) as socket:
        await authenticate(made["text"])
        began_s = time.monotonic()
        await do(product, REVOKE, key=made["key"]["id"])

        assert await refused_after_s(authenticate, made["text"]) < REFUSED_WITHIN_S
        assert await closed(socket) == 4403
        assert time.monotonic() - began_s < CLOSED_WITHIN_S


async def test_a_key_rotated_without_grace_ends_what_it_has_open(product: Product) -> None:
    made = await do(product, CREATE, name="shop", role="DEVELOPER")
    async with product.socket(made["text"]) as socket:
        await do(product, ROTATE, key=made["key"]["id"], graceSeconds=0)

        assert await closed(socket) == 4401


@pytest.fixture
async def desk(store: Store, side: Side, tmp_path: Path) -> AsyncIterator[Desk]:
    """The product with an identity provider that names no roles: the list of members decides."""
    async with open_desk(store, tmp_path, side.port, role_claim=None) as one:
        yield one


async def add(desk: Desk, role: Role) -> str:
    answer = await do(
        desk.product, ADD, issuer=desk.provider.issuer, subject="ada", name="Ada Lovelace", role=role.name
    )
    member: str = answer["member"]["id"]
    return member


async def test_who_is_on_the_list_signs_in_and_who_is_taken_off_is_out(desk: Desk) -> None:
    product, token = desk.product, desk.provider.token()
    assert (await product.post({"query": VIEWER}, token)).status_code == 401
    member = await add(desk, Role.DEVELOPER)
    desk.wait(0.5)
    assert (await product.data("{ viewer { role name } }", token))["viewer"] == {
        "role": "DEVELOPER", "name": "Ada Lovelace",
    }  # fmt: skip

    async with product.socket(token) as socket:
        await do(product, REMOVE, member=member)
        assert await closed(socket) == 4403
    desk.wait(0.5)
    assert (await product.post({"query": VIEWER}, token)).status_code == 401


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_another_role_ends_what_is_open_and_holds_from_then_on(desk: Desk) -> None:
    product, token = desk.product, desk.provider.token()
    member = await add(desk, Role.DEVELOPER)
    desk.wait(0.5)
    async with product.socket(token) as socket:
        await do(product, CHANGE, member=member, name="Countess")
        await asyncio.sleep(1.2)
        await socket.say({"type": "ping"})
        assert (await socket.hear())["type"] == "pong", "another name is no reason to go"
        await do(product, CHANGE, member=member, role="VIEWER")
        assert await closed(socket) == 4403
    desk.wait(0.5)
    async with product.socket(token):
        assert (await product.data(VIEWER, token))["viewer"]["role"] == "VIEWER"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_what_a_member_does_is_told_without_a_name(desk: Desk) -> None:
    member = await add(desk, Role.ADMIN)
    desk.wait(0.5)
    await do(desk.product, CREATE, desk.provider.token(), name="shop", role="VIEWER")

    query = "{ auditLog(first: 1) { edges { node { action actorId actorRole actorName } } } }"
    [edge] = (await desk.product.data(query))["auditLog"]["edges"]
    assert edge["node"] == {
        "action": "KEY_CREATED", "actorId": member, "actorRole": "ADMIN", "actorName": None,
    }  # fmt: skip
