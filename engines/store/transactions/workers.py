"""Worker leases, judged by the database's clock, and what happens to a dead worker's work."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import Beat, OrphanClaim, Retire, TakeOver
from engines.store.transactions.pointers import unpacked
from models import tables

STRAYS = (
    "SELECT claimed_by FROM outbox"
    " WHERE claimed_by <> ? AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = claimed_by)"
    " UNION SELECT worker_id FROM claims"
    " WHERE worker_id <> ? AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = worker_id)"
)
"""Workers without a row that hold something: a write that was under way when they left was committed after it."""


def beat(d: Dialect, operations: Sequence[Beat]) -> Transaction[list[None]]:
    """Renew leases; the first beat of a worker makes its row."""
    now_us = yield from d.now()
    columns = ("id", "service", "lease_us", "started_at", "heartbeat_at", "stopping")
    latest = {one.worker: one for one in operations}
    beats: list[Row] = [(worker, now_us) for worker in latest]
    # first the update, which waits for a sweep that may be removing the row
    known = yield from d.update_returning(tables.workers, ("id",), ("heartbeat_at",), beats, "TRUE")
    rows: list[Row] = [
        (one.worker, one.service, one.lease_us, now_us, now_us, False)
        for one in latest.values()
        if (one.worker,) not in known
    ]
    yield from d.insert_new(tables.workers, columns, ("id",), rows)
    return [None] * len(operations)


def take_over(d: Dialect, operations: Sequence[TakeOver]) -> Transaction[list[list[OrphanClaim]]]:
    """Claims stay until their attempts are settled, and a dead worker's row stays as long as a claim of it."""
    answers = []
    for one in operations:
        dead = yield from _dead(d, one)
        claims = yield from d.lookup(tables.claims, ("worker_id",), dead, ("id", "worker_id", "pointers"))
        yield from d.update(tables.outbox, ("claimed_by",), ("claimed_by",), [(*worker, None) for worker in dead])
        holding = {row[1] for row in claims}
        yield from d.delete(tables.workers, ("id",), [worker for worker in dead if worker[0] not in holding])
        answers.append([_orphan(*row) for row in claims])
    return answers


def _dead(d: Dialect, one: TakeOver) -> Transaction[list[Row]]:
    now_us = yield from d.now()
    ends_us = now_us + (1 << 50 if one.everyone_else else 0)
    late = yield from d.fetch(
        "SELECT id FROM workers WHERE id <> ? AND heartbeat_at + lease_us < ?", (one.survivor, ends_us)
    )
    # judged again under lock: a beat may have come in between
    judged = yield from d.lookup(tables.workers, ("id",), late, ("id", "heartbeat_at", "lease_us"), lock=True)
    strays = yield from d.fetch(STRAYS, (one.survivor, one.survivor))
    return [(row[0],) for row in judged if row[1] + row[2] < ends_us] + [tuple(row) for row in strays]


def _orphan(claim: bytes, worker: bytes, pointers: bytes) -> OrphanClaim:
    return OrphanClaim(claim, worker, tuple(unpacked(pointers)))


def retire(d: Dialect, operations: Sequence[Retire]) -> Transaction[list[None]]:
    """Give everything back. A worker that still has claims keeps its row, so that a sweep finds them."""
    workers: list[Row] = [(one.worker,) for one in operations]
    yield from d.update(tables.outbox, ("claimed_by",), ("claimed_by",), [(*worker, None) for worker in workers])
    rows = yield from d.lookup(tables.claims, ("worker_id",), workers, ("worker_id",))
    holding = {tuple(row) for row in rows}
    yield from d.delete(tables.workers, ("id",), [worker for worker in workers if worker not in holding])
    return [None] * len(operations)
