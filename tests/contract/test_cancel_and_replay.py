"""Taking notifications back, and sending dead letters again, at every stage of a delivery's life. On each store."""

import asyncio
import json

import pytest

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.decisions import Rule, StageName, unpack
from models.events.codec import decode
from models.history import Span
from models.ids import DeliveryKey, attempt_key
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import POINTER_BYTES, BusTopic
from models.vocabulary import AuditAction, Channel
from tests.contract.history_rows import History, entry

D = DeliveryState
LATER_US = 3_600_000_000


@pytest.fixture
async def history(store: Store) -> History:
    return History(store)


class One:
    """A tenant with a user and a notification to them."""

    def __init__(self, history: History, tenant: bytes, user: bytes, notification: bytes) -> None:
        self.history, self.tenant, self.user, self.notification = history, tenant, user, notification
        self.store = history.store
        self.mail: DeliveryKey = (notification, user, int(Channel.EMAIL))
        self.item: DeliveryKey = (notification, user, int(Channel.IN_APP))

    async def cancel(self) -> op.Cancelled | op.TooLate | None:
        at_us = self.history.clock.now_us()
        audit = entry(AuditAction.NOTIFICATION_CANCELLED)
        return await self.store.write(op.Cancel(self.tenant, self.notification, at_us, audit))

    async def replay(self, *keys: DeliveryKey) -> op.Replayed:
        at_us = self.history.clock.now_us()
        audit = entry(AuditAction.DEAD_LETTERS_REPLAYED)
        return await self.store.write(op.Replay(self.tenant, keys or (self.mail,), at_us, audit))

    async def expand(self) -> None:
        await self.history.expanded(self.tenant, self.notification, [self.user])

    async def delivery(self, key: DeliveryKey) -> q.DeliveryRow:
        [row] = await self.store.read(q.DeliveriesByKey((self.tenant,), ((self.tenant, key),)))
        return row

    async def state(self, key: DeliveryKey) -> tuple[int, int | None]:
        row = await self.delivery(key)
        return row.state, row.reason

    async def letters(self) -> list[tuple[DeliveryKey, int]]:
        [found] = await self.store.read(q.DeadLettersPage(self.tenant, Span(), None, 100, False))
        return [(row.key, row.reason) for row in found.rows]

    async def woken(self) -> int:
        return await self.store.write(op.Wake(1 << 60, 100))

    async def audited(self) -> list[tuple[int, object]]:
        rows = await self.store.read(q.AuditPage(self.tenant, 0, 1 << 60, 100, newest_first=False))
        return [(row.action, json.loads(row.after or b"null")) for row in rows]

    async def queued(self, topic: BusTopic = BusTopic.EMAIL_QUEUED) -> list[bytes]:
        rows = await self.store.write(op.TakeOutbox(topic, self.history.ids.new(), 1_000))
        await self.store.write(op.DropOutbox(tuple([row.seq for row in rows])))
        return [pointer for row in rows for _, pointer in decode(row.payload, POINTER_BYTES[topic])]


async def one(history: History, *, send_at: int | None = None, expires_at: int | None = None) -> One:
    tenant = await history.tenant()
    [user] = await history.users(tenant, 1)
    notification = await history.accepted(tenant, [user], send_at=send_at, expires_at=expires_at)
    return One(history, tenant, user, notification)


# ------------------------------------------------------------------------------------------------------------- cancel


async def test_a_scheduled_notification_is_never_woken(history: History) -> None:
    it = await one(history, send_at=history.clock.us + LATER_US)

    assert await it.cancel() == op.Cancelled(0, 0, repeated=False)

    assert await it.woken() == 0
    [row] = await it.store.read(q.NotificationsById((it.tenant,), (it.notification,)))
    assert row.cancelled_at is not None
    assert await it.audited() == [(AuditAction.NOTIFICATION_CANCELLED, {"stopped": 0, "left": 0})]


async def test_what_is_expanded_after_the_cancellation_does_not_go_out(history: History) -> None:
    it = await one(history)
    await it.cancel()

    await it.expand()

    for key in (it.mail, it.item):
        row = await it.delivery(key)
        assert (row.state, row.reason) == (D.CANCELLED, ReasonCode.CANCELLED)
        assert unpack(row.decisions)[-1] == (StageName.AUDIENCE, Rule.TAKEN_BACK)
    assert await it.queued() == []
    assert await it.store.read(q.Heads((it.tenant,), (it.user,))) == []


async def test_what_waits_is_stopped_and_what_was_delivered_stays(history: History) -> None:
    it = await one(history)
    await it.expand()

    answers = [await it.cancel(), await it.cancel()]

    assert answers == [op.Cancelled(1, 1, repeated=False), op.Cancelled(1, 1, repeated=True)]
    assert await it.state(it.mail) == (D.CANCELLED, ReasonCode.CANCELLED)
    assert await it.state(it.item) == (D.DELIVERED, None)
    assert await history.claimed(it.tenant, it.mail) == set()
    assert [action for action, _ in await it.audited()] == [AuditAction.NOTIFICATION_CANCELLED]


async def test_a_planned_retry_is_stopped(history: History) -> None:
    it = await one(history)
    await it.expand()
    await history.claimed(it.tenant, it.mail)
    retry_at = history.clock.us + LATER_US
    await history.settled(it.tenant, it.mail, state=D.RETRY_WAIT, outcome=Outcome.BUSY, retry_at=retry_at)

    assert await it.cancel() == op.Cancelled(1, 1, repeated=False)

    row = await it.delivery(it.mail)
    assert (row.state, row.next_attempt_at, row.attempts) == (D.CANCELLED, None, 1)
    assert await it.woken() == 0


async def test_a_resend_of_what_may_have_left_is_given_up(history: History) -> None:
    it = await one(history)
    await it.expand()
    await history.claimed(it.tenant, it.mail)
    retry_at = history.clock.us + LATER_US
    await history.settled(it.tenant, it.mail, state=D.UNKNOWN, outcome=Outcome.UNKNOWN, retry_at=retry_at)

    assert await it.cancel() == op.Cancelled(0, 2, repeated=False)

    assert await it.state(it.mail) == (D.DEAD, ReasonCode.OUTCOME_UNKNOWN)
    assert await it.letters() == [(it.mail, ReasonCode.OUTCOME_UNKNOWN)]
    assert await it.woken() == 0


async def test_what_is_held_in_doubt_stays_so(history: History) -> None:
    it = await one(history)
    await it.expand()
    await history.claimed(it.tenant, it.mail)
    dead = ReasonCode.OUTCOME_UNKNOWN
    await history.settled(it.tenant, it.mail, state=D.UNKNOWN, outcome=Outcome.UNKNOWN, dead=dead)

    assert await it.cancel() == op.Cancelled(0, 2, repeated=False)

    assert (await it.state(it.mail))[0] == D.UNKNOWN
    assert (await it.replay()).refused == ((it.mail, ReasonCode.CANCELLED),)


@pytest.mark.parametrize(
    ("state", "outcome", "repeats", "then"),
    [
        (D.SENT, Outcome.SENT, False, D.SENT),
        (D.RETRY_WAIT, Outcome.BUSY, True, D.CANCELLED),
        (D.RETRY_WAIT, Outcome.NOT_CALLED, True, D.CANCELLED),
        (D.UNKNOWN, Outcome.UNKNOWN, True, D.DEAD),
        (D.FAILED, Outcome.REFUSED, False, D.FAILED),
    ],
)
async def test_what_is_under_way_ends_as_it_ends_and_nothing_follows(
    history: History, state: D, outcome: Outcome, repeats: bool, then: D
) -> None:
    it = await one(history)
    await it.expand()
    await history.claimed(it.tenant, it.mail)

    assert await it.cancel() == op.Cancelled(0, 2, repeated=False)
    retry_at = history.clock.us + LATER_US if repeats else None
    await history.settled(it.tenant, it.mail, state=state, outcome=outcome, retry_at=retry_at)

    assert (await it.state(it.mail))[0] == then
    assert await it.woken() == 0
    assert await history.claimed(it.tenant, it.mail, number=2) == set()


async def test_a_retry_that_slipped_through_is_stopped_by_its_claim(history: History) -> None:
    """A settlement that was committed beside the cancellation may have planned one."""
    it = await one(history)
    await it.expand()
    await history.claimed(it.tenant, it.mail)
    await it.cancel()
    await history.settled(it.tenant, it.mail, state=D.RETRY_WAIT, outcome=Outcome.BUSY)
    assert (await it.state(it.mail))[0] == D.RETRY_WAIT

    assert await history.claimed(it.tenant, it.mail, number=2) == set()

    assert await it.state(it.mail) == (D.CANCELLED, ReasonCode.CANCELLED)


async def test_it_is_too_late_once_everything_is_final(history: History) -> None:
    it = await one(history)
    await it.expand()
    await history.claimed(it.tenant, it.mail)
    await history.settled(it.tenant, it.mail, state=D.SENT, outcome=Outcome.SENT)

    assert await it.cancel() == op.TooLate()

    [row] = await it.store.read(q.NotificationsById((it.tenant,), (it.notification,)))
    assert row.cancelled_at is None and await it.audited() == []


async def test_absent_and_foreign_are_one(history: History) -> None:
    ours, theirs = await one(history), await one(history)
    ours.notification = theirs.notification
    assert await ours.cancel() is None
    ours.notification = history.ids.new()
    assert await ours.cancel() is None
    [row] = await theirs.store.read(q.NotificationsById((theirs.tenant,), (theirs.notification,)))
    assert row.cancelled_at is None


async def test_many_who_cancel_at_once_get_one_answer_and_one_of_them_did_it(history: History) -> None:
    it = await one(history)
    await it.expand()

    answers = await asyncio.gather(*[it.cancel() for _ in range(20)])

    assert {(one.stopped, one.left) for one in answers if isinstance(one, op.Cancelled)} == {(1, 1)}
    assert sorted([one.repeated for one in answers if isinstance(one, op.Cancelled)]) == [False] + [True] * 19
    assert len(await it.audited()) == 1


# ------------------------------------------------------------------------------------------------------------- replay


async def test_a_dead_letter_goes_back_to_the_queue_once(history: History) -> None:
    it = await one(history)
    await it.expand()
    await it.queued()
    await history.died(it.tenant, it.mail)
    assert await it.letters() == [(it.mail, ReasonCode.MAILBOX_UNAVAILABLE)]

    answers = await asyncio.gather(*[it.replay() for _ in range(10)])

    assert sorted([len(answer.queued) for answer in answers]) == [0] * 9 + [1]
    assert await it.letters() == []
    assert [attempt_key(pointer) for pointer in await it.queued()] == [(*it.mail, 2)]
    row = await it.delivery(it.mail)
    assert (row.state, row.reason, row.attempts) == (D.QUEUED, None, 1)
    assert await it.audited() == [(AuditAction.DEAD_LETTERS_REPLAYED, {"queued": 1, "refused": 0})]
    [sendable] = await it.store.read(q.Sendable((it.tenant,), ((it.tenant, it.mail),)))
    assert sendable.begins_at > row.created_at
    assert await history.claimed(it.tenant, it.mail, number=2) == {it.mail}


async def test_what_has_expired_stays_a_dead_letter(history: History) -> None:
    it = await one(history, expires_at=history.clock.us + 60_000_000)
    await it.expand()
    await history.died(it.tenant, it.mail)
    history.clock.us += LATER_US

    assert await it.replay() == op.Replayed((), ((it.mail, ReasonCode.EXPIRED),))
    assert len(await it.letters()) == 1 and await it.audited() == []


async def test_what_has_become_something_else_meanwhile_is_left_alone(history: History) -> None:
    it = await one(history)
    await it.expand()

    assert await it.replay(it.mail, it.item) == op.Replayed((), ())
    assert (await it.state(it.mail))[0] == D.QUEUED


async def test_nobody_replays_another_tenants(history: History) -> None:
    ours, theirs = await one(history), await one(history)
    await theirs.expand()
    await history.died(theirs.tenant, theirs.mail)

    assert await ours.replay(theirs.mail) == op.Replayed((), ())
    assert len(await theirs.letters()) == 1


async def test_what_was_held_in_doubt_is_sent_on_demand(history: History) -> None:
    it = await one(history)
    await it.expand()
    await it.queued()
    await history.claimed(it.tenant, it.mail)
    dead = ReasonCode.OUTCOME_UNKNOWN
    await history.settled(it.tenant, it.mail, state=D.UNKNOWN, outcome=Outcome.UNKNOWN, dead=dead)

    assert (await it.replay()).queued == (it.mail,)
    assert (await it.state(it.mail))[0] == D.QUEUED and len(await it.queued()) == 1
