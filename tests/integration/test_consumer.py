"""The consumer loop on a real store: nothing is lost when a handler fails, and one bad pointer stops nobody."""

import asyncio
from collections.abc import Sequence

from dispatchers.consumer import Consumer, Pointer
from engines.bus.outbox import OutboxBus
from engines.store import operations as op
from engines.store.base import Store
from errors import EngineUnavailable
from models.clock import SystemClock
from models.events.codec import encode
from models.ids import Ids
from models.topics import BusTopic
from services.metrics import Metrics

TOPIC = BusTopic.NOTIFICATION_CREATED
ids = Ids(SystemClock().now_us)


class Handler:
    """Keeps what it handled; fails as told."""

    def __init__(self, poison: bytes = b"", outages: int = 0) -> None:
        self.handled: list[bytes] = []
        self.outages = outages
        self._poison = poison

    async def __call__(self, pointers: Sequence[Pointer]) -> None:
        if self.outages:
            self.outages -= 1
            raise EngineUnavailable("away")
        found = [pointer for _, pointer in pointers]
        if self._poison in found:
            raise ValueError("poisoned")
        self.handled += found


async def put(store: Store, pointers: Sequence[bytes]) -> None:
    """Queue one batch as accepting does."""
    payload = encode([(bytes(16), pointer) for pointer in pointers], 1)
    await store.write(op.SetAside(-TOPIC, (payload,)))  # type: ignore[arg-type]


async def run_until(consumer: Consumer, done: asyncio.Event, handler: Handler, count: int) -> None:
    """Run the loop until the handler has `count` pointers."""
    task = asyncio.create_task(consumer.run())
    async with asyncio.timeout(10):
        while len(handler.handled) < count:
            await asyncio.sleep(0.01)
    done.set()
    consumer.stop()
    await task


async def consume(store: Store, handler: Handler, count: int) -> Metrics:
    metrics = Metrics()
    consumer = Consumer(OutboxBus(store, ids.new()), TOPIC, handler, metrics, limit=100, at_once=1)
    await run_until(consumer, asyncio.Event(), handler, count)
    return metrics


async def test_a_poisoned_pointer_is_set_aside_and_its_neighbours_are_handled(store: Store) -> None:
    pointers = [bytes([n]) * 16 for n in range(1, 21)]
    await put(store, pointers)

    metrics = await consume(store, handler := Handler(poison=pointers[7]), 19)

    assert sorted(handler.handled) == [pointer for pointer in pointers if pointer != pointers[7]]
    assert metrics.registry.get_sample_value("carillon_bus_set_aside_total", {"topic": "notification.created"}) == 1
    assert await store.write(op.TakeOutbox(TOPIC, ids.new(), 10)) == []
    aside = await store.write(op.TakeOutbox(-TOPIC, ids.new(), 10))  # type: ignore[arg-type]
    assert [row.payload for row in aside] == [encode([(bytes(16), pointers[7])], 0)]


async def test_an_engine_that_is_away_is_waited_for(store: Store) -> None:
    await put(store, [b"p" * 16])

    await consume(store, handler := Handler(outages=3), 1)

    assert handler.handled == [b"p" * 16]


async def test_an_event_that_cannot_be_read_is_set_aside(store: Store) -> None:
    await store.write(op.SetAside(-TOPIC, (b"\x09 none of ours",)))  # type: ignore[arg-type]
    await put(store, [b"p" * 16])

    metrics = await consume(store, Handler(), 1)

    assert metrics.registry.get_sample_value("carillon_bus_set_aside_total", {"topic": "notification.created"}) == 1
