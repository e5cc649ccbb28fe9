"""From acceptance to the mailbox and the inbox: what becomes of a notification behind the doors, on each store."""

import asyncio
from pathlib import Path

import pytest

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.content import Content
from models.ids import Ids
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import BusTopic
from models.vocabulary import Channel
from services.access import FIRST_TENANT
from tests.pipelines import SECOND_US, Pipeline, running
from tests.simulators import Side
from usecases.requests import Audience, SendRequest, UserRequest

CONTENT = Content(body="Order 17 is packed.", title="Packed", url="https://shop.example/17")


async def send(pipeline: Pipeline, to: Audience, **more: object) -> bytes:
    """Accept one notification; its id."""
    [answer] = await pipeline.send(pipeline.caller, [SendRequest(to, CONTENT, **more)])  # type: ignore[arg-type]
    assert isinstance(answer, op.Accepted), answer
    return answer.id


async def send_mail(pipeline: Pipeline, address: str, **more: object) -> bytes:
    return await send(pipeline, Audience(email=address), channels=(Channel.EMAIL,), **more)


def states(rows: list[q.DeliveryRow]) -> list[tuple[str, str | None]]:
    """(state, reason) of each, by name."""
    return [(DeliveryState(row.state).name, ReasonCode(row.reason).name if row.reason else None) for row in rows]


async def test_one_request_rings_mailbox_and_inbox(pipeline: Pipeline, side: Side) -> None:
    [ada] = await pipeline.upsert(pipeline.caller, [UserRequest("ada", email="ada@example.test")])
    assert isinstance(ada, op.Upserted)

    rows = await pipeline.settled(await send(pipeline, Audience(external_id="ada")), 2)

    assert sorted(states(rows)) == [("DELIVERED", None), ("SENT", None)]
    [mail] = await side.shown()
    assert (mail["to"], mail["subject"]) == ("ada@example.test", "Packed")
    [item] = await pipeline.base.store.read(q.InboxAfter(FIRST_TENANT, ada.id, 0, 10))
    assert item.seq == 1


@pytest.mark.parametrize(
    ("address", "state", "reason", "outcome"),
    [
        ("bounce@example.test", "FAILED", "ADDRESS_INVALID", Outcome.REFUSED),
        ("full@example.test", "FAILED", "MAILBOX_FULL", Outcome.REFUSED),
        ("policy@example.test", "FAILED", "POLICY_REJECTED", Outcome.REFUSED),
        ("defer@example.test", "RETRY_WAIT", "PROVIDER_BUSY", Outcome.BUSY),
        ("drop@example.test", "RETRY_WAIT", "CONNECTION_LOST", Outcome.BUSY),
        ("hang-after-data@example.test", "UNKNOWN", "ANSWER_TIMED_OUT", Outcome.UNKNOWN),
        ("drop-after-data@example.test", "UNKNOWN", "CONNECTION_LOST", Outcome.UNKNOWN),
    ],
)
async def test_each_answer_becomes_its_state(
    pipeline: Pipeline, address: str, state: str, reason: str, outcome: Outcome
) -> None:
    rows = await pipeline.settled(await send_mail(pipeline, address))

    assert states(rows) == [(state, reason)]
    [attempt] = await pipeline.attempts(rows[0])
    assert (attempt.outcome, attempt.number) == (outcome, 1)
    assert address not in (attempt.answer or "")


async def test_a_deferred_mail_arrives_once_on_the_retry_schedule(pipeline: Pipeline, side: Side) -> None:
    notification = await send_mail(pipeline, "defer@example.test")
    rows = await pipeline.settled(notification)
    for seconds in (1, 7):
        await pipeline.pass_time(seconds)
        rows = await pipeline.settled(notification)

    assert states(rows) == [("SENT", None)]
    assert [attempt.outcome for attempt in await pipeline.attempts(rows[0])] == [
        Outcome.BUSY,
        Outcome.BUSY,
        Outcome.SENT,
    ]
    assert len(await side.shown()) == 1


async def test_an_unknown_outcome_is_resent_twice_and_then_given_up(pipeline: Pipeline, side: Side) -> None:
    notification = await send_mail(pipeline, "drop-after-data@example.test")
    rows = await pipeline.settled(notification)
    for seconds in (1, 7, 60):
        await pipeline.pass_time(seconds)
        rows = await pipeline.settled(notification)

    assert states(rows) == [("DEAD", "OUTCOME_UNKNOWN")]
    assert [attempt.outcome for attempt in await pipeline.attempts(rows[0])] == [Outcome.UNKNOWN] * 3
    assert len({mail["messageId"] for mail in await side.shown()}) == 1


async def test_held_unknowns_are_not_sent_again(store: Store, side: Side, tmp_path: Path) -> None:
    async with running(store, tmp_path, side.port, CARILLON_WHEN_UNKNOWN="hold") as pipeline:
        notification = await send_mail(pipeline, "drop-after-data@example.test")
        await pipeline.settled(notification)
        await pipeline.pass_time(90_000)
        rows = await pipeline.settled(notification)

        assert states(rows) == [("UNKNOWN", "CONNECTION_LOST")]
        assert len(await pipeline.attempts(rows[0])) == len(await side.shown()) == 1


async def test_a_busy_server_is_asked_until_the_window_closes(pipeline: Pipeline) -> None:
    notification = await send_mail(pipeline, "defer-always@example.test")
    for _ in range(6):
        await pipeline.settled(notification)
        await pipeline.pass_time(1_100)
    await pipeline.settled(notification)
    await pipeline.pass_time(86_400)
    rows = await pipeline.settled(notification)

    assert states(rows) == [("DEAD", "RETRIES_EXHAUSTED")]


async def test_expiry_ends_retries_and_stops_what_was_not_sent(pipeline: Pipeline, side: Side) -> None:
    now_us = pipeline.base.clock.now_us()
    waiting = await send_mail(pipeline, "defer-always@example.test", expires_at=now_us + 60 * SECOND_US)
    later = await send_mail(
        pipeline, "ada@example.test", send_at=now_us + 30 * SECOND_US, expires_at=now_us + 40 * SECOND_US
    )
    await pipeline.settled(waiting)
    await pipeline.pass_time(100)

    assert states(await pipeline.settled(waiting)) == [("EXPIRED", "EXPIRED")]
    assert states(await pipeline.settled(later)) == [("EXPIRED", "EXPIRED")]
    assert await side.shown() == []


async def test_send_at_waits_for_its_time(pipeline: Pipeline, side: Side) -> None:
    due = pipeline.base.clock.now_us() + 3_600 * SECOND_US
    notification = await send_mail(pipeline, "ada@example.test", send_at=due)

    await pipeline.pass_time(3_599)
    assert await pipeline.deliveries(notification) == []
    await pipeline.pass_time(1)
    assert states(await pipeline.settled(notification)) == [("SENT", None)]


async def test_who_has_no_address_is_skipped_with_the_reason(pipeline: Pipeline) -> None:
    await pipeline.upsert(pipeline.caller, [UserRequest("nobody")])

    rows = await pipeline.settled(await send(pipeline, Audience(external_id="nobody")), 2)

    assert sorted(states(rows), key=str) == [("DELIVERED", None), ("SKIPPED", "NO_ADDRESS")]


async def test_a_dead_workers_open_call_is_unknown_and_goes_on(pipeline: Pipeline, side: Side) -> None:
    store, clock = pipeline.base.store, pipeline.base.clock
    ids = Ids(clock.now_us)
    dead = ids.new()
    await store.write(op.Beat(dead, "email", 20 * SECOND_US))
    notification = await send_mail(pipeline, "defer@example.test")
    rows = await pipeline.settled(notification)
    attempt = (*rows[0].key, 2)
    claimed = await store.write(op.Claim(ids.new(), dead, "smtp", ((FIRST_TENANT, attempt),), clock.now_us()))
    assert claimed == {attempt}

    assert await pipeline.worker.sweep(everyone_else=True) == 1
    for seconds in (1, 7, 60):
        await pipeline.pass_time(seconds)
        rows = await pipeline.settled(notification)

    assert states(rows) == [("SENT", None)]
    outcomes = [(one.outcome, one.reason) for one in await pipeline.attempts(rows[0])]
    assert outcomes[1] == (Outcome.UNKNOWN, ReasonCode.WORKER_LOST) and outcomes[-1][0] == Outcome.SENT
    assert len(await side.shown()) == 1


async def test_a_large_audience_is_delivered_to_each_once(pipeline: Pipeline, side: Side) -> None:
    requests = [UserRequest(f"user-{n}", email=f"user-{n}@example.test") for n in range(300)]
    await pipeline.upsert(pipeline.caller, requests)
    everyone = tuple([request.external_id for request in requests])

    notifications = await asyncio.gather(*[send(pipeline, Audience(external_ids=everyone)) for _ in range(2)])
    for notification in notifications:
        rows = await pipeline.settled(notification, 600)
        assert len(rows) == 600
        assert {state for state, _ in states(rows)} == {"SENT", "DELIVERED"}

    assert len(side.mailbox) == 600


async def test_hanging_recipients_hold_up_nobody_else(store: Store, side: Side, tmp_path: Path) -> None:
    variables = {"CARILLON_EMAIL_CONCURRENCY": "4", "CARILLON_EMAIL_FINAL_TIMEOUT_S": "600"}
    async with running(store, tmp_path, side.port, **variables) as pipeline:
        for n in range(3):
            await send_mail(pipeline, f"hang-after-data+{n}@example.test")
        good = [await send_mail(pipeline, f"ada+{n}@example.test") for n in range(40)]

        for notification in good:
            assert states(await pipeline.settled(notification)) == [("SENT", None)]
        await side.smtp.stop()


async def test_a_foreign_event_is_set_aside_and_stops_nobody(pipeline: Pipeline) -> None:
    await pipeline.base.store.write(op.SetAside(-BusTopic.NOTIFICATION_CREATED, (b"\x07 no event",)))  # type: ignore[arg-type]

    rows = await pipeline.settled(await send_mail(pipeline, "ada@example.test"))

    assert states(rows) == [("SENT", None)]
