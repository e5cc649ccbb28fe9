"""The outbox table as the bus: the embedded profile needs no broker."""

import asyncio
from collections.abc import Sequence

from engines.bus.base import Batch
from engines.store import operations as op
from engines.store.base import Store
from errors import Unavailable
from models.topics import BusTopic

LOOK_EVERY_S = 0.25
"""How long work of another process can go unnoticed; this process's own work comes with a hint."""


class OutboxBus:
    """`Bus` over a store. Rows belong to `worker` from poll to commit; a dead worker's rows are freed by the sweep."""

    def __init__(self, store: Store, worker: bytes) -> None:
        self._store = store
        self._worker = worker
        self._held: set[int] = set()
        self._in_doubt = False
        self._bells: dict[BusTopic, asyncio.Event] = {topic: asyncio.Event() for topic in BusTopic}

    async def poll(self, topic: BusTopic, limit: int, wait_s: float) -> Sequence[Batch]:
        """See `Bus.poll`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        bell, hinted = self._bells[topic], False
        while True:
            bell.clear()
            rows = await self._take(topic, limit)
            left = deadline - loop.time()
            if rows or hinted or left <= 0:
                return [Batch(topic, row.payload, row.seq) for row in rows]
            hinted = await _rung(bell, min(left, LOOK_EVERY_S))

    async def _take(self, topic: BusTopic, limit: int) -> Sequence[op.OutboxRow]:
        """Claim rows. After a claim without an answer, what it may have taken is given up first."""
        try:
            if self._in_doubt:
                await self._store.write(op.FreeOutbox(self._worker, frozenset(self._held)))
                self._in_doubt = False
            rows = await self._store.write(op.TakeOutbox(topic, self._worker, limit))
        except Unavailable:
            self._in_doubt = True
            raise
        self._held.update([row.seq for row in rows])
        return rows

    async def commit(self, batches: Sequence[Batch]) -> None:
        """See `Bus.commit`."""
        if batches:
            receipts = tuple([batch.receipt for batch in batches])
            await self._store.write(op.DropOutbox(receipts))
            self._held.difference_update(receipts)

    async def set_aside(self, topic: BusTopic, payloads: Sequence[bytes]) -> None:
        """See `Bus.set_aside`: rows of the topic's negative number, which nobody polls."""
        await self._store.write(op.SetAside(topic, tuple(payloads)))

    def hint(self) -> None:
        """See `Bus.hint`."""
        for bell in self._bells.values():
            bell.set()


async def _rung(bell: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await bell.wait()
    except TimeoutError:
        return False
    return True
