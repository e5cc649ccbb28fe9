"""Cancelling against expansion, claims and settlements on PostgreSQL: between any two statements, others commit."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import psycopg
import pytest

from deploy.local.postgres import Postgres
from engines.store import operations as op
from engines.store import queries as q
from engines.store.dialect.base import Statement
from engines.store.postgres import PostgresStore
from models.ids import DeliveryKey
from models.states import DeliveryState, Outcome, ReasonCode
from models.vocabulary import AuditAction, Channel
from tests.contract.history_rows import History, entry
from tests.stores import service_url

D = DeliveryState
PATIENCE_S = 10.0


class Interruption:
    """Stops a store's writer just before a statement with a text in it, until it is let go."""

    def __init__(self) -> None:
        self.before = ""
        self.act: Callable[[], None] = lambda: None

    def __call__(self, statement: Statement) -> None:
        if self.before and self.before in statement.text:
            self.before = ""
            self.act()


@pytest.fixture
def url(postgres_server: Postgres, postgres_database: str) -> str:
    return service_url(postgres_server, postgres_database)


@pytest.fixture
async def stores(url: str) -> AsyncIterator[list[PostgresStore]]:
    async with AsyncExitStack() as stack:
        opened = [PostgresStore(url) for _ in range(2)]
        for store in opened:
            stack.push_async_callback(store.close)
        yield opened


def cancel(history: History, tenant: bytes, notification: bytes) -> op.Cancel:
    at_us = history.clock.now_us()
    return op.Cancel(tenant, notification, at_us, entry(AuditAction.NOTIFICATION_CANCELLED))


def deadlocks(owner_url: str) -> object:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return owner.execute(query).fetchall()[0][0]


class Scramble:
    """Expansions, claims, settlements and cancellations of the same notifications, at once and over two stores."""

    def __init__(self, stores: list[PostgresStore]) -> None:
        self.sides = [History(store) for store in stores]
        for side in self.sides:
            side.worker, side.ids, side.clock = self.sides[0].worker, self.sides[0].ids, self.sides[0].clock
        self.chance = random.Random(17)
        self.answers: list[op.Cancelled | op.TooLate | None] = []

    async def live(self, tenant: bytes, notification: bytes, users: list[bytes]) -> None:
        keys = await self.sides[0].expanded(tenant, notification, users)
        mails = [key for key in keys if key[2] == Channel.EMAIL]
        for at in range(0, len(mails), 3):
            await asyncio.sleep(self.chance.random() * 0.004)
            side = self.chance.choice(self.sides)
            won = await side.claimed(tenant, *mails[at : at + 3])
            await self.settle(side, tenant, won)

    async def settle(self, side: History, tenant: bytes, won: set[DeliveryKey]) -> None:
        match self.chance.randrange(3):
            case 0:
                retry_at = side.clock.us + 1_000_000
                await side.settled(tenant, *won, state=D.RETRY_WAIT, outcome=Outcome.BUSY, retry_at=retry_at)
            case 1:
                await side.settled(tenant, *won, state=D.SENT, outcome=Outcome.SENT)

    async def take_back(self, tenant: bytes, notification: bytes) -> None:
        await asyncio.sleep(self.chance.random() * 0.03)
        side = self.sides[1]
        self.answers.append(await side.store.write(cancel(side, tenant, notification)))


async def test_nothing_is_both_cancelled_and_called(stores: list[PostgresStore], postgres_database: str) -> None:
    scramble = Scramble(stores)
    history = scramble.sides[0]
    tenant = await history.tenant()
    users = await history.users(tenant, 8)
    notifications = [await history.accepted(tenant, users) for _ in range(40)]

    await asyncio.gather(
        *[scramble.live(tenant, one, users) for one in notifications],
        *[scramble.take_back(tenant, one) for one in notifications],
    )

    stretches = await history.store.read(
        q.DeliveriesPages(tenant, tuple([q.DeliveriesPage(one, None) for one in notifications]), 1_000, False)
    )
    rows = {row.key: row for stretch in stretches for row in stretch.rows}
    attempts = await history.store.read(q.AttemptsOf((tenant,), tuple([(tenant, key) for key in rows])))
    # a call that came to nothing may have been followed by a retry that was stopped; no other is, nor is open
    after_all = [one for one in attempts if rows[one.delivery].state == D.CANCELLED and one.outcome != Outcome.BUSY]
    assert after_all == []
    waiting = [row for row in rows.values() if row.state < D.SKIPPED and not row.under_way]
    for row in waiting:
        assert row.state == D.RETRY_WAIT
        assert await history.claimed(tenant, row.key, number=row.attempts + 1) == set()
    states = {row.state for row in rows.values()}
    assert states >= {D.CANCELLED, D.SENT} and deadlocks(postgres_database) == 0
    assert sum(isinstance(answer, op.Cancelled) for answer in scramble.answers) > 20


async def test_a_claim_that_is_under_way_is_waited_for(url: str, postgres_database: str) -> None:
    """The claim has read that the delivery waits; the cancellation comes before its row is there."""
    interruption = Interruption()
    claiming, cancelling = PostgresStore(url, observe=interruption), PostgresStore(url)
    history = History(cancelling)
    tenant = await history.tenant()
    users = await history.users(tenant, 1)
    notification = await history.accepted(tenant, users)
    keys = await history.expanded(tenant, notification, users)
    [mail] = [key for key in keys if key[2] == Channel.EMAIL]
    taken: list[asyncio.Task[op.Cancelled | op.TooLate | None]] = []

    def come_between() -> None:
        taken.append(asyncio.get_running_loop().create_task(cancelling.write(cancel(history, tenant, notification))))

    interruption.before, interruption.act = "INSERT INTO notification_delivery_logs", come_between
    history.store = claiming
    won = await history.claimed(tenant, mail)
    answer = await asyncio.wait_for(taken[0], PATIENCE_S)

    assert won == {mail}
    assert answer == op.Cancelled(0, 2, repeated=False)
    await claiming.close()
    await cancelling.close()


async def test_an_expansion_that_is_under_way_is_waited_for(url: str) -> None:
    interruption = Interruption()
    expanding, cancelling = PostgresStore(url, observe=interruption), PostgresStore(url)
    history = History(cancelling)
    tenant = await history.tenant()
    users = await history.users(tenant, 3)
    notification = await history.accepted(tenant, users)
    taken: list[asyncio.Task[op.Cancelled | op.TooLate | None]] = []

    def come_between() -> None:
        taken.append(asyncio.get_running_loop().create_task(cancelling.write(cancel(history, tenant, notification))))

    interruption.before, interruption.act = "INSERT INTO deliveries", come_between
    history.store = expanding
    await history.expanded(tenant, notification, users)
    answer = await asyncio.wait_for(taken[0], PATIENCE_S)

    assert answer == op.Cancelled(3, 3, repeated=False)
    await expanding.close()
    await cancelling.close()


async def test_a_cancellation_that_is_under_way_stops_expansion_and_claims(url: str, postgres_database: str) -> None:
    """Its lock is held by hand, as between two of its statements."""
    store = PostgresStore(url)
    history = History(store)
    tenant = await history.tenant()
    users = await history.users(tenant, 1)
    claimed, expanded = [await history.accepted(tenant, users) for _ in range(2)]
    keys = await history.expanded(tenant, claimed, users)
    [mail] = [key for key in keys if key[2] == Channel.EMAIL]
    with psycopg.connect(postgres_database) as owner:
        owner.execute("SELECT set_config('app.tenants', %s, true)", [f"{{{uuid.UUID(bytes=tenant)}}}"])
        owner.execute("SELECT 1 FROM notifications FOR UPDATE")
        claim = asyncio.create_task(history.claimed(tenant, mail))
        expand = asyncio.create_task(history.expanded(tenant, expanded, users))
        await asyncio.sleep(0.3)
        assert not claim.done() and not expand.done()
        owner.execute("UPDATE notifications SET cancelled_at = 1")
        owner.commit()

    assert await asyncio.wait_for(claim, PATIENCE_S) == set()
    await asyncio.wait_for(expand, PATIENCE_S)
    for notification in (claimed, expanded):
        key = (tenant, (notification, users[0], int(Channel.EMAIL)))
        [row] = await store.read(q.DeliveriesByKey((tenant,), (key,)))
        assert (row.state, row.reason) == (D.CANCELLED, ReasonCode.CANCELLED)
    await store.close()
