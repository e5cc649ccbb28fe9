"""A GraphQL endpoint with a small schema of its own behind a real uvicorn on loopback; used by tests of the door."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from typing import Annotated

import msgspec
import strawberry
import uvicorn
from strawberry.types import Info

from errors import EngineUnavailable, Forbidden, InvalidInput, RateLimited, Unauthenticated
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.graphql.limits import Limits
from gateway.graphql.roster import Standing

SECRET = "the database password"


class Caller(msgspec.Struct, frozen=True):
    """The tests' principal."""

    name: str


class Context(msgspec.Struct):
    """The tests' context."""

    caller: Caller
    trace_id: str
    door: "Door"


Inform = Info[Context, None]


@strawberry.enum
class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@strawberry.input(one_of=True)
class To:
    user: strawberry.ID | None = strawberry.UNSET
    email: str | None = strawberry.UNSET


@strawberry.input
class Item:
    to: To
    count: int = 1
    size: Size | None = None
    at: datetime | None = None
    tags: list[str] | None = None


@strawberry.type
class Sent:
    id: strawberry.ID
    count: int


@strawberry.type
class Refused:
    message: str


@strawberry.type
class Tree:
    depth: int

    @strawberry.field
    def name(self, prefix: str = "node") -> str:
        return f"{prefix} {self.depth}"

    @strawberry.field
    def left(self, skip: int | None = None) -> "Tree":
        return Tree(depth=self.depth + 1)

    @strawberry.field
    def right(self) -> "Tree":
        return Tree(depth=self.depth + 1)

    @strawberry.field
    def leaf(self) -> str | None:
        raise RuntimeError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    async def caller(self, info: Inform) -> str:
        return info.context.caller.name

    @strawberry.field
    def context_number(self, info: Inform) -> str:
        return str(id(info.context))

    @strawberry.field
    def trace(self, info: Inform) -> str:
        return info.context.trace_id

    @strawberry.field
    def tree(self) -> Tree:
        return Tree(depth=0)

    @strawberry.field
    def forest(self, size: int) -> list[Tree]:
        return [Tree(depth=n) for n in range(size)]

    @strawberry.field
    def needs(self, word: str) -> str:
        return word

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def lies(self) -> int | None:
        return SECRET  # type: ignore[return-value]

    @strawberry.field
    def surrogate(self) -> str:
        return "\ud800"

    @strawberry.field
    def refuses(self) -> str | None:
        raise Forbidden("viewers may not look at this")

    @strawberry.field
    def picky(self, words: list[str]) -> str | None:
        raise InvalidInput("expected shorter words", path=("words", "2"))

    @strawberry.field
    def down(self) -> str | None:
        raise EngineUnavailable("the store does not answer", retry_after_s=2.5)

    @strawberry.field
    async def waits(self, info: Inform) -> str:
        try:
            await info.context.door.gate.wait()
        except asyncio.CancelledError:
            info.context.door.journal.append("query cancelled")
            raise
        return "waited"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def send(self, input: Item, info: Inform) -> Annotated[Sent | Refused, strawberry.union("SendResult")]:  # noqa: A002
        info.context.door.journal.append(f"send {input.count}")
        return Sent(id=strawberry.ID("ntf_1"), count=input.count)

    @strawberry.mutation
    def send_many(self, inputs: list[Item]) -> int:
        return len(inputs)

    @strawberry.mutation
    async def slow(self, info: Inform) -> str:
        door = info.context.door
        door.journal.append("slow begins")
        await door.gate.wait()
        door.journal.append("slow ends")
        return "done"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def events(self, info: Inform) -> AsyncIterator[str]:
        door = info.context.door
        try:
            yield f"context {id(info.context)}"
            while True:
                yield await door.feed.get()
        finally:
            door.journal.append("events closed")

    @strawberry.subscription
    async def flood(self, chunk_bytes: int) -> AsyncIterator[str]:
        while True:
            yield "x" * chunk_bytes

    @strawberry.subscription
    async def breaks(self) -> AsyncIterator[int]:
        yield 1
        raise RuntimeError(SECRET)

    @strawberry.subscription
    async def refuses(self) -> AsyncIterator[int]:
        for number in range(3):
            if number == 0:
                raise Forbidden("viewers may not listen")
            yield number

    @strawberry.subscription
    async def surrogates(self) -> AsyncIterator[str]:
        yield "\ud800"


class HandClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.us = 1_800_000_000_000_000

    def now_us(self) -> int:
        return self.us

    def advance(self, seconds: float) -> None:
        self.us += round(seconds * 1_000_000)


class Counts:
    """Metrics that remember."""

    def __init__(self) -> None:
        self.operations: Counter[tuple[str, str]] = Counter()
        self.open_sockets = 0
        self.calls = 0

    def record(self, operations: Mapping[tuple[str, str], int], open_sockets: int) -> None:
        self.operations.update(operations)
        self.open_sockets = open_sockets
        self.calls += 1


class Door:
    """The endpoint, its server, and what the test needs to steer and see."""

    def __init__(self, limits: Limits) -> None:
        self.clock = HandClock()
        self.counts = Counts()
        self.journal: list[str] = []
        self.gate = asyncio.Event()
        self.feed: asyncio.Queue[str] = asyncio.Queue()
        self.standing: dict[str, Standing] = {}
        self.standings_down = False
        self.polls = 0
        self.endpoint = GraphQLEndpoint(
            schema=strawberry.Schema(Query, Mutation, Subscription),
            authenticate=self.authenticate,
            make_context=lambda caller, trace_id: Context(caller, trace_id, self),
            standings=self.standings,
            metrics=self.counts,
            clock=self.clock,
            limits=limits,
        )
        self.url = ""
        self.port = 0

    async def authenticate(self, token: str | None) -> Caller:
        match token:
            case None:
                raise Unauthenticated("a token is needed")
            case "busy":
                raise RateLimited("too many sign-ins", retry_after_s=7.2)
            case "down":
                raise EngineUnavailable("the key store does not answer", retry_after_s=1.5)
            case "bug":
                raise RuntimeError(SECRET)
            case "forged":
                raise Unauthenticated("this token is not accepted")
        return Caller(token)

    async def standings(self, callers: Sequence[Caller]) -> list[Standing]:
        self.polls += 1
        if self.standings_down:
            raise EngineUnavailable("the key store does not answer")
        return [self.standing.get(caller.name, Standing.VALID) for caller in callers]


@asynccontextmanager
async def open_door(limits: Limits | None = None) -> AsyncIterator[Door]:
    """A served endpoint; everything is stopped at the end."""
    door = Door(limits or Limits())
    listener = socket.create_server(("127.0.0.1", 0))
    door.port = listener.getsockname()[1]
    door.url = f"127.0.0.1:{door.port}/graphql"
    config = uvicorn.Config(
        door.endpoint, http="httptools", ws="websockets-sansio", lifespan="off", log_level="critical",
        timeout_graceful_shutdown=5, ws_per_message_deflate=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    beating = asyncio.create_task(door.endpoint.run())
    await eventually(lambda: server.started)
    try:
        yield door
    finally:
        door.gate.set()
        await door.endpoint.stop()
        beating.cancel()
        server.should_exit = True
        await serving
        listener.close()


async def eventually(condition: Callable[[], object]) -> None:
    """Until `condition()` holds; fails after five seconds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)
