"""HTTP calls to other parties: the only place that knows the HTTP client. Handed by services to whoever needs it."""

import asyncio
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError

from errors import Unavailable

LETTING_GO_S = 0.05
"""pyreqwest 0.15 closes a client before its thread has let go of the interpreter: a process that ends in that very
moment dies of "PyGILState_Release: thread state must be current" (11 of 60 did, none after this pause). Look again at
the next minor version."""


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


def _innermost(error: PyreqwestError) -> str:
    """What the network said, not what each layer called it."""
    causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return causes[-1]["message"] if causes else error.message
