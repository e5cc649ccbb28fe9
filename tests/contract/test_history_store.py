"""Pages of history on each store: whole, in order, in both directions, along an index, and of one tenant alone."""

import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from engines.store import queries as q
from engines.store.base import Query, Store
from engines.store.dialect.base import Mode, Statement
from engines.store.postgres import SET_TENANTS, PostgresStore, _ids_as_bytes
from engines.store.sqlite import SqliteStore
from migrations import runner
from models.history import Span, Tests
from models.ids import DeliveryKey, delivery_bytes, time_us
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel
from tests.contract.history_rows import STEP_US, History, Past
from tests.stores import service_url

Read = Callable[[bytes | None, int, bool], Awaitable[tuple[list[object], list[bytes], bytes | None]]]
"""(place, limit, backward) → rows, their places, where looking ended."""


@pytest.fixture
async def history(store: Store) -> History:
    return History(store)


async def walked(read: Read, limit: int, *, backward: bool) -> list[object]:
    """Everything, page by page, turned into the list's own order."""
    found: list[object] = []
    place: bytes | None = None
    for _ in range(1_000):
        rows, places, spent_at = await read(place, limit, backward)
        found += rows
        if len(rows) < limit and spent_at is None:
            return found[::-1] if backward else found
        place = spent_at if len(rows) < limit else places[-1]
    raise AssertionError("the list has no end")


def reads(store: Store, past: Past, pass_over: int = 2_000) -> dict[str, tuple[Read, list[object]]]:
    """Every list with all that it must give, in order."""
    tenant, user, newest = past.tenant, past.users[1], past.notifications[::-1]

    async def notifications(place: bytes | None, limit: int, backward: bool) -> tuple[list[object], list[bytes], None]:
        [found] = await store.read(q.NotificationsPage(tenant, Span(), place, limit, backward))
        return [row.id for row in found.rows], [row.id for row in found.rows], found.spent_at  # type: ignore[return-value]

    async def of_user(
        place: bytes | None, limit: int, backward: bool
    ) -> tuple[list[object], list[bytes], bytes | None]:
        [found] = await store.read(q.NotificationsOfUser(tenant, user, place, limit, backward))
        return [one.row.id for one in found.rows], [one.place for one in found.rows], found.spent_at

    async def page(place: bytes | None, limit: int, backward: bool) -> tuple[list[object], list[bytes], bytes | None]:
        pages = tuple([q.DeliveriesPage(one, place) for one in past.notifications[:3]])
        [_, found, _] = await store.read(q.DeliveriesPages(tenant, pages, limit, backward))
        return [row.key for row in found.rows], [row.user + row.step.to_bytes(2) for row in found.rows], found.spent_at

    async def to_user(
        place: bytes | None, limit: int, backward: bool
    ) -> tuple[list[object], list[bytes], bytes | None]:
        [found] = await store.read(q.DeliveriesOfUser(tenant, user, place, limit, backward))
        places = [row.created_at.to_bytes(8) + row.notification + row.step.to_bytes(2) for row in found.rows]
        return [row.key for row in found.rows], places, found.spent_at

    async def of_tenant(
        place: bytes | None, limit: int, backward: bool
    ) -> tuple[list[object], list[bytes], bytes | None]:
        [found] = await store.read(q.DeliveriesOfTenant(tenant, Span(), place, limit, backward, pass_over))
        return [row.key for row in found.rows], [delivery_bytes(row.key) for row in found.rows], found.spent_at

    async def letters(
        place: bytes | None, limit: int, backward: bool
    ) -> tuple[list[object], list[bytes], bytes | None]:
        [found] = await store.read(q.DeadLettersPage(tenant, Span(), place, limit, backward))
        return [row.key for row in found.rows], [row.place for row in found.rows], found.spent_at

    by_key = sorted(past.deliveries, reverse=True)
    dead = [key for key in by_key if key[2] == Channel.EMAIL and past.notifications.index(key[0]) % 2]
    one = sorted([key for key in past.deliveries if key[0] == past.notifications[1]])
    return {
        "notifications": (notifications, list(newest)),
        "notifications of a user": (of_user, list(newest)),
        "deliveries of a notification": (page, list(one)),
        "deliveries of a user": (to_user, [key for key in by_key if key[1] == user]),
        "deliveries of a tenant": (of_tenant, list(by_key)),
        "dead letters": (letters, list(dead)),
    }


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_each_list_is_walked_completely_in_both_directions(history: History, limit: int) -> None:
    past, other = await history.past(7), await history.past(3)
    assert other.tenant != past.tenant

    for name, (read, expected) in reads(history.store, past).items():
        assert await walked(read, limit, backward=False) == expected, name
        assert await walked(read, limit, backward=True) == expected, name


async def test_another_tenants_ids_lead_to_nothing(history: History) -> None:
    ours, theirs = await history.past(2), await history.past(2)
    store, tenant = history.store, ours.tenant
    queries: list[Query[q.Stretch[object]]] = [
        q.NotificationsOfUser(tenant, theirs.users[0], None, 10, False),  # type: ignore[list-item]
        q.DeliveriesOfUser(tenant, theirs.users[0], None, 10, False),  # type: ignore[list-item]
        q.DeliveriesPages(tenant, (q.DeliveriesPage(theirs.notifications[0], None),), 10, False),  # type: ignore[list-item]
        q.DeliveriesPages(tenant, (q.DeliveriesPage(theirs.notifications[0], None, theirs.users[0]),), 10, False),  # type: ignore[list-item]
        q.DeadLettersPage(tenant, Span(), None, 10, False, notification=theirs.notifications[1]),  # type: ignore[list-item]
        q.DeadLettersPage(tenant, Span(), None, 10, False, deliveries=tuple(theirs.deliveries)),  # type: ignore[list-item]
        q.DeadLettersPage(tenant, Span(), None, 10, False, user=theirs.users[0]),  # type: ignore[list-item]
    ]
    for query in queries:
        [found] = await store.read(query)
        assert found.rows == (), query
    assert await store.read(q.Replayable(tenant, tuple(theirs.deliveries))) == []


async def test_a_stretch_of_time_bounds_each_list(history: History) -> None:
    past = await history.past(6)
    store, tenant = history.store, past.tenant
    rows = await store.read(q.NotificationsById((tenant,), tuple(past.notifications)))
    times = {row.id: row.created_at for row in rows}
    middle = past.notifications[2:4]
    span = Span(times[middle[0]], times[middle[1]] + 1)

    for backward in (False, True):
        [told] = await store.read(q.NotificationsPage(tenant, span, None, 10, backward))
        [sent] = await store.read(q.DeliveriesOfTenant(tenant, span, None, 100, backward))
        [own] = await store.read(q.DeliveriesOfUser(tenant, past.users[0], None, 100, backward, Tests(accepted=span)))
        assert {row.id for row in told.rows} == set(middle)
        assert {row.notification for row in sent.rows} == {row.notification for row in own.rows} == set(middle)
        [all_letters] = await store.read(q.DeadLettersPage(tenant, Span(), None, 100, backward))
        one = all_letters.rows[4].created_at
        [letters] = await store.read(q.DeadLettersPage(tenant, Span(one, one + 1), None, 100, backward))
        assert {row.created_at for row in letters.rows} == {one}


async def test_tests_are_made_within_the_stretch(history: History) -> None:
    past = await history.past(4)
    store, tenant, user = history.store, past.tenant, past.users[0]
    labelled = await history.accepted(tenant, [user], labels=json.dumps({"order": 17, "vip": True}).encode())
    [mail, item] = await history.expanded(tenant, labelled, [user])
    await history.claimed(tenant, mail)

    async def keys(tests: Tests) -> set[DeliveryKey]:
        [found] = await store.read(q.DeliveriesOfUser(tenant, user, None, 100, False, tests))
        pages = tuple([q.DeliveriesPage(one, None) for one in (*past.notifications, labelled)])
        stretches = await store.read(q.DeliveriesPages(tenant, pages, 100, False, tests))
        by_page = {row.key for stretch in stretches for row in stretch.rows if row.user == user}
        assert {row.key for row in found.rows} == by_page
        return by_page

    mails = {key for key in past.deliveries if key[1] == user and key[2] == Channel.EMAIL}
    refused = {key for key in mails if past.notifications.index(key[0]) % 2}
    assert await keys(Tests(states=(DeliveryState.SENDING,))) == {mail}
    assert await keys(Tests(states=(DeliveryState.QUEUED,))) == mails - refused
    assert await keys(Tests(reasons=(ReasonCode.MAILBOX_UNAVAILABLE,), channels=(Channel.EMAIL,))) == refused
    assert await keys(Tests(provider="smtp")) == refused
    assert await keys(Tests(labels={"order": 17})) == await keys(Tests(labels={"vip": True})) == {mail, item}
    assert await keys(Tests(labels={"vip": 1})) == await keys(Tests(labels={"order": 17, "a": None})) == set()
    assert await keys(Tests(categories=("category-1",), states=(DeliveryState.FAILED,))) == {
        key for key in refused if past.notifications.index(key[0]) == 1
    }
    assert await keys(Tests(template="welcome")) == set()
    [told] = await store.read(q.NotificationsOfUser(tenant, user, None, 9, False, Tests(categories=("category-0",))))
    assert [one.row.id for one in told.rows] == [past.notifications[3], past.notifications[0]]


async def test_a_test_that_hardly_anything_passes_looks_at_a_bounded_piece_and_goes_on(history: History) -> None:
    past = await history.past(9, users=1)
    store, tenant, user = history.store, past.tenant, past.users[0]
    tests = Tests(categories=("category-2",), channels=(Channel.EMAIL,))

    [first] = await store.read(q.DeliveriesOfUser(tenant, user, None, 3, False, tests, look_at=4))
    assert len(first.rows) < 3 and first.spent_at is not None

    async def read(place: bytes | None, limit: int, backward: bool) -> tuple[list[object], list[bytes], bytes | None]:
        [found] = await store.read(q.DeliveriesOfUser(tenant, user, place, limit, backward, tests, look_at=4))
        places = [row.created_at.to_bytes(8) + row.notification + row.step.to_bytes(2) for row in found.rows]
        return [row.notification for row in found.rows], places, found.spent_at

    for backward in (False, True):
        assert await walked(read, 3, backward=backward) == [past.notifications[n] for n in (8, 5, 2)]


@pytest.mark.parametrize("look_at", [1, 4])
async def test_pages_of_many_notifications_go_on_where_looking_ended(history: History, look_at: int) -> None:
    past = await history.past(3, users=9)
    mails = sorted([key for key in past.deliveries if key[0] == past.notifications[1] and key[2] == Channel.EMAIL])
    tests = Tests(channels=(Channel.EMAIL,), reasons=(ReasonCode.MAILBOX_UNAVAILABLE,))

    async def read(place: bytes | None, limit: int, backward: bool) -> tuple[list[object], list[bytes], bytes | None]:
        pages = tuple([q.DeliveriesPage(one, place) for one in past.notifications])
        query = q.DeliveriesPages(past.tenant, pages, limit, backward, tests, look_at)
        [_, found, _] = await history.store.read(query)
        return [row.key for row in found.rows], [row.user + row.step.to_bytes(2) for row in found.rows], found.spent_at

    for backward in (False, True):
        assert await walked(read, 3, backward=backward) == mails


async def test_notifications_without_deliveries_are_passed_in_bounded_pieces(history: History) -> None:
    tenant = await history.tenant()
    [user] = await history.users(tenant, 1)
    waiting = [await history.accepted(tenant, [user]) for _ in range(12)]
    sent = waiting[1], waiting[10]
    keys = [key for one in sent for key in await history.expanded(tenant, one, [user])]

    read, _ = reads(history.store, Past(tenant, [user, user], waiting, keys), pass_over=3)["deliveries of a tenant"]

    for backward in (False, True):
        assert await walked(read, 5, backward=backward) == sorted(keys, reverse=True)


# ------------------------------------------------------------------------------------------------------------ indexes


def listings(past: Past) -> list[Query[q.Stretch[object]]]:
    """Every shape of every list: forward and backward, at the beginning and in the middle."""
    tenant, user, span = past.tenant, past.users[0], Span(0, 1 << 60)
    middle, key = past.notifications[5], past.deliveries[9]
    at = (time_us(middle) + STEP_US).to_bytes(8)
    found: list[object] = []
    for backward in (False, True):
        for start in (False, True):
            found += [
                q.NotificationsPage(tenant, span, middle if start else None, 21, backward),
                q.NotificationsOfUser(tenant, user, at + middle if start else None, 21, backward),
                q.DeliveriesOfUser(tenant, user, at + middle + b"\0\1" if start else None, 21, backward),
                q.DeliveriesOfTenant(tenant, span, delivery_bytes(key) if start else None, 21, backward),
                q.DeadLettersPage(tenant, span, at + delivery_bytes(key) if start else None, 21, backward),
                q.DeliveriesPages(
                    tenant,
                    tuple([q.DeliveriesPage(n, user + b"\0\1" if start else None) for n in past.notifications[:9]]),
                    21,
                    backward,
                ),
            ]
    found.append(q.DeadLettersPage(tenant, span, None, 21, False, notification=middle))
    found.append(q.DeliveriesPages(tenant, (q.DeliveriesPage(middle, None, user),), 21, False))
    return found  # type: ignore[return-value]


class Kept:
    """Statements with their values, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.statements: list[Statement] = []

    def __call__(self, statement: Statement) -> None:
        if self.on and statement.mode is Mode.FETCH:
            self.statements.append(statement)


async def explained(store: Store, kept: Kept, past: Past) -> list[Statement]:
    kept.on = True
    for query in listings(past):
        await store.read(query)
    kept.on = False
    return kept.statements


@pytest.fixture
def kept() -> Kept:
    return Kept()


def sqlite_faults(plan: Sequence[str]) -> list[str]:
    """Steps that read a whole table, or sort more than rows that agree in what the index orders by."""
    scans = [
        step for step in plan if re.match(r"SCAN (\w+)", step) and not re.match(r"SCAN (k|ends|CONSTANT ROW)\b", step)
    ]
    whole = [step for step in plan if step.endswith("(tenant_id=?)")]
    return scans + whole + [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step]


async def test_sqlite_reads_every_list_along_an_index(tmp_path: Path, kept: Kept) -> None:
    path = tmp_path / "carillon.db"
    runner.upgrade(f"sqlite:///{path}")
    store = SqliteStore(path, observe=kept)
    past = await History(store).past(12)
    statements = await explained(store, kept, past)
    await store.close()

    with sqlite3.connect(path) as connection:
        for statement in statements:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.text}", statement.values)]
            assert sqlite_faults(plan) == [], (statement.text, plan)
        planted = "SELECT * FROM deliveries WHERE state = 5 ORDER BY created_at"
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {planted}")]
        assert len(sqlite_faults(plan)) == 2
    connection.close()


def postgres_faults(plan: dict[str, object]) -> list[str]:
    """Nodes that read a whole table, or sort all that they are given. Of empty partitions anything may be done."""
    node, table = str(plan["Node Type"]), str(plan.get("Relation Name", ""))
    below: list[dict[str, object]] = plan.get("Plans", [])  # type: ignore[assignment]
    faults = [fault for one in below for fault in postgres_faults(one)]
    filled = table.endswith("_default") or table == "dead_letters"
    if filled and "Scan" in node and "Index Cond" not in plan and "Recheck Cond" not in plan:
        faults.append(f"{node} of {table} without a condition on an index")
    if filled and "deliveries" in table and "notification_id" not in str(plan) and "user_id" not in str(plan):
        faults.append(f"{node} of {table} that is about nobody")
    if node == "Sort":
        faults.append(f"{node} by {plan['Sort Key']}")
    return faults


async def test_postgresql_reads_every_list_along_an_index(
    postgres_server: Postgres, postgres_database: str, kept: Kept
) -> None:
    url = service_url(postgres_server, postgres_database)
    store = PostgresStore(url, observe=kept)
    history = History(store)
    past = await history.past(40)
    await history.past(40)
    owner = await asyncpg.connect(postgres_database)
    await owner.execute("ANALYZE")
    await owner.close()
    statements = await explained(store, kept, past)
    await store.close()

    connection = await asyncpg.connect(url)
    await _ids_as_bytes(connection)
    async with connection.transaction():
        await connection.execute(SET_TENANTS, "{" + past.tenant.hex() + "}")
        # of a few rows the planner would rather read and sort all: what matters is that it need not
        for way in ("seqscan", "sort", "hashjoin", "mergejoin"):
            await connection.execute(f"SET LOCAL enable_{way} = off")
        for statement in statements:
            told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.text}", *statement.values)
            [plan] = json.loads(told)
            assert postgres_faults(plan["Plan"]) == [], (statement.text, json.dumps(plan, indent=1))
        planted = "EXPLAIN (FORMAT JSON) SELECT * FROM deliveries WHERE state = 5 ORDER BY created_at"
        assert postgres_faults(json.loads(await connection.fetchval(planted))[0]["Plan"])
    await connection.close()
