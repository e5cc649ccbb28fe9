"""The running product as its callers meet it: HTTP, WebSocket, mailbox and command line, and nothing behind them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.inbox_places import seq_of
from tests.e2e.process import CarillonProcess
from tests.products import INBOX, MARK, SEND, SEND_MANY, UPSERT, Socket

Json = dict[str, Any]
T = TypeVar("T")

PATIENCE_S = 30.0
LOOK_EVERY_S = 0.03
MOST_NODES = 50

STORY = """
  id state recipientCount
  counts { state count }
  decisions { stage rule reason }
  deliveries(first: 100) { edges { node {
    id channel state reason nextAttemptAt
    user { id externalId email }
    decisions { stage rule reason }
    attempts(first: 100) { edges { node {
      id number outcome reason providerName providerMessageId answer startedAt settledAt
    } } }
  } } }
"""
NOTIFICATION = f"query ($id: ID!) {{ notification(id: $id) {{ {STORY} }} }}"
NOTIFICATIONS = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Notification {{ {STORY} }} }} }}"
VIEWER = "query { viewer { role name tenantId user { id } } }"


class Person(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody of the demo, with a browser token."""

    id: str
    external_id: str
    name: str
    email: str
    token: str


class _Session(msgspec.Struct, frozen=True):
    users: list[Person]


class Accepted(msgspec.Struct, frozen=True):
    """A notification that was taken."""

    id: str
    duplicate: bool


class Live:
    """A followed inbox. `events` is everything that came, in its order."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.events: list[Json] = []

    @property
    def cursor(self) -> str:
        """Of the last event."""
        cursor: str = self.events[-1]["cursor"]
        return cursor

    async def next(self) -> Json:
        """The next event."""
        self.events.append(await self.socket.event())
        return self.events[-1]

    async def take(self, count: int) -> list[Json]:
        """The next `count` events."""
        return [await self.next() for _ in range(count)]

    async def quiet(self, for_s: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            async with asyncio.timeout(for_s):
                await self.next()
        except TimeoutError:
            return True
        return False


class Product:
    """What a caller can do. Without a token it is the admin who speaks."""

    def __init__(self, process: CarillonProcess, http: httpx.AsyncClient) -> None:
        self.process = process
        self.http = http
        self.admin = process.admin_key

    async def post(self, body: bytes, token: str | None, **headers: str) -> httpx.Response:
        """One POST to /graphql as it is."""
        sent = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        return await self.http.post(f"{self.process.url}/graphql", content=body, headers=sent)

    async def ask(self, query: str, token: str | None = None, **variables: object) -> Json:
        """The whole answer to one operation."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer: Json = (await self.post(body, token or self.admin)).json()
        return answer

    async def data(self, query: str, token: str | None = None, **variables: object) -> Json:
        """The data of an answer without errors."""
        answer = await self.ask(query, token, **variables)
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data

    async def get(self, path: str, **query: str | int) -> httpx.Response:
        """One GET."""
        return await self.http.get(self.process.url + path, params=query)

    async def people(self) -> dict[str, Person]:
        """Who takes part in the demo, by the tenant's own ids."""
        answer = await self.get("/demo/session.json")
        return {one.external_id: one for one in msgspec.json.decode(answer.content, type=_Session).users}

    async def user(self, external_id: str, **more: object) -> str:
        """Make a user, or change one; the id."""
        answer = await self.data(UPSERT, inputs=[{"externalId": external_id, **more}])
        id_: str = answer["upsertUsers"]["results"][0]["user"]["id"]
        return id_

    async def token(self, user: str, seconds: int = 900) -> str:
        """A browser token, as `carillon token` makes it."""
        return await asyncio.to_thread(self.process.answer, "token", "--user", user, "--seconds", str(seconds))

    async def send(self, to: Json, title: str = "Packed", **more: object) -> Accepted:
        """Send one notification, which must be accepted."""
        answer = await self.try_to_send(to, title, **more)
        assert answer["__typename"] == "NotificationAccepted", answer
        return Accepted(answer["notification"]["id"], answer["duplicate"])

    async def try_to_send(self, to: Json, title: str = "Packed", **more: object) -> Json:
        """Send one notification; the result, whichever it is."""
        answer: Json = (await self.data(SEND, input=wanted(to, title, **more)))["sendNotification"]
        return answer

    async def send_many(self, inputs: Sequence[Json]) -> list[Json]:
        """A result for each input."""
        answer = (await self.data(SEND_MANY, inputs=list(inputs)))["sendNotifications"]
        results: list[Json] = answer["results"]
        return results

    async def notification(self, id_: str) -> Json:
        """A notification with its deliveries, attempts and decisions."""
        found: Json = (await self.data(NOTIFICATION, id=id_))["notification"]
        return found

    async def notifications(self, ids: Sequence[str]) -> list[Json]:
        """The same for any number of them."""
        pages = [ids[first : first + MOST_NODES] for first in range(0, len(ids), MOST_NODES)]
        return [one for page in pages for one in (await self.data(NOTIFICATIONS, ids=page))["nodes"]]

    async def reaches(self, id_: str, state: str) -> Json:
        """The notification, once its state is this."""
        return await until(lambda: self.notification(id_), lambda one: bool(one["state"] == state))

    async def completed(self, id_: str) -> Json:
        """The notification, once every delivery has come to its end."""
        return await self.reaches(id_, "COMPLETED")

    async def inbox(self, token: str, **more: object) -> Json:
        """A page of somebody's inbox."""
        page: Json = (await self.data(INBOX, token, **more))["inbox"]
        return page

    async def mark(self, token: str, which: Json, how: str) -> Json:
        """Mark items of somebody's inbox."""
        answer: Json = (await self.data(MARK, token, input={"which": which, "mark": how}))["markInbox"]
        return answer

    async def mails(self, to: str, count: int = 1) -> list[Json]:
        """The mails to an address, newest first, once there are at least so many."""

        async def read() -> list[Json]:
            found: list[Json] = (await self.get("/simulator/mailbox.json", to=to, limit=500)).json()["mails"]
            return found

        return await until(read, lambda mails: len(mails) >= count)

    @asynccontextmanager
    async def connected(self, protocol: str = "graphql-transport-ws") -> AsyncIterator[Socket]:
        """A socket before its greeting."""
        address = self.process.url.replace("http://", "ws://") + "/graphql"
        async with connect(address, subprotocols=[Subprotocol(protocol)], ping_interval=None, proxy=None) as opened:
            yield Socket(opened)

    @asynccontextmanager
    async def socket(self, token: str) -> AsyncIterator[Socket]:
        """A greeted socket."""
        async with self.connected() as socket:
            await socket.say({"type": "connection_init", "payload": {"token": token}})
            assert (await socket.hear())["type"] == "connection_ack"
            yield socket

    @asynccontextmanager
    async def following(self, token: str, since: str | None) -> AsyncIterator[Live]:
        """Somebody's inbox, live from a cursor on."""
        async with self.socket(token) as socket:
            await socket.follow(since)
            yield Live(socket)


@asynccontextmanager
async def reached(process: CarillonProcess) -> AsyncIterator[Product]:
    """A caller of a process that runs; it is not ended at the end."""
    async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as http:
        yield Product(process, http)


def wanted(to: Json, title: str = "Packed", **more: object) -> Json:
    """The input of a mutation that sends."""
    return {"to": to, "message": {"content": {"title": title, "body": f"{title}, and on its way."}}, **more}


def deliveries(notification: Json) -> dict[str, Json]:
    """The deliveries of a notification for one user, by channel."""
    return {edge["node"]["channel"]: edge["node"] for edge in notification["deliveries"]["edges"]}


def attempts(delivery: Json) -> list[Json]:
    """The attempts of a delivery, oldest first."""
    return [edge["node"] for edge in delivery["attempts"]["edges"]]


def titles(events: Sequence[Json]) -> list[str]:
    """What the items of these events say."""
    return [event["item"]["title"] for event in events]


def seqs(events: Sequence[Json]) -> list[int]:
    """The places of these events in the log of their inbox."""
    return [seq_of(event["cursor"]) for event in events]


async def close_code(socket: Socket, within_s: float = PATIENCE_S) -> int:
    """The code with which the server closes the socket."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                await socket.opened.recv()
    except ConnectionClosed as end:
        if end.rcvd is not None:
            return end.rcvd.code
    raise AssertionError("the connection was cut without a closing handshake")


async def until(read: Callable[[], Awaitable[T]], good: Callable[[T], bool], within_s: float = PATIENCE_S) -> T:
    """What `read` gives, as soon as it is good."""
    deadline_s = time.monotonic() + within_s
    while not good(found := await read()):
        assert time.monotonic() < deadline_s, f"still after {within_s:g} s: {found}"
        await asyncio.sleep(LOOK_EVERY_S)
    return found
