"""Many callers, each with a connection and one request at a time, and how long each waited. Used by benchmarks.

Lighter than a client library: on a machine with two cores the caller's own work must not be what is measured.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import urlsplit

import msgspec

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


class Hammered(msgspec.Struct, frozen=True):
    """What came of it. Times are seconds; `waits` are sorted."""

    seconds: float
    waits: Sequence[float]
    unexpected: Sequence[bytes]
    """Answers without the words that each must hold; a few of them."""
    failed: int
    """How many such answers there were."""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.waits) / self.seconds

    def wait_ms(self, share: float) -> float:
        """The wait that this share of the requests stayed below."""
        return self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)] * 1_000


class _Caller(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], expected: bytes, waits: list[float], bad: list[bytes]) -> None:
        self._requests = requests
        self._expected = expected
        self._waits = waits
        self._bad = bad
        self._buffer = b""
        self._left_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by its class
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(END_OF_HEAD)
        if head < 0 or len(self._buffer) < head + len(END_OF_HEAD) + self._length(head):
            return
        self._waits.append(time.perf_counter() - self._left_at)
        if self._expected not in self._buffer:
            self._bad.append(self._buffer)
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _length(self, head: int) -> int:
        lines = self._buffer[:head].lower().split(b"\r\n")
        return next((int(line[len(LENGTH) :]) for line in lines if line.startswith(LENGTH)), 0)

    def _next(self) -> None:
        request = next(self._requests, None)
        if self._transport is None or request is None:
            self.done.set_result(None)
            return
        self._left_at = time.perf_counter()
        self._transport.write(request)


async def hammer(url: str, requests: Iterator[bytes], callers: int, expected: bytes) -> Hammered:
    """Send all requests from so many callers at once; each answer shall hold the `expected` words."""
    parts = urlsplit(url)
    waits: list[float] = []
    bad: list[bytes] = []
    loop = asyncio.get_running_loop()
    began_s = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Caller(requests, expected, waits, bad), parts.hostname or "", parts.port or 80
        )
        for _ in range(callers)
    ]
    await asyncio.gather(*[caller.done for _, caller in made])
    seconds = time.perf_counter() - began_s
    for transport, _ in made:
        transport.close()
    return Hammered(seconds, sorted(waits), bad[:3], len(bad))


def post(path: str, body: bytes, token: str, *more: str) -> bytes:
    """One request as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        "accept: application/json",
        f"authorization: Bearer {token}",
        f"content-length: {len(body)}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
