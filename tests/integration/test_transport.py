"""What is fetched from other parties comes whole, in time, within bounds and from the named host, or not at all."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dispatchers.transport import Answer, Download, Post, Silence
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


@asynccontextmanager
async def party(*answers: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Gives each request over a connection its answer, hangs up for an empty one, and keeps silent for None."""
    heard: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                head = await reader.readuntil(b"\r\n\r\n")
                heard.append(await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0])))
                if answer is None:
                    await reader.read()
                elif answer:
                    writer.write(answer)
                    await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v3", heard
    finally:
        server.close()


async def post(url: str, times: int = 1, **options: float) -> Answer | Silence:
    """The last of several answers over one client."""
    within = {"connect_within_s": 1.0, "answer_within_s": 5.0, **options}
    posting = Post(most_connections=1, most_bytes=10, **within)
    try:
        for _ in range(times - 1):
            await posting(url, b"{}", {})
        return await posting(url, b'{"to":1}', {"content-type": "application/json"})
    finally:
        await posting.aclose()


async def test_what_is_posted_is_answered_whatever_the_status() -> None:
    said = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\ncontent-length: 4\r\n\r\nlate"
    async with party(said) as (url, heard):
        answer = await post(url)

    assert isinstance(answer, Answer) and heard == [b'{"to":1}']
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b"late")


async def test_a_connection_is_kept_for_the_next_post_and_a_long_answer_is_cut() -> None:
    said = b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nOk"
    long = b"HTTP/1.1 400 Bad\r\ncontent-length: 20\r\n\r\n01234567890123456789"
    async with party(said, long) as (url, heard):
        answer = await post(url, times=2)

    assert isinstance(answer, Answer) and (answer.status, answer.body) == (400, b"0123456789")
    assert heard == [b"{}", b'{"to":1}']


async def test_where_nobody_listens_nothing_was_taken() -> None:
    answer = await post("http://127.0.0.1:1/")

    assert isinstance(answer, Silence) and not answer.may_be_taken and "refused" in answer.text.lower()


async def test_who_hangs_up_without_an_answer_may_have_taken_it() -> None:
    async with party(b"") as (url, heard):
        answer = await post(url)

    assert isinstance(answer, Silence) and (answer.may_be_taken, answer.is_late) == (True, False)
    assert len(heard) == 1


async def test_a_connection_without_encryption_where_it_was_asked_for_took_nothing() -> None:
    async with party(b"") as (url, heard):
        answer = await post(url.replace("http:", "https:"), connect_within_s=0.3)

    assert isinstance(answer, Silence) and (answer.may_be_taken, heard) == (False, [])


async def test_who_breaks_off_within_an_answer_may_have_taken_it() -> None:
    async with party(b"HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\nOk") as (url, _):
        answer = await post(url)

    assert isinstance(answer, Silence) and answer.may_be_taken


async def test_who_never_answers_may_have_taken_it_and_is_late() -> None:
    async with party(None) as (url, _):
        answer = await post(url, connect_within_s=0.1, answer_within_s=0.2)

    assert isinstance(answer, Silence) and (answer.may_be_taken, answer.is_late) == (True, True)
