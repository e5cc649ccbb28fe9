"""A keep-alive HTTP/1.1 client that tells a request that never left from one that got no answer. Used by `bench.api`.

Drills depend on that difference: only the first may be repeated without an idempotency key.
"""

import asyncio
from urllib.parse import urlsplit

import httptools
import msgspec

READ_BYTES = 1 << 18


class NotSent(Exception):
    """There was no connection: the server cannot know of the request."""


class Unanswered(Exception):
    """The request left, and the connection broke or the time ran out before the whole answer was there."""


class Answer(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    body: bytes


class HttpClient:
    """One connection to one server, opened when needed and again after it broke. One request at a time."""

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 80
        self._timeout_s = timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        """Raises NotSent or Unanswered."""
        return await self._exchange(f"GET {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\n\r\n".encode())

    async def post(self, path: str, body: bytes, token: str | None) -> Answer:
        """Send JSON. Raises NotSent or Unanswered."""
        lines = [
            f"POST {path} HTTP/1.1",
            f"host: {self._host}:{self._port}",
            "content-type: application/json",
            "accept: application/json",
            f"content-length: {len(body)}",
            *([f"authorization: Bearer {token}"] if token else []),
        ]
        return await self._exchange("\r\n".join([*lines, "", ""]).encode() + body)

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: bytes) -> Answer:
        reader, writer = await self._connected()
        try:
            async with asyncio.timeout(self._timeout_s):
                writer.write(request)
                return await self._answer(reader)
        except (OSError, EOFError, TimeoutError, httptools.HttpParserError) as error:
            self.close()
            raise Unanswered(f"{type(error).__name__}: {error}") from error
        except asyncio.CancelledError:
            self.close()
            raise

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            try:
                async with asyncio.timeout(self._timeout_s):
                    self._streams = await asyncio.open_connection(self._host, self._port, limit=READ_BYTES)
            except (OSError, TimeoutError) as error:
                raise NotSent(f"{self._host}:{self._port}: {error}") from error
        return self._streams

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        collector = _Collector()
        parser = httptools.HttpResponseParser(collector)
        while not collector.complete:
            chunk = await reader.read(READ_BYTES)
            if not chunk:
                raise EOFError("the connection ended before the answer did")
            parser.feed_data(chunk)
        if not parser.should_keep_alive():
            self.close()
        return Answer(parser.get_status_code(), b"".join(collector.pieces))


class _Collector:
    """Called by httptools, by these names."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        self.complete = True
