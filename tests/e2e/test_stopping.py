"""A clean stop: sockets are told, what was begun is answered, and what was accepted is there after the next start."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.conftest import Settings
from tests.e2e.process import running
from tests.e2e.product import Json, Product, attempts, close_code, deliveries, reached, wanted
from tests.products import SEND

RESTART = 1012
BURST = 40
HANGING = "hang-after-data@example.test"


async def test_who_is_connected_is_told_and_a_call_half_said_is_answered_and_kept(alone: Product) -> None:
    ada = (await alone.people())["ada"]
    body = operation("Half said")
    address = urlsplit(alone.process.url)
    async with alone.following(ada.token, None) as live, alone.socket(alone.admin) as other:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(head(alone.admin, len(body)) + body[: len(body) // 2])
        await writer.drain()
        await alone.get("/health/live")
        alone.process.begin_stop()
        codes = await asyncio.gather(*map(close_code, (live.socket, other)))
        writer.write(body[len(body) // 2 :])
        answer = parsed(await asyncio.wait_for(reader.read(), 10))
        writer.close()
    await asyncio.to_thread(alone.process.end_stop)
    await asyncio.to_thread(alone.process.start)
    story = await alone.completed(answer["data"]["sendNotification"]["notification"]["id"])

    assert codes == [RESTART, RESTART]
    assert {one["state"] for one in deliveries(story).values()} == {"SENT", "DELIVERED"}


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_mutations_that_wait_for_the_store_are_answered_on_both_transports(
    alone: Product, tmp_path: Path
) -> None:
    async with alone.socket(alone.admin) as socket:
        with busy(tmp_path / "var" / "carillon.db"):
            by_post = asyncio.create_task(alone.send({"externalId": "ada"}, "By POST"))
            await socket.say({"id": "1", "type": "subscribe", "payload": json.loads(operation("By socket"))})
            await asyncio.sleep(0.3)
            alone.process.begin_stop()
            await asyncio.sleep(0.5)
            assert not by_post.done()
        answer = await socket.hear()
        done = await socket.hear()
        code = await close_code(socket)
        posted = await by_post
    await asyncio.to_thread(alone.process.end_stop)
    await asyncio.to_thread(alone.process.start)
    sent = answer["payload"]["data"]["sendNotification"]
    stories = [await alone.completed(id_) for id_ in (posted.id, sent["notification"]["id"])]

    assert (answer["type"], done["type"], code) == ("next", "complete", RESTART)
    assert [one["recipientCount"] for one in stories] == [1, 1]


async def test_a_stop_under_load_loses_nothing_that_was_accepted(alone: Product) -> None:
    accepted: list[str] = []
    senders = [asyncio.create_task(send_until_refused(alone, f"stop-{n}", accepted)) for n in range(BURST)]
    while len(accepted) < BURST:
        await asyncio.sleep(0.01)
    took_s = await asyncio.to_thread(alone.process.stop)
    await asyncio.gather(*senders)
    await asyncio.to_thread(alone.process.start)
    stories = [await alone.completed(id_) for id_ in accepted]

    assert took_s < 15 and len(stories) >= BURST
    for story in stories:
        assert {one["state"] for one in deliveries(story).values()} == {"SENT", "DELIVERED"}


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_a_stop_does_not_wait_for_a_call_that_hangs(settings: Settings, tmp_path: Path) -> None:
    with running(tmp_path, {**settings, "CARILLON_EMAIL_FINAL_TIMEOUT_S": "300"}) as process:
        async with reached(process) as product:
            sent = await product.send({"email": HANGING}, "Into the silence", channels=["EMAIL"])
            await product.mails(HANGING)
            took_s = await asyncio.to_thread(process.stop)
            await asyncio.to_thread(process.start)
            story = await product.notification(sent.id)

    first = attempts(deliveries(story)["EMAIL"])[0]
    assert took_s < 15 and (first["outcome"], first["reason"]) == ("UNKNOWN", "WORKER_LOST")


async def send_until_refused(product: Product, who: str, accepted: list[str]) -> None:
    """Send one after the other until the server is gone, and note what it took."""
    while True:
        try:
            answer = await product.try_to_send({"email": f"{who}@example.test"}, "Before the end")
        except httpx.TransportError:
            return
        assert answer["__typename"] == "NotificationAccepted", answer
        accepted.append(answer["notification"]["id"])


@contextmanager
def busy(database: Path) -> Iterator[None]:
    """Nobody can write to the database meanwhile, as on a disk that does not answer."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


def operation(title: str) -> bytes:
    """A mutation that sends to Ada."""
    return json.dumps({"query": SEND, "variables": {"input": wanted({"externalId": "ada"}, title)}}).encode()


def head(token: str, size_bytes: int) -> bytes:
    """The head of a POST that a test finishes by hand."""
    return (
        "POST /graphql HTTP/1.1\r\nhost: carillon\r\ncontent-type: application/json\r\nconnection: close\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {size_bytes}\r\n\r\n"
    ).encode()


def parsed(answer: bytes) -> Json:
    """The JSON in a whole HTTP answer with status 200."""
    said, _, body = answer.partition(b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 "), answer
    return cast(Json, json.loads(body))
