"""What every store promises, told by operations and queries alone. Runs on each adapter against the real engine."""

import asyncio

import pytest

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.clock import SystemClock
from models.events.codec import decode
from models.ids import AttemptKey, Ids, attempt_key
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import POINTER_BYTES, BusTopic, Lane
from models.vocabulary import Channel, HandleKind, InboxMark, Priority, Role, TenantKind

clock = SystemClock()
ids = Ids(clock.now_us)


async def make_tenant(store: Store) -> bytes:
    tenant = ids.new()
    await store.write(op.PutTenant(tenant, ids.new(), "acme", "acme live", TenantKind.LIVE, b"wrapped", clock.now_us()))
    return tenant


def user_row(name: str, *, address: bool = True) -> op.UserRow:
    blind = name.encode().ljust(32, b".")
    addresses = ((Channel.EMAIL, blind[::-1], b"sealed " + name.encode()),) if address else ()
    return op.UserRow(ids.new(), blind, b"sealed", b"key " + name.encode(), "en", None, None, addresses)


async def make_users(store: Store, tenant: bytes, *names: str) -> list[bytes]:
    answers = await store.write(op.UpsertUsers(tenant, tuple([user_row(name) for name in names]), clock.now_us()))
    return [answer.id for answer in answers if isinstance(answer, op.Upserted)]


def notification(
    *users: bytes, key: bytes | None = None, fingerprint: bytes = b"f" * 32, handles: tuple[bytes, ...] = (),
    newcomer: op.Newcomer | None = None, send_at: int | None = None,
) -> op.NewNotification:  # fmt: skip
    return op.NewNotification(
        ids.new(), Priority.NORMAL, Lane.NORMAL, 1 << Channel.EMAIL | 1 << Channel.IN_APP, "transactional", users,
        handles, newcomer, b"content", None, send_at, None, clock.now_us(), ids.new(), key, fingerprint,
    )  # fmt: skip


def delivery(tenant: bytes, notification: bytes, user: bytes, channel: Channel) -> op.NewDelivery:
    state = DeliveryState.DELIVERED if channel is Channel.IN_APP else DeliveryState.QUEUED
    return op.NewDelivery(
        tenant, notification, user, channel.value, channel, state, None, b"\x01\x01", None, Lane.NORMAL
    )


async def outbox(store: Store, topic: BusTopic) -> list[tuple[bytes, bytes]]:
    rows = await store.write(op.TakeOutbox(topic, ids.new(), 10_000))
    await store.write(op.DropOutbox(tuple([row.seq for row in rows])))
    return [pair for row in rows for pair in decode(row.payload, POINTER_BYTES[topic])]


async def test_what_is_accepted_is_there_with_its_pointer(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    item = notification(ada)

    [answer] = await store.write(op.Accept(tenant, (item,)))

    assert answer == op.Accepted(item.id, duplicate=False)
    [row] = await store.read(q.NotificationsById((tenant,), (item.id,)))
    assert (row.id, row.audience, row.recipients, row.content_sealed) == (item.id, ada, 1, b"content")
    assert await outbox(store, BusTopic.NOTIFICATION_CREATED) == [(tenant, item.id)]


async def test_a_repeated_key_answers_with_the_first_outcome(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    first = notification(ada, key=b"k" * 16)

    answers = [(await store.write(op.Accept(tenant, (item,))))[0] for item in (first, notification(ada, key=b"k" * 16))]
    other = await store.write(op.Accept(tenant, (notification(ada, key=b"k" * 16, fingerprint=b"g" * 32),)))

    assert answers == [op.Accepted(first.id, duplicate=False), op.Accepted(first.id, duplicate=True)]
    assert other == [op.KeyConflict()]
    assert len(await outbox(store, BusTopic.NOTIFICATION_CREATED)) == 1


async def test_concurrent_twins_are_accepted_once(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")

    answers = await asyncio.gather(
        *[store.write(op.Accept(tenant, (notification(ada, key=b"k" * 16),))) for _ in range(50)]
    )

    accepted = [answer for [answer] in answers if isinstance(answer, op.Accepted)]
    assert len(accepted) == 50 and len({answer.id for answer in accepted}) == 1
    assert sum(not answer.duplicate for answer in accepted) == 1
    assert len(await outbox(store, BusTopic.NOTIFICATION_CREATED)) == 1


async def test_an_unknown_user_stops_its_own_item_only_and_leaves_no_key(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    bad, good = notification(ada, ids.new(), key=b"k" * 16), notification(ada)

    assert await store.write(op.Accept(tenant, (bad, good))) == [op.UnknownUsers((1,)), op.Accepted(good.id, False)]
    again = notification(ada, key=b"k" * 16)
    assert await store.write(op.Accept(tenant, (again,))) == [op.Accepted(again.id, False)]


async def test_an_address_makes_one_user_however_often_it_is_named(store: Store) -> None:
    tenant = await make_tenant(store)
    blind = b"e" * 32

    def to_address() -> op.NewNotification:
        newcomer = op.Newcomer(
            ids.new(), HandleKind.EMAIL, blind, b"sealed", b"key", Channel.EMAIL, b"a" * 32, b"sealed"
        )
        return notification(handles=(blind,), newcomer=newcomer)

    items = [to_address() for _ in range(20)]
    answers = await asyncio.gather(*[store.write(op.Accept(tenant, (item,))) for item in items])

    assert all(isinstance(answer, op.Accepted) for [answer] in answers)
    rows = await store.read(q.NotificationsById((tenant,), tuple([item.id for item in items])))
    assert len({row.audience for row in rows}) == 1
    [user] = {row.audience for row in rows}
    assert len(await store.read(q.AddressesOf((tenant,), (user,)))) == 1


async def test_expansion_fills_inboxes_without_gaps_and_once(store: Store) -> None:
    tenant = await make_tenant(store)
    ada, grace = await make_users(store, tenant, "ada", "grace")
    items = [notification(ada, grace) for _ in range(10)]
    await store.write(op.Accept(tenant, tuple(items)))
    batches = [
        op.Expand(
            tuple([
                delivery(tenant, item.id, user, channel)
                for user in (ada, grace)
                for channel in (Channel.EMAIL, Channel.IN_APP)
            ]),
            clock.now_us(),
        )
        for item in items
    ]  # fmt: skip

    grown = await asyncio.gather(*[store.write(batch) for batch in [*batches, *batches]])
    again = await store.write(batches[0])

    assert sum(len(owners) for owners in grown) >= 20 and again == []
    for user in (ada, grace):
        events = await store.read(q.InboxAfter(tenant, user, 0, 100))
        assert [event.seq for event in events] == list(range(1, 11))
        assert {event.notification for event in events} == {item.id for item in items}
        [head] = await store.read(q.Heads((tenant,), (user,)))
        assert (head.seq, head.unread) == (10, 10)
    queued = await outbox(store, BusTopic.EMAIL_QUEUED)
    assert len(queued) == len(set(queued)) == 20


async def queued_email(store: Store) -> tuple[bytes, AttemptKey]:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    item = notification(ada)
    await store.write(op.Accept(tenant, (item,)))
    await store.write(op.Expand((delivery(tenant, item.id, ada, Channel.EMAIL),), clock.now_us()))
    [(_, pointer)] = await outbox(store, BusTopic.EMAIL_QUEUED)
    return tenant, attempt_key(pointer)


def settlement(
    tenant: bytes, attempt: AttemptKey, worker: bytes, state: DeliveryState, outcome: Outcome, *,
    retry_at: int | None = None, dead: ReasonCode | None = None,
) -> op.Settlement:  # fmt: skip
    return op.Settlement(
        tenant, attempt, worker, outcome, state, None, None, "smtp", "id-1", "250 ok", clock.now_us(), Lane.NORMAL,
        Channel.EMAIL, retry_at, dead,
    )  # fmt: skip


async def test_one_attempt_is_won_by_one_worker(store: Store) -> None:
    tenant, attempt = await queued_email(store)

    wins = await asyncio.gather(
        *[store.write(op.Claim(ids.new(), ids.new(), "smtp", ((tenant, attempt),), clock.now_us())) for _ in range(20)]
    )

    assert sorted(len(won) for won in wins) == [0] * 19 + [1]
    [row] = await store.read(q.DeliveriesByKey((tenant,), ((tenant, attempt[:3]),)))
    assert row.under_way == 1 and row.state == DeliveryState.QUEUED


async def test_a_claim_whose_answer_got_lost_can_be_repeated(store: Store) -> None:
    tenant, attempt = await queued_email(store)
    claim = op.Claim(ids.new(), ids.new(), "smtp", ((tenant, attempt),), clock.now_us())

    assert [await store.write(claim) for _ in range(2)] == [frozenset([attempt])] * 2
    other = op.Claim(ids.new(), ids.new(), "smtp", ((tenant, attempt),), clock.now_us())
    assert await store.write(other) == frozenset()


async def test_rows_taken_without_knowing_it_are_given_up(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    for _ in range(3):
        await store.write(op.Accept(tenant, (notification(ada),)))
    worker, topic = ids.new(), BusTopic.NOTIFICATION_CREATED
    taken = await store.write(op.TakeOutbox(topic, worker, 100))

    await store.write(op.FreeOutbox(worker, frozenset([taken[0].seq])))

    again = await store.write(op.TakeOutbox(topic, worker, 100))
    assert [row.seq for row in again] == [row.seq for row in taken[1:]]


async def test_a_settled_attempt_keeps_its_outcome_and_the_late_word_is_evidence(store: Store) -> None:
    tenant, attempt = await queued_email(store)
    worker, claim = ids.new(), ids.new()
    await store.write(op.Claim(claim, worker, "smtp", ((tenant, attempt),), clock.now_us()))

    lost = settlement(tenant, attempt, worker, DeliveryState.UNKNOWN, Outcome.UNKNOWN, retry_at=clock.now_us())
    first = await store.write(op.Settle((lost,), (claim,)))
    late = settlement(tenant, attempt, worker, DeliveryState.SENT, Outcome.SENT)
    second = await store.write(op.Settle((late,), ()))

    assert (first, second) == (frozenset([attempt]), frozenset())
    [log] = await store.read(q.AttemptsOf((tenant,), ((tenant, attempt[:3]),)))
    assert (log.outcome, log.late_outcome) == (Outcome.UNKNOWN, Outcome.SENT)
    [row] = await store.read(q.DeliveriesByKey((tenant,), ((tenant, attempt[:3]),)))
    assert (row.state, row.attempts) == (DeliveryState.UNKNOWN, 1)


async def test_a_retry_wakes_when_due_and_a_final_state_is_not_undone(store: Store) -> None:
    tenant, attempt = await queued_email(store)
    worker, due = ids.new(), clock.now_us() + 60_000_000
    await store.write(op.Claim(ids.new(), worker, "smtp", ((tenant, attempt),), clock.now_us()))
    busy = settlement(tenant, attempt, worker, DeliveryState.RETRY_WAIT, Outcome.BUSY, retry_at=due)
    await store.write(op.Settle((busy,)))

    assert await store.write(op.Wake(due - 1, 100)) == 0
    assert await store.write(op.Wake(due, 100)) == 1
    assert await store.write(op.Wake(due, 100)) == 0
    [(_, pointer)] = await outbox(store, BusTopic.EMAIL_QUEUED)
    second = attempt_key(pointer)
    assert second == (*attempt[:3], 2)

    assert await store.write(op.Claim(ids.new(), worker, "smtp", ((tenant, second),), due)) == frozenset([second])
    done = settlement(tenant, second, worker, DeliveryState.DEAD, Outcome.BUSY, dead=ReasonCode.RETRIES_EXHAUSTED)
    await store.write(op.Settle((done,)))
    third = (*attempt[:3], 3)
    assert await store.write(op.Claim(ids.new(), worker, "smtp", ((tenant, third),), due)) == frozenset()


async def test_a_scheduled_notification_waits_for_its_time(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    due = clock.now_us() + 1_000_000
    item = notification(ada, send_at=due)
    await store.write(op.Accept(tenant, (item,)))

    assert await outbox(store, BusTopic.NOTIFICATION_CREATED) == []
    assert await store.write(op.Wake(due, 100)) == 1
    assert await outbox(store, BusTopic.NOTIFICATION_CREATED) == [(tenant, item.id)]


async def test_outbox_rows_go_to_one_worker_until_dropped_or_taken_over(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    for _ in range(5):
        await store.write(op.Accept(tenant, (notification(ada),)))
    dead, alive = ids.new(), ids.new()
    await store.write(op.Beat(dead, "all", 20_000_000))
    topic = BusTopic.NOTIFICATION_CREATED

    taken = await store.write(op.TakeOutbox(topic, dead, 1_000))
    assert len(taken) >= 1 and await store.write(op.TakeOutbox(topic, alive, 1_000)) == []
    await store.write(op.DropOutbox((taken[0].seq,)))
    assert await store.write(op.TakeOver(alive, everyone_else=False)) == []
    assert await store.write(op.TakeOutbox(topic, alive, 1_000)) == []
    assert await store.write(op.TakeOver(alive, everyone_else=True)) == []
    again = await store.write(op.TakeOutbox(topic, alive, 1_000))
    assert [row.seq for row in again] == [row.seq for row in taken[1:]]


async def test_a_dead_workers_claims_are_found(store: Store) -> None:
    tenant, attempt = await queued_email(store)
    dead, alive, claim = ids.new(), ids.new(), ids.new()
    await store.write(op.Beat(dead, "email", 20_000_000))
    await store.write(op.Claim(claim, dead, "smtp", ((tenant, attempt),), clock.now_us()))

    [orphan] = await store.write(op.TakeOver(alive, everyone_else=True))
    assert orphan == op.OrphanClaim(claim, dead, ((tenant, attempt),))
    unknown = settlement(tenant, attempt, dead, DeliveryState.UNKNOWN, Outcome.UNKNOWN, retry_at=clock.now_us())
    assert await store.write(op.Settle((unknown,), (claim,))) == frozenset([attempt])
    assert await store.write(op.TakeOver(alive, everyone_else=True)) == []


@pytest.mark.parametrize("mark", [InboxMark.SEEN, InboxMark.READ, InboxMark.ARCHIVED])
async def test_marks_change_items_counts_and_the_log(store: Store, mark: InboxMark) -> None:
    tenant = await make_tenant(store)
    ada, grace = await make_users(store, tenant, "ada", "grace")
    items = [notification(ada, grace) for _ in range(3)]
    await store.write(op.Accept(tenant, tuple(items)))
    rows = tuple([delivery(tenant, item.id, user, Channel.IN_APP) for item in items for user in (ada, grace)])
    await store.write(op.Expand(rows, clock.now_us()))
    mine, hers = (items[0].id, ada, 4), (items[0].id, grace, 4)

    one = await store.write(op.MarkInbox(tenant, ada, mark, clock.now_us(), items=(mine, hers)))
    rest = await store.write(op.MarkInbox(tenant, ada, mark, clock.now_us(), up_to_seq=3))

    left = 3 if mark is InboxMark.SEEN else 0
    assert one == op.Marked(1, 3 if mark is InboxMark.SEEN else 2, (1,)) and rest == op.Marked(2, left)
    events = await store.read(q.InboxAfter(tenant, ada, 0, 100))
    assert [(event.seq, event.kind) for event in events] == [(n, 1 if n <= 3 else 2) for n in range(1, 7)]
    exact = await store.read(q.InboxEvents((tenant,), ((tenant, ada, 4), (tenant, grace, 1))))
    assert {(event.user, event.seq) for event in exact} == {(ada, 4), (grace, 1)}
    page = await store.read(q.InboxPage(tenant, ada, 1 << 60, 10))
    assert len(page) == (0 if mark is InboxMark.ARCHIVED else 3)


async def test_a_user_key_never_changes_behind_a_writer(store: Store) -> None:
    tenant = await make_tenant(store)
    first, second = user_row("ada"), user_row("ada")
    second = op.UserRow(second.id, second.handle_blind, b"s", b"another key", "de", None, None, ())

    assert await store.write(op.UpsertUsers(tenant, (first,), 1)) == [op.Upserted(first.id, created=True)]
    assert await store.write(op.UpsertUsers(tenant, (second,), 2)) == [op.StaleKey()]
    changed = op.UserRow(ids.new(), first.handle_blind, b"s", first.wrapped_key, "de", "Europe/Berlin", None, ())
    assert await store.write(op.UpsertUsers(tenant, (changed,), 3)) == [op.Upserted(first.id, created=False)]
    [row] = await store.read(q.PeopleByHandle(tenant, (first.handle_blind,)))
    assert (row.id, row.locale, row.time_zone) == (first.id, "de", "Europe/Berlin")
    assert len(await store.read(q.AddressesOf((tenant,), (first.id,)))) == 1


async def test_a_foreign_tenant_sees_nothing(store: Store) -> None:
    tenant, other = await make_tenant(store), await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    item = notification(ada)
    await store.write(op.Accept(tenant, (item,)))

    assert await store.read(q.NotificationsById((other,), (item.id,))) == []
    assert await store.read(q.PeopleById((other,), (ada,))) == []
    assert await store.write(op.Accept(other, (notification(ada),))) == [op.UnknownUsers((0,))]


async def test_counts_tell_waiting_from_under_way(store: Store) -> None:
    tenant, attempt = await queued_email(store)
    await store.write(op.Claim(ids.new(), ids.new(), "smtp", ((tenant, attempt),), clock.now_us()))

    [count] = await store.read(q.StateCounts((tenant,), (attempt[0],)))
    [row] = await store.read(q.DeliveriesOf((tenant,), attempt[0], bytes(16), 0, 10))

    assert (count.state, bool(count.under_way), count.count) == (DeliveryState.QUEUED, True, 1)
    assert bool(row.under_way) and row.key == attempt[:3]


async def test_keys_end_once(store: Store) -> None:
    tenant = await make_tenant(store)
    key = ids.new()
    await store.write(op.PutKey(tenant, key, b"h" * 32, "ci", Role.DEVELOPER, 1))

    assert [await store.write(op.RevokeKey(tenant, key, at)) for at in (2, 3)] == [True, False]
    [row] = await store.read(q.KeysById((tenant,), (key,)))
    assert row.revoked_at == 2


async def test_a_failing_operation_spoils_no_neighbour(store: Store) -> None:
    tenant = await make_tenant(store)
    key = ids.new()
    put = op.PutKey(tenant, key, b"h" * 32, "ci", Role.DEVELOPER, 1)

    results = await asyncio.gather(*[store.write(put) for _ in range(3)], make_tenant(store), return_exceptions=True)

    assert sum(isinstance(result, Exception) for result in results) == 2
    assert isinstance(results[3], bytes)


async def test_partitions_can_be_made_by_the_service_itself_again_and_again(store: Store) -> None:
    for _ in range(2):
        await store.write(op.MakePartitions(9))
