"""What happens between two statements of a transaction: other connections commit, wait for each other, or hold on."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import pytest

from deploy.local.postgres import Postgres
from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from engines.store.dialect.base import Statement
from engines.store.postgres import PostgresStore
from errors import EngineUnavailable
from models.clock import SystemClock
from models.content import Content
from models.content import encode as encoded
from models.ids import Ids
from models.states import DeliveryState
from models.topics import BusTopic, Lane
from models.vocabulary import Channel, InboxMark, Priority, TenantKind
from tests.guarded_database import naming
from tests.stores import service_url

clock = SystemClock()
ids = Ids(clock.now_us)
TOPIC = BusTopic.NOTIFICATION_CREATED
DAY_US = 86_400_000_000
LEASE_US = 20_000_000


class Interference:
    """Runs something once, just before the first statement that has a text in it."""

    def __init__(self) -> None:
        self.before = ""
        self.act: Callable[[], None] = lambda: None
        self.done = False

    def __call__(self, statement: Statement) -> None:
        if self.before and self.before in statement.text:
            self.before = ""
            self.act()
            self.done = True


@pytest.fixture
def interference() -> Interference:
    """Nothing happens until a test says what."""
    return Interference()


@pytest.fixture
def owner(postgres_database: str, urls: tuple[str, str]) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of its own, which commits each statement by itself."""
    assert urls
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def urls(postgres_server: Postgres, postgres_database: str) -> tuple[str, str]:
    """The owner's URL of a migrated database, and the service's."""
    return postgres_database, service_url(postgres_server, postgres_database)


@pytest.fixture
async def raced(urls: tuple[str, str], interference: Interference) -> AsyncIterator[Store]:
    """A store whose statements can be got in between."""
    async with opened(urls[1], interference) as one:
        yield one


@asynccontextmanager
async def opened(url: str, observe: Interference | None = None) -> AsyncIterator[Store]:
    store = PostgresStore(url, observe=observe)
    try:
        yield store
    finally:
        await store.close()


def run(owner: psycopg.Connection[tuple[object, ...]], statement: str, *values: object) -> None:
    owner.execute(statement.encode(), values)


async def make_tenant(store: Store) -> bytes:
    tenant = ids.new()
    await store.write(op.PutTenant(tenant, ids.new(), "acme", "acme", TenantKind.LIVE, b"wrapped", clock.now_us()))
    return tenant


def user_row(name: str) -> op.UserRow:
    blind = name.encode().ljust(32, b".")
    return op.UserRow(ids.new(), blind, b"sealed", b"key", "en", None, None, ((Channel.EMAIL, blind, b"sealed"),))


async def make_users(store: Store, tenant: bytes, *names: str) -> list[bytes]:
    answers = await store.write(op.UpsertUsers(tenant, tuple([user_row(name) for name in names]), clock.now_us()))
    return [answer.id for answer in answers if isinstance(answer, op.Upserted)]


def notification(
    *users: bytes, key: bytes | None = None, fingerprint: bytes = b"f" * 32, at_us: int | None = None
) -> op.NewNotification:
    return op.NewNotification(
        ids.new(), Priority.NORMAL, Lane.NORMAL, 1 << Channel.EMAIL, "transactional", users, (), None,
        encoded(Content(body="x")), None, None, None, at_us or clock.now_us(), ids.new(), key, fingerprint,
    )  # fmt: skip


def delivery(tenant: bytes, notification: bytes, user: bytes, channel: Channel) -> op.NewDelivery:
    state = DeliveryState.DELIVERED if channel is Channel.IN_APP else DeliveryState.QUEUED
    return op.NewDelivery(tenant, notification, user, channel.value, channel, state, None, b"", None, Lane.NORMAL)


# ------------------------------------------------------------------------------------------------------- idempotency


async def test_a_retry_that_is_committed_with_a_conflict_still_gets_its_first_outcome(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    first = notification(ada, key=b"k" * 16)
    await store.write(op.Accept(tenant, (first,)))
    other = notification(ada, key=b"k" * 16, fingerprint=b"g" * 32)

    answers = await store.write(op.Accept(tenant, (other, notification(ada, key=b"k" * 16))))

    assert answers == [op.KeyConflict(), op.Accepted(first.id, duplicate=True)]


async def test_an_input_that_was_not_stored_takes_no_key_from_its_neighbour(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    bad = notification(ids.new(), key=b"k" * 16)
    good = notification(ada, key=b"k" * 16, fingerprint=b"g" * 32)
    again = notification(ada, key=b"k" * 16, fingerprint=b"g" * 32)

    answers = await store.write(op.Accept(tenant, (bad, good, again)))

    assert answers == [op.UnknownUsers((0,)), op.Accepted(good.id, duplicate=False), op.Accepted(good.id, True)]
    late = notification(ids.new(), key=b"l" * 16)
    first = notification(ada, key=b"l" * 16, fingerprint=b"g" * 32)
    assert await store.write(op.Accept(tenant, (first, late))) == [op.Accepted(first.id, False), op.KeyConflict()]


@pytest.mark.parametrize("way", ["accept", "forget"])
async def test_an_old_key_that_was_used_anew_meanwhile_is_not_deleted(
    raced: Store, owner: psycopg.Connection[tuple[object, ...]], interference: Interference, way: str
) -> None:
    tenant = await make_tenant(raced)
    [ada] = await make_users(raced, tenant, "ada")
    now_us = clock.now_us()
    await raced.write(op.Accept(tenant, (notification(ada, key=b"k" * 16, at_us=now_us - 26 * 3_600_000_000),)))
    winner = uuid.UUID(bytes=ids.new())

    def renew() -> None:
        with naming(owner, [str(uuid.UUID(bytes=tenant))]):
            owner.execute("UPDATE idempotency_keys SET created_at = %s, outcome_id = %s", [now_us, winner])

    interference.before, interference.act = "DELETE FROM idempotency_keys", renew
    if way == "forget":
        await raced.write(op.ForgetKeys((tenant,), now_us - 25 * 3_600_000_000, 100))
    [answer] = await raced.write(op.Accept(tenant, (notification(ada, key=b"k" * 16),)))

    assert interference.done
    assert answer == op.Accepted(winner.bytes, duplicate=True)


# ------------------------------------------------------------------------------------------------- workers and sweeps


async def test_what_a_worker_took_while_it_left_is_found(store: Store) -> None:
    """A write that was under way when its caller was cancelled may be committed after the worker's last word."""
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    item = notification(ada)
    await store.write(op.Accept(tenant, (item,)))
    await store.write(op.Expand((delivery(tenant, item.id, ada, Channel.EMAIL),), clock.now_us()))
    gone, alive, claim, attempt = ids.new(), ids.new(), ids.new(), (item.id, ada, int(Channel.EMAIL), 1)
    for worker in (gone, alive):
        await store.write(op.Beat(worker, "all", LEASE_US))
    await store.write(op.Retire(gone))
    taken = await store.write(op.TakeOutbox(TOPIC, gone, 100))
    await store.write(op.Claim(claim, gone, "smtp", ((tenant, attempt),), clock.now_us()))

    orphans = await store.write(op.TakeOver(alive, everyone_else=False))

    assert orphans == [op.OrphanClaim(claim, gone, ((tenant, attempt),))]
    assert await store.write(op.TakeOutbox(TOPIC, alive, 100)) == taken


async def test_a_worker_that_comes_back_during_a_sweep_is_left_alone(
    raced: Store, owner: psycopg.Connection[tuple[object, ...]], interference: Interference
) -> None:
    tenant = await make_tenant(raced)
    [ada] = await make_users(raced, tenant, "ada")
    await raced.write(op.Accept(tenant, (notification(ada),)))
    slow, alive = ids.new(), ids.new()
    for worker in (slow, alive):
        await raced.write(op.Beat(worker, "all", LEASE_US))
    await raced.write(op.TakeOutbox(TOPIC, slow, 100))
    owner.execute("UPDATE workers SET heartbeat_at = 0 WHERE id = %s", [uuid.UUID(bytes=slow)])

    interference.before = "JOIN "
    interference.act = lambda: run(owner, "UPDATE workers SET heartbeat_at = %s", clock.now_us())
    await raced.write(op.TakeOver(alive, everyone_else=False))

    assert interference.done
    assert owner.execute("SELECT count(*) FROM workers").fetchone() == (2,)
    assert await raced.write(op.TakeOutbox(TOPIC, alive, 100)) == []


async def test_a_beat_that_meets_a_sweep_leaves_the_worker_known(
    raced: Store, owner: psycopg.Connection[tuple[object, ...]], interference: Interference
) -> None:
    worker = ids.new()
    await raced.write(op.Beat(worker, "all", LEASE_US))

    interference.before, interference.act = "UPDATE workers", lambda: run(owner, "DELETE FROM workers")
    await raced.write(op.Beat(worker, "all", LEASE_US))

    assert interference.done
    assert owner.execute("SELECT id FROM workers").fetchall() == [(uuid.UUID(bytes=worker),)]


# -------------------------------------------------------------------------------------------------------- connections


async def test_writers_that_meet_in_inboxes_never_wait_in_a_ring(
    urls: tuple[str, str], owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened(urls[1])) for _ in range(2)]
        tenant = await make_tenant(stores[0])
        users = await make_users(stores[0], tenant, *[f"user-{n}" for n in range(60)])
        chance = random.Random(17)

        async def expand(store: Store) -> None:
            for _ in range(40):
                item = notification()
                await store.write(op.Accept(tenant, (item,)))
                rows = tuple([delivery(tenant, item.id, user, Channel.IN_APP) for user in chance.sample(users, 30)])
                await store.write(op.Expand(rows, clock.now_us()))

        async def mark(store: Store) -> None:
            for _ in range(40):
                await asyncio.sleep(chance.random() * 0.02)
                user = chance.choice(users)
                await store.write(op.MarkInbox(tenant, user, InboxMark.READ, clock.now_us(), up_to_seq=1 << 60))

        await asyncio.gather(*[expand(one) for one in stores], *[mark(one) for one in stores for _ in range(20)])

    assert deadlocks(owner) == 0


async def test_writers_that_meet_in_users_never_wait_in_a_ring(
    urls: tuple[str, str], owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened(urls[1])) for _ in range(2)]
        tenant = await make_tenant(stores[0])
        names = [f"user-{n}" for n in range(40)]
        chance = random.Random(17)

        async def upsert(store: Store) -> None:
            for _ in range(10):
                rows = tuple([user_row(name) for name in chance.sample(names, 5)])
                await store.write(op.UpsertUsers(tenant, rows, clock.now_us()))
                await asyncio.sleep(chance.random() * 0.01)

        await asyncio.gather(*[upsert(one) for one in stores for _ in range(10)])
        everyone = tuple([user_row(name).handle_blind for name in names])
        people = await stores[0].read(q.PeopleByHandle(tenant, everyone))
        addresses = await stores[0].read(q.AddressesOf((tenant,), tuple([one.id for one in people])))

    assert deadlocks(owner) == 0
    assert len(people) == len(addresses) == len(names)


def deadlocks(owner: psycopg.Connection[tuple[object, ...]]) -> object:
    """How many the server has had to end in this database; its counters are flushed as sessions end."""
    [(count,)] = owner.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchall()
    return count


async def test_a_table_that_somebody_holds_is_an_engine_that_is_away(
    raced: Store, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    """What a duty can wait for must not look like a fault that ends the process."""
    with owner.transaction():
        owner.execute("LOCK TABLE ONLY deliveries IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(EngineUnavailable):
            await raced.write(op.MakePartitions(30))
    await raced.write(op.MakePartitions(30))


async def test_reads_that_hang_hold_up_no_write(raced: Store, owner: psycopg.Connection[tuple[object, ...]]) -> None:
    tenant = await make_tenant(raced)
    with owner.transaction():
        owner.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        reads = [asyncio.create_task(raced.read(q.PeopleById((tenant,), (ids.new(),)))) for _ in range(12)]
        await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            await raced.write(op.Beat(ids.new(), "all", LEASE_US))
    assert await asyncio.gather(*reads) == [[]] * 12


# ------------------------------------------------------------------------------------------------------------ merging


async def test_users_that_several_calls_change_at_once_keep_the_last_word(store: Store) -> None:
    tenant = await make_tenant(store)
    first = user_row("ada")
    await store.write(op.UpsertUsers(tenant, (first,), 1))
    german = op.UserRow(
        first.id, first.handle_blind, b"s", b"key", "de", None, None, ((Channel.EMAIL, b"1" * 32, b"1"),)
    )
    zoned = op.UserRow(first.id, first.handle_blind, b"s", b"key", None, "Asia/Tokyo", None, ())
    moved = op.UserRow(
        first.id, first.handle_blind, b"s", b"key", None, None, b"d", ((Channel.EMAIL, b"2" * 32, b"2"),)
    )
    stale = op.UserRow(ids.new(), first.handle_blind, b"s", b"other key", "fr", None, None, ())

    answers = await asyncio.gather(
        *[store.write(op.UpsertUsers(tenant, (row,), 2)) for row in (german, zoned, stale, moved)]
    )

    known = [op.Upserted(first.id, created=False)]
    assert answers == [known, known, [op.StaleKey()], known]
    [person] = await store.read(q.PeopleById((tenant,), (first.id,)))
    assert (person.locale, person.time_zone, person.data_sealed) == ("de", "Asia/Tokyo", b"d")
    [address] = await store.read(q.AddressesOf((tenant,), (first.id,)))
    assert address.address_sealed == b"2"


async def test_a_delivery_that_is_named_twice_is_read_once(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    item = notification(ada)
    await store.write(op.Accept(tenant, (item,)))
    await store.write(op.Expand((delivery(tenant, item.id, ada, Channel.EMAIL),), clock.now_us()))
    pair = (tenant, (item.id, ada, int(Channel.EMAIL)))

    assert len(await store.read(q.Sendable((tenant,), (pair, pair)))) == 1
