"""HTTP calls to other parties: the only place that knows the HTTP client. Handed by services to whoever needs it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PoolTimeoutError, PyreqwestError
from pyreqwest.response import Response

from errors import Unavailable

LETTING_GO_S = 0.05
"""pyreqwest 0.15 closes a client before its thread has let go of the interpreter: a process that ends in that very
moment dies of "PyGILState_Release: thread state must be current" (11 of 60 did, none after this pause). Look again at
the next minor version."""
NOT_CONNECTED = "client error (Connect)"
"""How the client's lower layer (hyper-util 0.1) calls a failure before any byte of a request."""


class Download:
    """Gets small documents. A client lives for one call: meant for documents that are asked for every few minutes.

    Args:
        most_bytes: of the body, after decompression.
        within_s: from the first packet to the last byte.
    """

    def __init__(self, most_bytes: int, within_s: float) -> None:
        self._most_bytes = most_bytes
        self._within_s = within_s

    async def __call__(self, url: str) -> bytes:
        """The body of a 200. Redirects are not followed: whoever wrote the URL named the host that is trusted.

        Raises:
            Unavailable: any other answer, too long or too late a one, or none.
        """
        try:
            async with asyncio.timeout(self._within_s), self._client() as client:
                return await self._read(client, url)
        except TimeoutError as error:
            raise Unavailable(f"{url}: no whole answer within {self._within_s:g} s") from error
        except PyreqwestError as error:
            raise Unavailable(f"{url}: {_innermost(error)}") from error
        finally:
            await asyncio.sleep(LETTING_GO_S)

    def _client(self) -> Client:
        return ClientBuilder().follow_redirects(False).timeout(timedelta(seconds=self._within_s)).build()

    async def _read(self, client: Client, url: str) -> bytes:
        async with client.get(url).header("accept", "application/json").build_streamed() as response:
            if response.status != 200:
                raise Unavailable(f"{url}: expected 200, got {response.status}")
            body = bytearray()
            while (chunk := await response.body_reader.read_chunk()) is not None:
                body += chunk
                if len(body) > self._most_bytes:
                    raise Unavailable(f"{url}: longer than {self._most_bytes} bytes")
            return bytes(body)


class Answer(msgspec.Struct, frozen=True):
    """What the other party said, whatever it said."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    """As much of it as was asked for."""


class Silence(msgspec.Struct, frozen=True):
    """There was no whole answer."""

    may_be_taken: bool
    """Bytes of the request may have left; else surely none did."""
    is_late: bool
    text: str
    """What the network said."""


class Post:
    """Posts documents to one party over connections that are kept. Belongs to one event loop.

    Args:
        connect_within_s: for a free connection, and again for a new one.
        answer_within_s: from then to the last byte of the answer.
        most_connections: further calls wait.
        most_bytes: of an answer's body, after decompression; the rest is left unread.
    """

    def __init__(
        self, *, connect_within_s: float, answer_within_s: float, most_connections: int, most_bytes: int = 65_536
    ) -> None:
        self.longest_s = 2 * connect_within_s + answer_within_s
        self._connect_within = timedelta(seconds=connect_within_s)
        self._most_connections = most_connections
        self._most_bytes = most_bytes
        self._client: Client | None = None

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Silence:
        """The answer of whatever status; redirects are not followed. Never raises for what a network can do."""
        try:
            async with asyncio.timeout(self.longest_s):
                return await self._post(url, body, headers)
        except PyreqwestError as error:  # before TimeoutError, which some of them are as well
            return Silence(may_be_taken=not _never_left(error), is_late=False, text=_innermost(error))
        except TimeoutError:
            return Silence(may_be_taken=True, is_late=True, text=f"no whole answer within {self.longest_s:g} s")

    async def aclose(self) -> None:
        """Give up the connections."""
        if self._client is not None:
            await self._client.close()
            await asyncio.sleep(LETTING_GO_S)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        request = self._opened().post(url).headers(dict(headers)).body_bytes(body)
        async with request.build_streamed() as response:
            return Answer(response.status, dict(response.headers), await self._beginning(response))

    async def _beginning(self, response: Response) -> bytes:
        body = bytearray()
        while len(body) < self._most_bytes and (chunk := await response.body_reader.read_chunk()) is not None:
            body += chunk
        return bytes(body[: self._most_bytes])

    def _opened(self) -> Client:
        if self._client is None:
            builder = ClientBuilder().follow_redirects(False).max_connections(self._most_connections)
            self._client = builder.connect_timeout(self._connect_within).pool_timeout(self._connect_within).build()
        return self._client


def _never_left(error: PyreqwestError) -> bool:
    # pyreqwest 0.15 raises ConnectError and ConnectTimeoutError for losses after the request was written too; only the
    # layer below tells the two apart. Look again at the next minor version.
    return isinstance(error, PoolTimeoutError) or NOT_CONNECTED in _causes(error)


def _innermost(error: PyreqwestError) -> str:
    """What the network said, not what each layer called it."""
    causes = _causes(error)
    return causes[-1] if causes else error.message


def _causes(error: PyreqwestError) -> list[str]:
    causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return [cause["message"] for cause in causes or ()]
