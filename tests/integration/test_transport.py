"""What is fetched from other parties comes whole, in time, within bounds and from the named host, or not at all."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from dispatchers.transport import Download
from errors import Unavailable
from tests.identity_providers import KeyServer, key_server


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with key_server() as served:
        served.body = b"0123456789"
        yield served


async def test_a_document_comes_whole(server: KeyServer) -> None:
    assert await Download(10, 5)(server.url) == b"0123456789"


async def test_a_document_over_the_limit_is_not_taken_packed_or_not(server: KeyServer) -> None:
    with pytest.raises(Unavailable, match="longer than 9 bytes"):
        await Download(9, 5)(server.url)
    server.headers, server.body = ["content-encoding: gzip"], gzip.compress(bytes(10_000_000))
    with pytest.raises(Unavailable, match="longer than 262144 bytes"):
        await Download(262_144, 5)(server.url)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "404 Not Found", "500 Oh"])
async def test_any_other_answer_than_200_is_none(server: KeyServer, status: str) -> None:
    server.status, server.body = status, b""

    with pytest.raises(Unavailable, match=f"expected 200, got {status[:3]}"):
        await Download(10, 5)(server.url)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_a_redirect_is_not_followed(server: KeyServer, status: str) -> None:
    async with key_server() as other:
        server.status, server.headers = status, [f"location: {other.url}"]

        with pytest.raises(Unavailable, match="expected 200"):
            await Download(10, 5)(server.url)
        assert (server.asked, other.asked) == (1, 0)


async def test_an_answer_that_takes_too_long_is_not_waited_for(server: KeyServer) -> None:
    server.delay_s = 30
    begun_s = asyncio.get_running_loop().time()

    with pytest.raises(Unavailable, match=r"within 0\.2 s"):
        await Download(10, 0.2)(server.url)
    assert asyncio.get_running_loop().time() - begun_s < 3


async def test_nobody_there_is_said_in_the_networks_words() -> None:
    with pytest.raises(Unavailable, match="refused"):
        await Download(10, 5)("http://127.0.0.1:1/")


async def test_a_server_without_a_trusted_certificate_is_not_believed(server: KeyServer) -> None:
    with pytest.raises(Unavailable):
        await Download(10, 5)(server.url.replace("http:", "https:"))
