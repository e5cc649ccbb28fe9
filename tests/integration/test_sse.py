"""The live inbox as server-sent events over real HTTP: ready, without a gap, and ended when it must be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from models.vocabulary import Role
from tests.integration.graphql_door import eventually
from tests.integration.test_rest import call, problem
from tests.products import Json, Product

STREAM = "/api/v1/inbox/stream"
PATIENCE_S = 10.0


class Events:
    """A reader of one stream, line by line. `comments` are those before the last event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.retries: list[int] = []
        self.comments: list[str] = []
        self._lines = response.aiter_lines()

    async def next(self) -> Json | None:
        """The next event with its id and name; None at the end of the stream."""
        found: Json = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if not line and "data" in found:
                    return found
                if line.startswith(":"):
                    self.comments.append(value or line[1:].strip())
                elif field == "retry":
                    self.retries.append(int(value))
                elif line:
                    found[field] = json.loads(value) if field == "data" else value
        return None

    async def one(self, name: str) -> Json:
        """The next event, which must be of this name; its data, whose cursor is the event's id."""
        event = await self.next()
        assert event is not None and event["event"] == name, event
        data: Json = event["data"]
        assert event.get("id") == data.get("cursor")
        return data

    async def bodies(self, count: int) -> list[str]:
        """What the next added items say."""
        return [(await self.one("added"))["item"]["body"] for _ in range(count)]


@asynccontextmanager
async def streaming(
    product: Product, path: str = STREAM, token: str | None = None, **headers: str
) -> AsyncIterator[Events]:
    """An open stream."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    async with product.http.stream("GET", path, headers={"accept": "text/event-stream", **sent}) as response:
        assert response.status_code == 200, await response.aread()
        yield Events(response)


async def tell(product: Product, user: str, *bodies: str) -> None:
    """Send in-app notifications, one after the other."""
    for body in bodies:
        await product.settled(await product.send({"user": user}, {"body": body}, channels=["IN_APP"]))


async def test_a_stream_begins_with_now_and_tells_what_comes(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    await tell(product, ada, "before")
    async with streaming(product, token=token) as events:
        ready = await events.one("ready")
        await tell(product, ada, "first")
        added = await events.one("added")
        marks = {"which": {"ids": [added["item"]["id"]]}, "mark": "READ"}
        await call(product, "POST", "/api/v1/inbox/marks", token, marks)
        changed = await events.one("changed")
    page = (await call(product, "GET", "/api/v1/inbox", token)).json()

    assert events.response.headers["content-type"] == "text/event-stream"
    assert events.response.headers["x-accel-buffering"] == "no" and events.retries == [3_000]
    assert events.response.headers["cache-control"] == "no-store" and ready["at"]
    assert (added["item"]["body"], added["unread"], added["item"]["readAt"]) == ("first", 2, None)
    assert (changed["item"]["id"], changed["unread"]) == (added["item"]["id"], 1)
    assert changed["item"] == page["items"][0]["item"] and changed["cursor"] == page["liveCursor"]


async def test_the_events_say_what_graphql_says(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    query = """subscription { inbox { ... on InboxItemAdded {
      cursor at unread item { id title body url categoryKey data createdAt seenAt readAt archivedAt } } } }"""
    async with streaming(product, token=token) as events, product.socket(token) as socket:
        await events.one("ready")
        await socket.say({"id": "1", "type": "subscribe", "payload": {"query": query}})
        await eventually(lambda: product.gateway.follow.followers == 2)
        await tell(product, ada, "the same")
        assert await events.one("added") == await socket.event()


async def test_a_stream_goes_on_where_the_page_or_the_last_event_ended(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    page = (await call(product, "GET", "/api/v1/inbox", token)).json()
    await tell(product, ada, "n1", "n2")
    async with streaming(product, f"{STREAM}?lastEventId={page['liveCursor']}", token) as events:
        first = [await events.one("added"), await events.one("added")]
    await tell(product, ada, "n3")
    # EventSource sends both when it comes back: the header is the newer one
    again = f"{STREAM}?lastEventId={page['liveCursor']}"
    async with streaming(product, again, token, last_event_id=first[-1]["cursor"]) as events:
        await tell(product, ada, "n4")
        assert await events.bodies(2) == ["n3", "n4"]

    assert [one["item"]["body"] for one in first] == ["n1", "n2"]


async def test_a_cursor_that_cannot_be_followed_is_told_and_ends_the_stream(product: Product) -> None:
    ada, bob = await product.user("ada"), await product.user("bob")
    await tell(product, bob, "for bob")
    foreign = (await call(product, "GET", "/api/v1/inbox", product.browser(bob))).json()["liveCursor"]
    token = product.browser(ada)
    for since in (foreign, "nonsense", "%C3%A4", "A" * 500):
        async with streaming(product, f"{STREAM}?lastEventId={since}", token) as events:
            reset = await events.one("reset")
            assert await events.next() is None
        assert reset["reason"] == "CURSOR_FOREIGN"
        async with streaming(product, token=token, last_event_id=reset["cursor"]) as events:
            await tell(product, ada, since)
            assert await events.bodies(1) == [since]


async def test_silence_is_filled_with_heartbeats(product: Product) -> None:
    ada = await product.user("ada")
    async with streaming(product, token=product.browser(ada)) as events:
        await events.one("ready")
        await asyncio.sleep(0.4)
        await tell(product, ada, "after silence")
        await events.one("added")

    assert events.comments and set(events.comments) == {"heartbeat"}


async def test_a_ticket_opens_the_stream_and_nothing_else(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    answer = await call(product, "POST", f"{STREAM}/tickets", token)
    ticket = answer.json()["ticket"]
    for _ in range(2):
        async with streaming(product, answer.json()["href"]) as events:
            await events.one("ready")
    elsewhere = [
        await call(product, "GET", "/api/v1/inbox", ticket),
        await call(product, "GET", STREAM, ticket, accept="text/event-stream"),
        await call(product, "POST", f"{STREAM}/tickets", ticket),
        await call(product, "PUT", "/api/v1/session", ticket),
        await product.post({"query": "{ viewer { role } }"}, ticket),
    ]
    swapped = await call(product, "GET", f"{STREAM}?ticket={token}", None, accept="text/event-stream")
    bent = await call(product, "GET", f"{STREAM}?ticket={ticket[:-4]}AAAA", None, accept="text/event-stream")
    product.pass_time(61)
    late = await call(product, "GET", answer.json()["href"], None, accept="text/event-stream")

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.json()["expiresAt"] == "2027-01-15T08:01:00Z"
    assert [one.status_code for one in elsewhere] == [401] * 5
    for one in (swapped, bent, late):
        problem(one, 401, "UNAUTHENTICATED")


async def test_a_cookie_opens_the_stream_and_nothing_else(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    answer = await call(product, "PUT", "/api/v1/session", token)
    public = await call(product, "PUT", "/api/v1/session", token, host="bells.example")
    gone = await call(product, "DELETE", "/api/v1/session", None)
    product.http.cookies.clear()
    cookie = answer.headers["set-cookie"].partition(";")[0]
    async with streaming(product, cookie=f"theme=dark; {cookie}") as events:
        await events.one("ready")
    elsewhere = [
        await call(product, "GET", "/api/v1/inbox", None, cookie=cookie),
        await call(product, "POST", f"{STREAM}/tickets", None, cookie=cookie),
        await call(product, "GET", STREAM, None, accept="text/event-stream", cookie="carillon_stream=x"),
    ]

    attributes = {one.strip() for one in answer.headers["set-cookie"].split(";")[1:]}
    assert attributes == {f"Path={STREAM}", "Max-Age=900", "HttpOnly", "SameSite=Strict"}
    assert public.headers["set-cookie"].endswith("; Secure")
    assert [one.status_code for one in (answer, gone, *elsewhere)] == [204, 204, 401, 401, 401]
    assert gone.headers["set-cookie"].startswith("carillon_stream=; ") and "Max-Age=0" in gone.headers["set-cookie"]


async def test_a_stream_ends_when_its_token_does(product: Product) -> None:
    ada = await product.user("ada")
    ticket = (await call(product, "POST", f"{STREAM}/tickets", product.browser(ada, 90))).json()["href"]
    async with streaming(product, token=product.browser(ada, 60)) as short, streaming(product, ticket) as long:
        await short.one("ready")
        await long.one("ready")
        product.pass_time(61)
        end = await short.next()
        assert await short.next() is None
        await tell(product, ada, "the ticket's token goes on")
        await long.one("added")
        product.pass_time(30)
        assert (await long.next() or {})["event"] == "end" and await long.next() is None

    assert end is not None and "id" not in end
    assert (end["event"], end["data"]["code"]) == ("end", "UNAUTHENTICATED")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_an_api_key_has_no_inbox_to_follow(product: Product) -> None:
    for token in (product.admin, await product.key(Role.SERVICE_ACCOUNT)):
        problem(await call(product, "GET", STREAM, token, accept="*/*"), 403, "FORBIDDEN")
        problem(await call(product, "POST", f"{STREAM}/tickets", token), 403, "FORBIDDEN")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_leaving_ends_the_stream_and_stopping_tells_each_when_to_come_back(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    async with streaming(product, token=token) as events:
        await events.one("ready")
    await eventually(lambda: product.gateway.follow.followers == 0)
    async with streaming(product, token=token) as one, streaming(product, token=token) as other:
        for events in (one, other):
            await events.one("ready")
        await product.gateway.rest.stop()
        assert [await events.next() for events in (one, other)] == [None, None]
    async with streaming(product, token=token) as late:
        assert await late.next() is not None and await late.next() is None

    hints = [events.retries[-1] for events in (one, other)]
    assert len(set(hints)) == 2 and all(1_000 <= hint <= 6_000 for hint in hints)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_who_does_not_read_holds_up_nobody(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    async with streaming(product, token=token), streaming(product, token=token) as reader:
        await reader.one("ready")
        content = {"body": "x" * 60_000}
        sent = [await product.send({"user": ada}, content, channels=["IN_APP"]) for _ in range(60)]
        for one in sent:
            await product.settled(one)
        assert len(await reader.bodies(60)) == 60
