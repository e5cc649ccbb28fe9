"""An inbox followed live over a real socket: without a gap, from any place, until the token ends."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from models.vocabulary import Role
from resolvers.root import build_schema
from services.access import FIRST_TENANT
from tests.integration.graphql_door import eventually
from tests.products import INBOX, MARK, Json, Product, Socket


async def closed(socket: Socket) -> int | None:
    """The code with which the server ends the socket."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(5):
            while True:
                await socket.hear()
    return socket.opened.close_code


async def tell(product: Product, user: str, *bodies: str) -> None:
    """Send in-app notifications, one after the other."""
    for body in bodies:
        await product.settled(await product.send({"user": user}, {"body": body}, channels=["IN_APP"]))


async def live_cursor(product: Product, token: str) -> str:
    cursor: str = (await product.data(INBOX, token))["inbox"]["liveCursor"]
    return cursor


def test_each_event_of_a_union_is_a_live_event() -> None:
    schema = build_schema()
    union = schema.get_type_by_name("InboxEvent")
    names = {one.__strawberry_definition__.name for one in union.types}  # type: ignore[union-attr]

    assert len(names) == 4
    for name in names:
        interfaces = {one.name for one in schema.get_type_by_name(name).interfaces}  # type: ignore[union-attr]
        assert interfaces == {"LiveEvent"}, name


async def test_items_and_marks_arrive_live_with_the_unread_count(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    async with product.socket(token) as socket:
        await socket.follow(await live_cursor(product, token))
        await tell(product, ada, "first")
        added = await socket.event()
        await product.data(MARK, token, input={"which": {"ids": [added["item"]["id"]]}, "mark": "READ"})
        changed = await socket.event()

    assert (added["__typename"], added["item"]["body"], added["unread"]) == ("InboxItemAdded", "first", 1)
    assert (changed["__typename"], changed["item"]["id"]) == ("InboxItemChanged", added["item"]["id"])
    assert changed["unread"] == 0 and changed["item"]["readAt"] == changed["at"] == "2027-01-15T08:00:00Z"


async def test_a_stream_goes_on_where_the_page_or_the_last_event_ended(product: Product) -> None:
    """The very first event of an inbox that did not exist yet is not lost either."""
    ada = await product.user("ada")
    token = product.browser(ada)
    cursor = await live_cursor(product, token)
    await tell(product, ada, "n1", "n2")
    heard: list[Json] = []
    for missed in ("n3", "n4"):
        async with product.socket(token) as socket:
            await socket.follow(cursor)
            while len(heard) < int(missed[1]) - 1:
                heard.append(await socket.event())
            cursor = heard[-1]["cursor"]
        await tell(product, ada, missed)

    assert [event["item"]["body"] for event in heard] == ["n1", "n2", "n3"]
    assert len({event["cursor"] for event in heard}) == 3


async def test_a_cursor_that_cannot_be_followed_is_told_once_and_ends_the_stream(product: Product) -> None:
    ada, bob = await product.user("ada"), await product.user("bob")
    await tell(product, bob, "for bob")
    foreign = await live_cursor(product, product.browser(bob))
    for since in (foreign, "nonsense", "ä"):
        async with product.socket(product.browser(ada)) as socket:
            await socket.follow(since)
            reset = await socket.event()
            assert (reset["__typename"], reset["reason"]) == ("InboxReset", "CURSOR_FOREIGN")
            assert (await socket.hear())["type"] == "complete"
            await socket.follow(reset["cursor"])
            await tell(product, ada, since)
            assert (await socket.event())["item"]["body"] == since


async def test_nobody_hears_of_another_inbox_and_leaving_ends_the_stream(product: Product) -> None:
    ada, bob = await product.user("ada"), await product.user("bob")
    async with product.socket(product.browser(ada)) as of_ada, product.socket(product.browser(bob)) as of_bob:
        await of_ada.follow()
        await of_bob.follow()
        await eventually(lambda: product.gateway.follow.followers == 2)
        await tell(product, ada, "for ada")
        await tell(product, bob, "for bob")
        bodies = [(await one.event())["item"]["body"] for one in (of_ada, of_bob)]
    await eventually(lambda: product.gateway.follow.followers == 0)

    assert bodies == ["for ada", "for bob"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_an_api_key_has_no_inbox_to_follow(product: Product) -> None:
    async with product.socket(product.admin) as socket:
        await socket.follow()
        message = await socket.hear()

    assert message["type"] == "error" and message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_socket_ends_when_its_token_expires_or_is_revoked(product: Product) -> None:
    ada = await product.user("ada")
    key = await product.key(Role.DEVELOPER)
    async with product.socket(product.browser(ada, 60)) as browser, product.socket(key) as machine:
        await browser.follow()
        await product.revoke(key)
        assert await closed(machine) == 4403
        product.pass_time(61)
        assert await closed(browser) == 4401


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_token_of_nobody_is_not_admitted(product: Product) -> None:
    unknown = product.base.tokens.issue(FIRST_TENANT, product.base.ids.new())
    async with product.connected() as socket:
        await socket.say({"type": "connection_init", "payload": {"token": unknown}})
        assert await closed(socket) == 4403
