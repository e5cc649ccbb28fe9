"""`python -m bench.accept`: one durable notification a request, over each door, beside what can be had without us.

64 callers on kept connections, 100,000 distinct recipients, a million rows in the store. The product runs whole: what
is accepted is also worked out and put into inboxes while the next is accepted. In the same run: an ASGI application
that does nothing, and Strawberry's own view over the same schema, store and use case (without the other stages).
"""

import argparse
import asyncio
import contextlib
import os
import platform
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from bench import bare_sqlite
from bench.api import Api
from bench.children import Child, admin_key, carillon, free_port, without_settings
from bench.ending import run
from bench.hammer import Hammered, hammer, post
from bench.http_client import HttpClient, NotSent
from bench.journals import IN_APP, Send
from bench.people import external_id
from bench.progress import Progress
from bench.scratch import forget, new_folder
from bench.startup import ready
from errors import EngineUnavailable

CALLERS = 64
ROWS_A_NOTIFICATION = 3
LOAD_AT_ONCE = 1_000
LOOKS = 400
EXPANDED = b"carillon_deliveries_expanded_total"
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
NO_MAIL = {"CARILLON_EMAIL": "smtp://127.0.0.1:9?tls=none"}
"""Nothing of this goes by mail."""

DOCUMENT = (
    "mutation($input: SendNotificationInput!) { sendNotification(input: $input) "
    "{ __typename ... on NotificationAccepted { notification { id } duplicate } "
    "... on Failure { code message path } } }"
)


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    name: str
    came: Hammered
    cpu_us: float
    """Of the server's process, a request."""


async def measure(arguments: argparse.Namespace) -> int:
    """Exit status 1 where an answer was not as expected."""
    folder = new_folder("accept")
    _say(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {bare_sqlite.VERSION}, "
        f"{CALLERS} callers, {arguments.n:,} requests each, {arguments.people:,} recipients, "
        f"{arguments.loaded:,} rows loaded, synchronous=FULL"
    )
    _say(f"{'':<34}{'per s':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}")
    rows = [await _empty(folder, arguments)]
    async with _product(folder) as (child, url, key):
        users = await _load(url, key, arguments)
        worked_out = arguments.loaded // ROWS_A_NOTIFICATION
        for name, requests, expected in _doors(users, key):
            await _until_worked_out(url, worked_out)
            rows.append(await _measured(name, child, url, requests(arguments.n), expected))
            worked_out += arguments.n
    rows.append(await _strawberry(folder, users, arguments))
    wrong = [row for row in rows if row.came.failed]
    for row in wrong:
        _say(f"{row.name}: {row.came.failed} answers were not as expected, such as {row.came.unexpected[0]!r}")
    if not wrong:
        forget(folder)
    return 1 if wrong else 0


async def _empty(folder: Path, arguments: argparse.Namespace) -> Row:
    port = free_port()
    child = Child(["-m", "bench.rival_server", "empty", str(port)], without_settings(), folder / "empty.log")
    async with _started(child, port) as url:
        requests = iter([post("/graphql", _graphql("usr_" + "0" * 26, None), "-")] * arguments.n)
        return await _measured("empty ASGI answer", child, url, requests, b"NotificationAccepted")


async def _strawberry(folder: Path, users: Sequence[str], arguments: argparse.Namespace) -> Row:
    port = free_port()
    settings = {"CARILLON_FOLDER": str(folder / "var"), "CARILLON_LISTEN": f"127.0.0.1:{port}", **NO_MAIL}
    words = ["-m", "bench.rival_server", "strawberry", str(port)]
    child = Child(words, {**without_settings(), **settings}, folder / "strawberry.log")
    async with _started(child, port) as url:
        count = max(arguments.n // 10, 500)
        requests = (post("/graphql", _graphql(user, None), "-") for user in _cycle(users, count))
        return await _measured("Strawberry's own view, accept only", child, url, requests, b"NotificationAccepted")


def _doors(users: Sequence[str], key: str) -> Iterator[tuple[str, Callable[[int], Iterator[bytes]], bytes]]:
    def graphql(count: int) -> Iterator[bytes]:
        return (post("/graphql", _graphql(user, None), key) for user in _cycle(users, count))

    def keyed(count: int) -> Iterator[bytes]:
        named = enumerate(_cycle(users, count))
        return (post("/graphql", _graphql(user, f"bench-{number}"), key) for number, user in named)

    def rest(count: int) -> Iterator[bytes]:
        return (post("/api/v1/notifications", _rest(user), key) for user in _cycle(users, count))

    def rest_keyed(count: int) -> Iterator[bytes]:
        named = enumerate(_cycle(users, count))
        return (
            post("/api/v1/notifications", _rest(user), key, f'idempotency-key: "rest-{number}"')
            for number, user in named
        )

    yield "GraphQL", graphql, b'"NotificationAccepted"'
    yield "GraphQL, with idempotency key", keyed, b'"NotificationAccepted"'
    yield "REST", rest, b"HTTP/1.1 201"
    yield "REST, with idempotency key", rest_keyed, b"HTTP/1.1 201"


def _graphql(user: str, key: str | None) -> bytes:
    wanted = _rest_body(user) | ({"idempotencyKey": key} if key else {})
    return msgspec.json.encode({"query": DOCUMENT, "variables": {"input": wanted}})


def _rest(user: str) -> bytes:
    return msgspec.json.encode(_rest_body(user))


def _rest_body(user: str) -> dict[str, object]:
    content = {"title": "Your order has shipped", "body": "It is on its way and arrives on Friday."}
    return {"to": {"user": user}, "message": {"content": content}, "channels": [IN_APP]}


def _cycle(users: Sequence[str], count: int) -> Iterator[str]:
    return (users[number % len(users)] for number in range(count))


async def _load(url: str, key: str, arguments: argparse.Namespace) -> list[str]:
    """Users, and a past for them; returns usr_… of each."""
    progress = Progress()
    api = Api(url, key)
    progress.begin("people", arguments.people)
    people = await api.upsert({external_id(number): None for number in range(arguments.people)})
    progress.end()
    users = {person.external_id: person.id for person in people}
    count = arguments.loaded // ROWS_A_NOTIFICATION
    progress.begin("earlier notifications", count)
    for first in range(0, count, LOAD_AT_ONCE):
        sends = [_earlier(number, arguments.people) for number in range(first, min(first + LOAD_AT_ONCE, count))]
        await api.send(sends, users)
        progress.at(first + len(sends))
    progress.end()
    api.close()
    return [person.id for person in people]


def _earlier(number: int, people: int) -> Send:
    audience = (external_id(number % people),)
    return Send(number, "Earlier", f"No. {number} of the past.", None, "transactional", audience, (IN_APP,), False)


async def _until_worked_out(url: str, deliveries: int) -> None:
    """Wait for what was accepted before: its work would be counted to whoever is measured next."""
    http = HttpClient(url)
    try:
        while True:
            if _expanded((await http.get("/metrics")).body) >= deliveries:
                return
            await asyncio.sleep(0.2)
    finally:
        http.close()


def _expanded(metrics: bytes) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith(EXPANDED)]
    return sum([float(line.rpartition(b" ")[2]) for line in lines])


async def _measured(name: str, child: Child, url: str, requests: Iterator[bytes], expected: bytes) -> Row:
    before = cpu_seconds(child.pid)
    came = await hammer(url, requests, CALLERS, expected)
    row = Row(name, came, (cpu_seconds(child.pid) - before) * 1e6 / len(came.waits))
    _say(f"{name:<34}{came.per_second:>8,.0f}{came.wait_ms(0.5):>9.1f}{came.wait_ms(0.99):>9.1f}{row.cpu_us:>9.0f}")
    return row


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


@contextlib.asynccontextmanager
async def _product(folder: Path) -> AsyncIterator[tuple[Child, str, str]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    child = carillon(folder, port, 9, NO_MAIL | {"CARILLON_HOURLY_LIMIT": "10000"})
    child.start()
    try:
        await ready(child, url)
        yield child, url, admin_key(folder)
    finally:
        child.stop()


@contextlib.asynccontextmanager
async def _started(child: Child, port: int) -> AsyncIterator[str]:
    url = f"http://127.0.0.1:{port}"
    child.start()
    try:
        for _ in range(LOOKS):
            if await _answers(url):
                break
            await asyncio.sleep(0.05)
        else:
            raise EngineUnavailable(f"a rival did not start:\n{child.last_words()}")
        yield url
    finally:
        child.stop()


async def _answers(url: str) -> bool:
    http = HttpClient(url)
    try:
        await http.post("/graphql", b"{}", None)
    except NotSent:
        return False
    finally:
        http.close()
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.accept", description=__doc__)
    parser.add_argument("--n", type=int, default=50_000, help="requests to each door")
    parser.add_argument("--people", type=int, default=100_000, help="recipients")
    parser.add_argument("--loaded", type=int, default=1_000_000, help="rows in the store before")
    return run(measure(parser.parse_args(words)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
