"""Trace context on its way through the outbox: a row carries that of its first notification, and never another's."""

import asyncio

from engines.store import operations as op
from engines.store.base import Store
from models.clock import SystemClock
from models.events.codec import decode, traceparent_of
from models.ids import Ids
from models.states import DeliveryState
from models.topics import POINTER_BYTES, BusTopic, Lane
from models.trace import Link
from models.vocabulary import Channel, Priority, TenantKind

clock = SystemClock()
ids = Ids(clock.now_us)


def traceparent(digit: int) -> str:
    return f"00-{digit:032x}-{digit:016x}-01"


async def made(store: Store) -> tuple[bytes, bytes]:
    """A tenant with one user."""
    tenant = ids.new()
    await store.write(op.PutTenant(tenant, ids.new(), "acme", "acme", TenantKind.LIVE, b"wrapped", clock.now_us()))
    row = op.UserRow(ids.new(), b"a" * 32, b"sealed", b"key", "en", None, None, ())
    [answer] = await store.write(op.UpsertUsers(tenant, (row,), clock.now_us()))
    assert isinstance(answer, op.Upserted)
    return tenant, answer.id


def notification(user: bytes, lane: Lane = Lane.NORMAL) -> op.NewNotification:
    return op.NewNotification(
        ids.new(), Priority.NORMAL, lane, 1 << Channel.EMAIL, "transactional", (user,), (), None, b"content", None,
        None, None, clock.now_us(), ids.new(),
    )  # fmt: skip


async def linked(store: Store, topic: BusTopic) -> dict[bytes, str]:
    """Of each outbox row: its first notification and what it is linked with."""
    rows = await store.write(op.TakeOutbox(topic, ids.new(), 10_000))
    await store.write(op.DropOutbox(tuple([row.seq for row in rows])))
    firsts = [decode(row.payload, POINTER_BYTES[topic])[0][1][:16] for row in rows]
    return {first: traceparent_of(row.payload) for first, row in zip(firsts, rows, strict=True)}


async def test_a_row_of_many_requests_carries_the_trace_of_its_first(store: Store) -> None:
    tenant, user = await made(store)
    items = [notification(user, Lane.NORMAL if n % 2 else Lane.BULK) for n in range(40)]
    traces = {item.id: traceparent(n + 1) for n, item in enumerate(items)}

    await asyncio.gather(*[store.write(op.Accept(tenant, (item,), traces[item.id])) for item in items])
    found = await linked(store, BusTopic.NOTIFICATION_CREATED)

    assert found == {first: traces[first] for first in found}
    assert 2 <= len(found) < 40, "the commits were not merged"


async def test_what_comes_without_a_trace_goes_without_one(store: Store) -> None:
    tenant, user = await made(store)
    item = notification(user)

    await store.write(op.Accept(tenant, (item,)))

    assert await linked(store, BusTopic.NOTIFICATION_CREATED) == {item.id: ""}


async def test_deliveries_are_queued_with_the_trace_of_their_notification(store: Store) -> None:
    tenant, user = await made(store)
    first, second = ids.new(), ids.new()
    links = (Link(traceparent(2), second), Link(traceparent(1), first))
    deliveries = [
        op.NewDelivery(
            tenant, one, user, 1, Channel.EMAIL, DeliveryState.QUEUED, None, b"\x01\x01", None, Lane.NORMAL
        )
        for one in (first, second)
    ]  # fmt: skip

    await store.write(op.Expand(tuple(deliveries), clock.now_us(), links))

    assert await linked(store, BusTopic.EMAIL_QUEUED) == {first: traceparent(1)}
