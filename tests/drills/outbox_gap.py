"""The outbox drill: writers whose commits come late and out of order must not cost a consumer a single row.

A consumer that remembered the highest number it has seen would lose rows here; one that claims rows does not.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

import asyncpg
import msgspec

from engines.store.operations import DropOutbox, TakeOutbox
from engines.store.postgres import PostgresStore
from models.topics import BusTopic, Lane

TOPIC = BusTopic.NOTIFICATION_CREATED
WRITERS = 16
CONSUMERS = 4
LONGEST_DELAY_S = 0.03
"""Between the insert, which takes the number, and the commit, which shows the row."""
MOST_ROWS_A_COMMIT = 20
TAKE = 200
PAUSE_S = 0.002

INSERT = "INSERT INTO outbox (topic, lane, items, payload, created_at) VALUES ($1, $2, 1, $3, 0) RETURNING seq"


class Gap(msgspec.Struct, frozen=True):
    """What came of it."""

    written: int
    missed: int
    doubled: int
    overtaken: int
    """Rows that were committed after one with a higher number: who remembers the highest number may lose them."""
    seconds: float

    @property
    def passed(self) -> bool:
        """Every row came once, and there was something to lose."""
        return self.missed == 0 and self.doubled == 0 and self.overtaken > 0


async def drill(url: str, rows: int, seed: int) -> Gap:
    """Run it.

    Args:
        url: of a migrated database, for the service role.
        rows: to be written in all.
        seed: of the delays.
    """
    began_s = time.monotonic()
    written: list[int] = []
    taken: list[int] = []
    done = asyncio.Event()
    stores = [PostgresStore(url) for _ in range(CONSUMERS)]
    try:
        consuming = asyncio.gather(*[_consume(store, place, taken, done) for place, store in enumerate(stores)])
        shares = [rows // WRITERS + (place < rows % WRITERS) for place in range(WRITERS)]
        await asyncio.gather(*[_write(url, share, Random(f"{seed} {n}"), written) for n, share in enumerate(shares)])
        done.set()
        await consuming
    finally:
        await asyncio.gather(*[store.close() for store in stores])
    return compared(written, taken, time.monotonic() - began_s)


async def _write(url: str, rows: int, random: Random, written: list[int]) -> None:
    """Insert so many rows in transactions of random size that wait before they commit; note numbers as they commit."""
    connection = await asyncpg.connect(url)
    try:
        while rows > 0:
            size = min(rows, random.randint(1, MOST_ROWS_A_COMMIT))
            async with connection.transaction():
                insert = await connection.prepare(INSERT)
                numbers = [await insert.fetchval(int(TOPIC), int(Lane.NORMAL), b"pointer") for _ in range(size)]
                await asyncio.sleep(random.uniform(0, LONGEST_DELAY_S))
            written += numbers
            rows -= size
    finally:
        await connection.close()


async def _consume(store: PostgresStore, place: int, taken: list[int], done: asyncio.Event) -> None:
    """Take and drop until the writers are done and nothing is left."""
    worker = bytes([place + 1]) * 16
    while True:
        was_done = done.is_set()
        rows = await store.write(TakeOutbox(TOPIC, worker, TAKE))
        if not rows and was_done:
            return
        taken += [row.seq for row in rows]
        await store.write(DropOutbox(tuple([row.seq for row in rows])))
        await asyncio.sleep(PAUSE_S)


def compared(written: Sequence[int], taken: Sequence[int], seconds: float) -> Gap:
    """Which rows are missing or came twice, and how many were committed after a higher one."""
    times = Counter(taken)
    highest, overtaken = 0, 0
    for seq in written:
        overtaken += seq < highest
        highest = max(highest, seq)
    missed = sum(seq not in times for seq in written)
    doubled = sum(count > 1 for count in times.values()) + len(times.keys() - set(written))
    return Gap(len(written), missed, doubled, overtaken, seconds)
