"""A reader who follows one inbox live over graphql-transport-ws, and after every break goes on from the last cursor."""

import asyncio
import random
from collections.abc import Sequence

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from bench import documents
from bench.answers import FollowData, LiveEvent, Reply
from bench.inbox_places import seq_of
from bench.journals import InboxEntry, Person

PROTOCOL = Subprotocol("graphql-transport-ws")
PAUSE_S = (0.05, 0.3)
PONG = '{"type":"pong"}'


class _Message(msgspec.Struct, frozen=True):
    type: str
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class Follower:
    """Keeps what came, in the order in which it came."""

    def __init__(self, url: str, person: Person, token: str, since: str) -> None:
        self._url = url.replace("http://", "ws://") + "/graphql"
        self.token = token
        self._cursor = since
        self.person = person
        self.entries: list[InboxEntry] = []
        self.surprises: list[str] = []
        """Whatever came that is no added item."""
        self.connections = 0
        self._moved = asyncio.Event()

    @property
    def seq(self) -> int:
        """The number of the last event that came."""
        return seq_of(self._cursor)

    async def reached(self, seq: int, within_s: float) -> bool:
        """Whether all events up to this number came in time."""
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while self.seq < seq:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._connect()
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(random.uniform(*PAUSE_S))

    async def _connect(self) -> None:
        async with connect(
            self._url, subprotocols=[PROTOCOL], compression=None, proxy=None, ping_interval=None, open_timeout=10
        ) as socket:
            await _say(socket, "connection_init", payload={"token": self.token})
            async for frame in socket:
                await self._hear(socket, msgspec.json.decode(frame, type=_Message))

    async def _hear(self, socket: ClientConnection, message: _Message) -> None:
        match message.type:
            case "connection_ack":
                self.connections += 1
                payload = {"query": documents.FOLLOW, "variables": {"since": self._cursor}}
                await _say(socket, "subscribe", id="1", payload=payload)
            case "ping":
                await socket.send(PONG)
            case "next":
                self._take(msgspec.json.decode(message.payload, type=Reply[FollowData]))
            case other:
                self.surprises.append(f"{other} for {self.person.external_id}: {bytes(message.payload)!r}")
                await socket.close()

    def _take(self, reply: Reply[FollowData]) -> None:
        if reply.data is None:
            self.surprises.append(f"errors for {self.person.external_id}: {reply.errors}")
            return
        self._cursor = reply.data.inbox.cursor
        self._moved.set()
        self._note(reply.data.inbox)

    def _note(self, event: LiveEvent) -> None:
        if event.item is None:
            self.surprises.append(f"{event.typename} for {self.person.external_id}: {event.reason}")
        else:
            self.entries.append(InboxEntry(seq_of(event.cursor), event.item.id, event.item.title))


async def _say(socket: ClientConnection, kind: str, **fields: object) -> None:
    await socket.send(msgspec.json.encode({"type": kind, **fields}).decode())


def surprises(followers: Sequence[Follower]) -> list[str]:
    """Everybody's."""
    return [one for follower in followers for one in follower.surprises]
