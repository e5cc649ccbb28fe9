"""Accepting: notifications, their idempotency records and the pointers that set them in motion, all or nothing."""

from collections.abc import Iterator, Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import (
    Accept,
    Acceptance,
    Accepted,
    ForgetKeys,
    KeyConflict,
    NewNotification,
    UnknownUsers,
)
from engines.store.transactions import newcomers, outbox
from models import tables
from models.topics import BusTopic

KEY_LIFETIME_US = 24 * 3_600 * 1_000_000
SEND = 1
"""The number of the send operation in idempotency records."""

KEY = ("tenant_id", "operation", "key_hash")
KEY_COLUMNS = (*KEY, "fingerprint", "outcome_id", "created_at")
NOTIFICATION_COLUMNS = (
    "tenant_id", "id", "priority", "channels", "category", "audience", "recipients", "content_sealed", "labels",
    "created_by", "created_at", "send_at", "expires_at",
)  # fmt: skip

Item = tuple[bytes, NewNotification]
"""(tenant, notification)."""


def accept(d: Dialect, operations: Sequence[Accept]) -> Transaction[list[list[Acceptance]]]:
    """One answer per item. The first of several items with one key decides for all of them."""
    items = [(one.tenant, item) for one in operations for item in one.items]
    answers: dict[bytes, Acceptance] = {}
    firsts = _first_of_each_key(items)
    known = yield from _known_keys(d, firsts)
    fresh = [item for item in firsts if not _answered_by_key(item, known, answers)]
    audiences = yield from newcomers.audiences(d, fresh)
    placed = [item for item in fresh if not _unknown(item[1], audiences, answers)]
    won = yield from _record_keys(d, placed, answers)
    yield from _store(d, won, audiences)
    answers.update({item.id: Accepted(item.id, duplicate=False) for _, item in won})
    by_key = {(tenant, item.key_hash): item for tenant, item in firsts if item.key_hash}
    return [[_answer(one.tenant, item, by_key, answers) for item in one.items] for one in operations]


def _first_of_each_key(items: Sequence[Item]) -> list[Item]:
    seen: set[tuple[bytes, bytes]] = set()
    firsts = []
    for tenant, item in items:
        if item.key_hash is not None:
            if (tenant, item.key_hash) in seen:
                continue
            seen.add((tenant, item.key_hash))
        firsts.append((tenant, item))
    return firsts


def _known_keys(d: Dialect, items: Sequence[Item]) -> Transaction[dict[tuple[bytes, bytes], tuple[bytes, bytes]]]:
    """(tenant, key) → (fingerprint, outcome) of records younger than a day; older ones are deleted."""
    keyed = {(tenant, SEND, item.key_hash): item.created_at for tenant, item in items if item.key_hash is not None}
    rows = yield from d.lookup(tables.idempotency_keys, KEY, keyed, KEY_COLUMNS)
    live: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
    stale: list[Row] = []
    for tenant, operation, key, fingerprint, outcome, created_at in rows:
        if int(created_at) > keyed[tenant, SEND, key] - KEY_LIFETIME_US:
            live[tenant, key] = (fingerprint, outcome)
        else:
            stale.append((tenant, operation, key))
    yield from d.delete(tables.idempotency_keys, KEY, stale)
    return live


def _answered_by_key(
    item: Item, known: dict[tuple[bytes, bytes], tuple[bytes, bytes]], answers: dict[bytes, Acceptance]
) -> bool:
    tenant, one = item
    record = known.get((tenant, one.key_hash)) if one.key_hash is not None else None
    if record is None:
        return False
    fingerprint, outcome = record
    answers[one.id] = Accepted(outcome, duplicate=True) if fingerprint == one.fingerprint else KeyConflict()
    return True


def _unknown(
    item: NewNotification, audiences: dict[bytes, list[bytes | None]], answers: dict[bytes, Acceptance]
) -> bool:
    missing = tuple([place for place, user in enumerate(audiences[item.id]) if user is None])
    if missing:
        answers[item.id] = UnknownUsers(missing)
    return bool(missing)


def _record_keys(d: Dialect, items: Sequence[Item], answers: dict[bytes, Acceptance]) -> Transaction[list[Item]]:
    """The items that may be stored: those without a key, and those whose key nobody recorded meanwhile."""
    keyed: list[Row] = [
        (tenant, SEND, item.key_hash, item.fingerprint, item.id, item.created_at)
        for tenant, item in items
        if item.key_hash is not None
    ]
    if not keyed:
        return list(items)
    recorded = yield from d.insert_new(tables.idempotency_keys, KEY_COLUMNS, KEY, keyed)
    won = [(t, item) for t, item in items if item.key_hash is None or (t, SEND, item.key_hash) in recorded]
    lost = [(t, item) for t, item in items if item.key_hash is not None and (t, SEND, item.key_hash) not in recorded]
    known = yield from _known_keys(d, lost)
    for item in lost:
        _answered_by_key(item, known, answers)
    return won


def _store(d: Dialect, items: Sequence[Item], audiences: dict[bytes, list[bytes | None]]) -> Transaction[None]:
    rows = [_row(tenant, item, audiences[item.id]) for tenant, item in items]
    yield from d.insert(tables.notifications, NOTIFICATION_COLUMNS, rows)
    due = list(_schedules(items))
    yield from d.insert(tables.schedules, ("tenant_id", "notification_id", "lane", "due_at"), due)
    if len(due) < len(items):
        work = [
            (BusTopic.NOTIFICATION_CREATED, item.lane, tenant, item.id)
            for tenant, item in items
            if item.send_at is None
        ]
        yield from outbox.queue(d, work, items[0][1].created_at)


def _row(tenant: bytes, item: NewNotification, audience: Sequence[bytes | None]) -> Row:
    users = [user for user in audience if user is not None]
    return (
        tenant, item.id, int(item.priority), item.channels, item.category, b"".join(users), len(users),
        item.content_sealed, item.labels, item.created_by, item.created_at, item.send_at, item.expires_at,
    )  # fmt: skip


def _schedules(items: Sequence[Item]) -> Iterator[Row]:
    for tenant, item in items:
        if item.send_at is not None:
            yield (tenant, item.id, int(item.lane), item.send_at)


def _answer(
    tenant: bytes,
    item: NewNotification,
    by_key: dict[tuple[bytes, bytes], NewNotification],
    answers: dict[bytes, Acceptance],
) -> Acceptance:
    first = by_key.get((tenant, item.key_hash), item) if item.key_hash is not None else item
    answer = answers[first.id]
    if first is item:
        return answer
    if item.fingerprint != first.fingerprint:
        return KeyConflict()
    return Accepted(answer.id, duplicate=True) if isinstance(answer, Accepted) else answer


def forget_keys(d: Dialect, operations: Sequence[ForgetKeys]) -> Transaction[list[int]]:
    """Delete idempotency records that are past their day."""
    counts = []
    for one in operations:
        keys: list[Row] = []
        for tenant in one.tenant_ids:
            text = (
                "SELECT tenant_id, operation, key_hash FROM idempotency_keys"
                " WHERE tenant_id = ? AND created_at < ? ORDER BY created_at LIMIT ?"
            )
            keys += yield from d.fetch(text, (tenant, one.before_us, one.limit))
        yield from d.delete(tables.idempotency_keys, KEY, [tuple(key) for key in keys])
        counts.append(len(keys))
    return counts
