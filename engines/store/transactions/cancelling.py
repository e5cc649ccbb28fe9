"""Cancelling: the notification is locked against expansion and claims, so what is read of its deliveries is all of it.

Expansion and claims share the lock of the notifications they are about. This takes all of it, for one notification a
transaction (`ALONE`): nobody can wait for it in a ring. What is settled meanwhile had been claimed before, so it is
left alone here, and its settlement finds the notification taken back; a retry that slips through is stopped by its
claim.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import AuditEntry, Cancel, Cancelled, TooLate
from engines.store.transactions import auditing
from engines.store.transactions.stopping import DELIVERY, NOT_LEFT, NOTIFICATION, Standing, stop, under_way
from models import tables
from models.states import FINAL_FROM, DeliveryState

WANTED = (*NOTIFICATION, "recipients", "channels", "cancelled_at")
LEFT = frozenset(
    {
        DeliveryState.UNKNOWN, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.BOUNCED,
        DeliveryState.FAILED, DeliveryState.DEAD,
    }
)  # fmt: skip

Answer = Cancelled | TooLate | None


class _Found(msgspec.Struct):
    """A notification with its deliveries, as they stand under its lock."""

    expected: int
    cancelled_at: int | None
    deliveries: list[Standing]
    busy: set[Row]

    @property
    def is_over(self) -> bool:
        done = all(state >= FINAL_FROM for _, state, _ in self.deliveries)
        return done and len(self.deliveries) == self.expected

    @property
    def waiting(self) -> list[Standing]:
        return [one for one in self.deliveries if one[1] < FINAL_FROM and one[0] not in self.busy]

    def answer(self) -> Cancelled:
        """As it stands once what waits is stopped."""
        stopped = left = 0
        for key, state, _ in self.deliveries:
            unsent = state in NOT_LEFT and key not in self.busy
            stopped += unsent or state == DeliveryState.CANCELLED
            left += state in LEFT or key in self.busy
        return Cancelled(stopped, left, repeated=self.cancelled_at is not None)


def cancel(d: Dialect, operations: Sequence[Cancel]) -> Transaction[list[Answer]]:
    """The first to take a notification back decides when; who comes later gets the same answer."""
    found = yield from _found(d, operations)
    first: dict[Row, Cancel] = {}
    for one in operations:
        if (key := (one.tenant, one.notification)) in found and found[key].cancelled_at is None:
            first.setdefault(key, one)
    fresh = {key: one for key, one in first.items() if not found[key].is_over}
    rows: list[Row] = [(*key, one.at_us) for key, one in fresh.items()]
    yield from d.update(tables.notifications, NOTIFICATION, ("cancelled_at",), rows)
    yield from d.delete(tables.schedules, ("tenant_id", "notification_id"), list(fresh))
    for at_us, waiting in _by_time(fresh, found).items():
        yield from stop(d, waiting, at_us)
    answers = {key: found[key].answer() for key in found}
    yield from auditing.record(d, [(key[0], _entry(one, answers[key])) for key, one in fresh.items()])
    return [_answer(one, found, fresh, answers) for one in operations]


def _found(d: Dialect, operations: Sequence[Cancel]) -> Transaction[dict[Row, _Found]]:
    keys: set[Row] = {(one.tenant, one.notification) for one in operations}
    told = yield from d.lookup(tables.notifications, NOTIFICATION, keys, WANTED, lock=True)
    there: set[Row] = {tuple(row[:2]) for row in told}
    rows = yield from d.lookup(tables.deliveries, DELIVERY[:2], there, (*DELIVERY, "state", "next_attempt_at"))
    busy = yield from under_way(d, [tuple(row[:4]) for row in rows if row[4] < FINAL_FROM])
    deliveries: defaultdict[Row, list[Standing]] = defaultdict(list)
    for row in rows:
        deliveries[tuple(row[:2])].append((tuple(row[:4]), row[4], row[5]))
    return {
        (tenant, id_): _Found(recipients * channels.bit_count(), cancelled_at, deliveries[tenant, id_], busy)
        for tenant, id_, recipients, channels, cancelled_at in told
    }


def _by_time(fresh: dict[Row, Cancel], found: dict[Row, _Found]) -> dict[int, list[Standing]]:
    waiting: defaultdict[int, list[Standing]] = defaultdict(list)
    for key, one in fresh.items():
        waiting[one.at_us] += found[key].waiting
    return waiting


def _entry(one: Cancel, answer: Cancelled) -> AuditEntry:
    after = msgspec.json.encode({"stopped": answer.stopped, "left": answer.left})
    return msgspec.structs.replace(one.audit, after=after)


def _answer(one: Cancel, found: dict[Row, _Found], fresh: dict[Row, Cancel], answers: dict[Row, Cancelled]) -> Answer:
    key = (one.tenant, one.notification)
    if key not in found:
        return None
    if found[key].cancelled_at is None and key not in fresh:
        return TooLate()
    repeated = fresh.get(key) is not one
    return msgspec.structs.replace(answers[key], repeated=repeated)
