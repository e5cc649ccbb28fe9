"""The REST door of a started product, met with plain HTTP: what networks do to it, and the lines of the guide."""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest

from bench.children import ROOT
from tests.e2e.process import CarillonProcess
from tests.e2e.product import Product, until

SEND = "/api/v1/notifications"
STREAM = "/api/v1/inbox/stream"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE_S = 20.0


class Wire:
    """One TCP connection, and HTTP/1.1 as it is written."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, text: str | bytes) -> None:
        """Send it as it is."""
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """The status and the headers of the next answer."""
        async with asyncio.timeout(PATIENCE_S):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = [line.partition(": ") for line in lines[1:] if line]
        return int(lines[0].split(" ")[1]), {name.lower(): value for name, _, value in fields}

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        """The next answer with its JSON."""
        status, headers = await self.head()
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return status, headers, json.loads(body) if body else None

    async def until(self, words: bytes) -> bytes:
        """What comes, to the end of these words."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(words)


@asynccontextmanager
async def wire(process: CarillonProcess) -> AsyncIterator[Wire]:
    """A connection, hung up at the end."""
    host, _, port = process.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def written(method: str, path: str, token: str, body: object = None, *more: str) -> str:
    """A request."""
    text = "" if body is None else json.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}", *more]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
    return "\r\n".join([*lines, "", text])


def wanted(title: str) -> dict[str, object]:
    """A body that sends to Ada's inbox."""
    message = {"content": {"title": title, "body": "It is on its way."}}
    return {"to": {"externalId": "ada"}, "message": message, "channels": ["IN_APP"]}


async def test_calls_on_one_connection_are_answered_in_their_order(product: Product) -> None:
    async with wire(product.process) as line:
        await line.say(written("POST", SEND, product.admin, wanted("one")) + written("GET", SEND, product.admin))
        sent, listed = await line.answer(), await line.answer()
        await line.say(written("HEAD", sent[1]["location"], product.admin))
        head = await line.head()
        await line.say(written("GET", sent[1]["location"], product.admin))
        got = await line.answer()

    assert sent[0] == 201 and listed[2]["items"][0]["id"] == sent[2]["id"] == got[2]["id"]
    assert head[0] == 200 and head[1]["content-type"] == got[1]["content-type"] == "application/json"


async def test_a_body_that_comes_too_slowly_or_never_ends_is_refused(product: Product) -> None:
    async with wire(product.process) as slow, wire(product.process) as endless:
        more = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        for line in (slow, endless):
            await line.say(written("POST", SEND, product.admin, None, *more))
        await slow.say("1\r\n{\r\n")
        began_s = time.monotonic()
        for _ in range(18):
            await endless.say(f"{65_536:x}\r\n{'x' * 65_536}\r\n")
        large = await endless.answer()
        late = await slow.answer()
        took_s = time.monotonic() - began_s

    assert (large[0], large[2]["code"]) == (413, "MALFORMED_REQUEST")
    assert (late[0], late[2]["code"]) == (408, "MALFORMED_REQUEST") and 8 < took_s < 15
    assert late[1]["connection"] == "close" and late[1]["content-type"] == "application/problem+json"


async def test_a_caller_that_hangs_up_takes_nothing_back(product: Product) -> None:
    async with wire(product.process) as line:
        await line.say(written("POST", SEND, product.admin, wanted("hung up"), 'Idempotency-Key: "hung-up"'))

    async def again() -> tuple[int, dict[str, str]]:
        async with wire(product.process) as other:
            await other.say(written("POST", SEND, product.admin, wanted("hung up"), "Idempotency-Key: hung-up"))
            return await other.head()

    status, headers = await until(again, lambda answer: "idempotency-replayed" in answer[1])
    assert (status, headers["idempotency-replayed"]) == (201, "true")


async def begun(line: Wire, token: str) -> None:
    """Open the stream, and see that it is live."""
    await line.say(written("GET", STREAM, token, None, "Accept: text/event-stream"))
    assert (await line.head())[1]["content-type"] == "text/event-stream"
    await line.until(b"event: ready\n")


async def test_a_stop_ends_streams_with_a_time_to_come_back(alone: Product) -> None:
    ada = (await alone.people())["ada"]
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(wire(alone.process)) for _ in range(3)]
        for one in lines:
            await begun(one, ada.token)
        alone.process.begin_stop()
        ends = await asyncio.gather(*[one.reader.read() for one in lines])
        took_s = await asyncio.to_thread(alone.process.end_stop)

    hints = [int(found[1]) for end in ends if (found := re.search(rb"retry: (\d+)\n\n\r\n0\r\n\r\n$", end))]
    assert len(set(hints)) == 3 and all(1_000 <= hint <= 6_000 for hint in hints) and took_s < 8


async def test_who_stands_still_neither_fills_the_memory_nor_holds_up_the_stop(alone: Product) -> None:
    ada = (await alone.people())["ada"]
    async with wire(alone.process) as still:
        await begun(still, ada.token)
        before_mb = alone.process.memory_mb
        for number in range(15):
            long = {"message": {"content": {"body": "x" * 60_000}}}
            await alone.send_many([{**wanted(f"{number}/{place}"), **long} for place in range(15)])
        grown_mb = alone.process.memory_mb - before_mb
        await asyncio.to_thread(alone.process.stop)

    assert grown_mb < 150


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
def test_the_lines_of_the_guide_do_what_the_text_says(served: CarillonProcess) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("\n## REST")[2]
    script = "\n".join(BLOCK.findall(text)).replace("http://127.0.0.1:8080", served.url)
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=served.folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "HTTP/1.1 201 Created" in done.stdout and '"state":"SCHEDULED"' in done.stdout
    assert '"repeated":false' in done.stdout and '"path":"/to/users/0"' in done.stdout
    assert '"liveCursor":' in done.stdout and '"changed":' in done.stdout and "event: ready" in done.stdout
