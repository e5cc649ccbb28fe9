"""A process that dies in the middle of a call: the next one says so and goes on."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.children import Ports, simulator, smtp_journal
from simulator.journal import read_journal
from tests.e2e.conftest import Settings
from tests.e2e.process import running
from tests.e2e.product import Json, Product, attempts, deliveries, reached, until

LONG_S = 300
SHORT = {"CARILLON_EMAIL_TIMEOUT_S": "1", "CARILLON_EMAIL_FINAL_TIMEOUT_S": "5"}
"""A lease of 22 s: who shares a store has to wait for its end before a dead worker's work may be taken over."""
RESUMES_WITHIN_S = 35.0
HANGING = "hang-after-data@example.test"


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[Ports]:
    """An SMTP server that outlives the product."""
    with simulator(tmp_path) as ports:
        yield ports


async def test_a_call_cut_off_by_a_kill_is_unknown_and_the_delivery_goes_on(
    settings: Settings, store_kind: str, smtp: Ports, tmp_path: Path
) -> None:
    timeouts = {"CARILLON_EMAIL_FINAL_TIMEOUT_S": str(LONG_S)} if store_kind == "sqlite" else SHORT
    email = {"CARILLON_EMAIL": f"smtp://127.0.0.1:{smtp.smtp_port}?tls=none"}
    with running(tmp_path, {**settings, **timeouts, **email}) as process:
        async with reached(process) as product:
            sent = await product.send({"email": HANGING}, "Into the silence", channels=["EMAIL"])
            await until(lambda: taken(tmp_path), lambda count: count == 1)
            process.kill()
            await asyncio.to_thread(process.start)
            began_s = time.monotonic()
            story = await until(lambda: product.notification(sent.id), is_going_on, RESUMES_WITHIN_S)
            took_s = time.monotonic() - began_s

    first, second = attempts(deliveries(story)["EMAIL"])[:2]
    assert (first["outcome"], first["reason"], first["settledAt"] is not None) == ("UNKNOWN", "WORKER_LOST", True)
    assert second["number"] == 2
    if store_kind == "sqlite":
        assert took_s < 5, f"a file's only server went on after {took_s:.1f} s"
        assert "1 calls of the last run have an unknown outcome" in process.said.read_text()


async def taken(folder: Path) -> int:
    """How many mails the SMTP server holds."""
    await asyncio.sleep(0)
    journal = smtp_journal(folder)
    return sum(line.taken for line in read_journal(journal)) if journal.exists() else 0


def is_going_on(story: Json) -> bool:
    """Whether a second attempt has begun."""
    by_mail = deliveries(story).get("EMAIL")
    return by_mail is not None and len(attempts(by_mail)) > 1


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_everything_accepted_before_a_kill_is_delivered_after_it(alone: Product) -> None:
    calls = [alone.send({"email": f"kill-{number}@example.test"}, f"No. {number}") for number in range(60)]
    answered = [asyncio.create_task(call) for call in calls]
    await asyncio.wait(answered, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0.02)
    alone.process.kill()
    answers = await asyncio.gather(*answered, return_exceptions=True)
    accepted = [answer.id for answer in answers if not isinstance(answer, BaseException)]
    await asyncio.to_thread(alone.process.start)
    stories = [await alone.completed(id_) for id_ in accepted]

    assert len(accepted) > 0
    for story in stories:
        assert {one["state"] for one in deliveries(story).values()} == {"SENT", "DELIVERED"}
