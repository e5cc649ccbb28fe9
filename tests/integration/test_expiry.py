"""What has expired or was taken back goes no further, wherever it waits: told hop by hop, on each store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from dispatchers.delivery import Delivery
from dispatchers.email.channel import EmailChannel
from dispatchers.provider import EmailMessage, Recipient
from dispatchers.stages.audience import Audience as AudienceStage
from dispatchers.stages.plan import Plan
from engines.store import operations as op
from engines.store import queries as q
from models.content import Content
from models.decisions import Rule, StageName, unpack
from models.ids import attempt_bytes
from models.states import DeliveryState, Outcome, ReasonCode
from models.vocabulary import Channel
from services.access import FIRST_TENANT
from services.email import email_provider, policies, tools
from services.metrics import Metrics
from services.orchestrator import orchestrator
from tests.pipelines import PATIENCE_S, SECOND_US, Pipeline
from tests.simulators import DrivenClock, Side
from usecases.requests import Audience, SendRequest, UserRequest

CONTENT = Content(body="Order 17 is packed.")
BOTH = (Channel.EMAIL, Channel.IN_APP)
EXPIRED = (DeliveryState.EXPIRED, ReasonCode.EXPIRED)


@pytest.fixture
async def ada(pipeline: Pipeline) -> bytes:
    [answer] = await pipeline.upsert(pipeline.caller, [UserRequest("ada", email="ada@example.test")])
    assert isinstance(answer, op.Upserted)
    return answer.id


async def send(pipeline: Pipeline, seconds: float, channels: Sequence[Channel] = BOTH, **more: object) -> bytes:
    """A notification to ada that expires so soon."""
    expires_at = pipeline.base.clock.now_us() + round(seconds * SECOND_US)
    request = SendRequest(
        Audience(external_id="ada"), CONTENT, channels=tuple(channels), expires_at=expires_at, **more  # type: ignore[arg-type]
    )  # fmt: skip
    [answer] = await pipeline.send(pipeline.caller, [request])
    assert isinstance(answer, op.Accepted), answer
    return answer.id


def ends(rows: Sequence[q.DeliveryRow]) -> list[tuple[int, int | None]]:
    return [(row.state, row.reason) for row in rows]


async def inbox(pipeline: Pipeline, user: bytes) -> int:
    return len(await pipeline.base.store.read(q.InboxAfter(FIRST_TENANT, user, 0, 10)))


@asynccontextmanager
async def expanding(pipeline: Pipeline) -> AsyncIterator[None]:
    """Somebody expands again, until the block ends."""
    consumer = orchestrator(pipeline.base, pipeline.bus, pipeline.broadcast, Metrics())
    running = asyncio.create_task(consumer.run())
    yield
    consumer.stop()
    await running


async def test_what_expired_before_it_was_worked_out_reaches_no_inbox(
    pipeline: Pipeline, ada: bytes, side: Side
) -> None:
    await pipeline.stop()
    notification = await send(pipeline, 10)
    await pipeline.pass_time(10)
    async with expanding(pipeline):
        rows = await pipeline.settled(notification, 2)

    assert ends(rows) == [EXPIRED, EXPIRED]
    assert unpack(rows[0].decisions) == [(StageName.AUDIENCE, Rule.TOO_LATE)]
    assert (await inbox(pipeline, ada), await side.shown()) == (0, [])


async def test_a_schedule_that_is_woken_too_late_is_expired(pipeline: Pipeline, ada: bytes, side: Side) -> None:
    due = pipeline.base.clock.now_us() + 60 * SECOND_US
    notification = await send(pipeline, 70, send_at=due)
    await pipeline.pass_time(71)

    assert ends(await pipeline.settled(notification, 2)) == [EXPIRED, EXPIRED]
    assert (await inbox(pipeline, ada), await side.shown()) == (0, [])


async def queued(pipeline: Pipeline, seconds: float) -> q.DeliveryRow:
    """An e-mail for which nobody has made an attempt."""
    await pipeline.stop()
    notification = await send(pipeline, seconds, [Channel.EMAIL])
    async with expanding(pipeline), asyncio.timeout(PATIENCE_S):
        while not (rows := await pipeline.deliveries(notification)):
            await asyncio.sleep(0.02)
    return rows[0]


async def deliver(pipeline: Pipeline, delivery: q.DeliveryRow, side: Side, channel: EmailChannel) -> None:
    """The next attempt of one delivery, through a channel of the test's."""
    base = pipeline.base
    provider = email_provider(base.settings, base.clock, side.port)
    delivering = Delivery(
        Channel.EMAIL, channel, provider, tools(base, pipeline.bus, pipeline.lease, Metrics()), policies(base)
    )
    await delivering([(FIRST_TENANT, attempt_bytes((*delivery.key, delivery.attempts + 1)))])
    await provider.aclose()


async def test_what_expired_before_it_was_claimed_is_not_sent(pipeline: Pipeline, ada: bytes, side: Side) -> None:
    assert ada
    waiting = await queued(pipeline, 10)
    await pipeline.pass_time(10)
    await deliver(pipeline, waiting, side, EmailChannel("bells@example.test"))

    [row] = await pipeline.settled(waiting.notification)
    [attempt] = await pipeline.attempts(row)
    assert (ends([row]), attempt.outcome, await side.shown()) == ([EXPIRED], Outcome.NOT_CALLED, [])


class SlowChannel(EmailChannel):
    """Composing takes a while."""

    def __init__(self, clock: DrivenClock, seconds: float) -> None:
        super().__init__("bells@example.test")
        self._clock = clock
        self._us = round(seconds * SECOND_US)

    def compose(self, recipients: Sequence[tuple[Recipient, Content]]) -> Sequence[EmailMessage]:
        """See `EmailChannel`."""
        self._clock.us += self._us
        return super().compose(recipients)


@pytest.mark.parametrize(("took_s", "sent"), [(9.999, 1), (10, 0)])
async def test_what_expires_while_it_is_made_ready_is_not_sent(
    pipeline: Pipeline, ada: bytes, side: Side, took_s: float, sent: int
) -> None:
    assert ada and isinstance(pipeline.base.clock, DrivenClock)
    waiting = await queued(pipeline, 10)
    await deliver(pipeline, waiting, side, SlowChannel(pipeline.base.clock, took_s))

    [row] = await pipeline.settled(waiting.notification)
    assert len(await side.shown()) == sent
    assert ends([row]) == ([(DeliveryState.SENT, None)] if sent else [EXPIRED])


async def test_a_retry_that_would_come_too_late_is_not_planned(pipeline: Pipeline, side: Side) -> None:
    await pipeline.upsert(pipeline.caller, [UserRequest("ada", email="defer-always@example.test")])
    notification = await send(pipeline, 3, [Channel.EMAIL])
    await pipeline.settled(notification)
    await pipeline.pass_time(1)

    [row] = await pipeline.settled(notification)
    assert (ends([row]), row.next_attempt_at) == ([EXPIRED], None)
    assert await side.shown() == []


async def test_what_was_taken_back_before_it_was_worked_out_says_so(pipeline: Pipeline, ada: bytes) -> None:
    base = pipeline.base
    row = q.PendingRow(FIRST_TENANT, base.ids.new(), 3, 1 << Channel.IN_APP, "transactional", ada, None, 1)

    [plan] = await AudienceStage(base.store, base.clock)([Plan(row)])

    assert (plan.state, plan.reason) == (DeliveryState.CANCELLED, ReasonCode.CANCELLED)
    assert unpack(plan.decisions) == [(StageName.AUDIENCE, Rule.TAKEN_BACK)]
