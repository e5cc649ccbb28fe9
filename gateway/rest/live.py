"""One open stream of server-sent events: sends what comes, a heartbeat where nothing does, and ends when told to."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from starlette.types import Receive, Send

from errors import Unavailable
from gateway.rest.event_stream import HEARTBEAT, RETRY_MS, retry


class StreamLimits(msgspec.Struct, frozen=True):
    """Bounds of one stream. Times are seconds."""

    heartbeat_s: float = 30.0
    """Of silence, before a comment is sent that keeps the connection open on its way."""
    stalled_s: float = 30.0
    """How long a client may leave what was sent to it: then it gets no more than the end.

    Behind a client that does not read, nothing is gathered: at most one piece waits beside what the server and the
    network hold (64 KiB), far less than the 1 MiB of a socket.
    """


class LiveStream:
    """A stream after its headers.

    Args:
        send, receive: ASGI's; nothing but the client's leaving is received.
    """

    def __init__(self, send: Send, receive: Receive, limits: StreamLimits) -> None:
        self._send = send
        self._receive = receive
        self._limits = limits
        self._last: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def end(self, last: bytes) -> None:
        """Send this, and end; the first call counts."""
        if not self._last.done():
            self._last.set_result(last)

    async def run(self, first: bytes, pieces: AsyncGenerator[bytes, None]) -> None:
        """Send `first` and what follows, until the client leaves, `end` is called, or nothing follows."""
        gone = asyncio.create_task(self._gone())
        try:
            last = await self._pump(first, pieces, gone)
            if not gone.done():
                await self._send({"type": "http.response.body", "body": last})
        finally:
            gone.cancel()
            await pieces.aclose()

    async def _pump(self, first: bytes, pieces: AsyncGenerator[bytes, None], gone: asyncio.Task[None]) -> bytes:
        """Send until there is a last thing to say, which is given."""
        following: asyncio.Task[bytes] | None = None
        piece = first
        try:
            while await self._put(piece):
                following = following or asyncio.create_task(_next(pieces))
                await asyncio.wait(
                    (following, gone, self._last),
                    timeout=self._limits.heartbeat_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if gone.done() or self._last.done():
                    break
                piece = following.result() if following.done() else HEARTBEAT
                if following.done():
                    following = None
        except (StopAsyncIteration, Unavailable):
            return retry(RETRY_MS)
        finally:
            if following is not None:
                following.cancel()
                await asyncio.wait((following,))
        return self._last.result() if self._last.done() else b""

    async def _put(self, piece: bytes) -> bool:
        """Whether the client took it in time."""
        try:
            async with asyncio.timeout(self._limits.stalled_s):
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            return False
        return True

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _next(pieces: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(pieces)
