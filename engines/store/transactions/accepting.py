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
AGED_KEY = (*KEY, "created_at")
"""For deleting: a key that another connection has used anew since it was read stays."""
NOTIFICATION_COLUMNS = (
    "tenant_id", "id", "priority", "channels", "category", "audience", "recipients", "content_sealed", "labels",
    "created_by", "created_at", "send_at", "expires_at", "template_version_id", "locale",
)  # fmt: skip

Item = tuple[bytes, NewNotification]
"""(tenant, notification)."""
Records = dict[tuple[bytes, bytes], tuple[bytes, bytes]]
"""(tenant, key) → (fingerprint, outcome)."""


def accept(d: Dialect, operations: Sequence[Accept]) -> Transaction[list[list[Acceptance]]]:
    """One answer per item. Of several items with one key, the first that can be stored decides for the others."""
    items = [(one.tenant, item) for one in operations for item in one.items]
    answers: dict[bytes, Acceptance] = {}
    known = yield from _known_keys(d, items)
    fresh = [item for item in items if not _answered_by_key(item, known, answers)]
    candidates = list(_candidates(fresh))
    audiences = yield from newcomers.audiences(d, candidates)
    won, records = yield from _record_keys(d, _placed(candidates, audiences, answers))
    links = {item.id: one.traceparent for one in operations if one.traceparent for item in one.items}
    yield from _store(d, won, audiences, links)
    answers.update({item.id: Accepted(item.id, duplicate=False) for _, item in won})
    for item in fresh:
        if item[1].id not in answers:
            _answered_by_key(item, records, answers)
    return [[answers[item.id] for item in one.items] for one in operations]


def _candidates(items: Sequence[Item]) -> Iterator[Item]:
    """All but those behind an item of their key that makes its user itself: nothing keeps that one from its place."""
    decided: set[tuple[bytes, bytes]] = set()
    for tenant, item in items:
        if item.key_hash is None:
            yield tenant, item
        elif (tenant, item.key_hash) not in decided:
            yield tenant, item
            if item.newcomer is not None:
                decided.add((tenant, item.key_hash))


def _known_keys(d: Dialect, items: Sequence[Item]) -> Transaction[Records]:
    """Records younger than a day; older ones are deleted."""
    keyed = {(tenant, SEND, item.key_hash): item.created_at for tenant, item in items if item.key_hash is not None}
    rows = yield from d.lookup(tables.idempotency_keys, KEY, keyed, KEY_COLUMNS)
    live: Records = {}
    stale: list[Row] = []
    for tenant, operation, key, fingerprint, outcome, created_at in rows:
        if int(created_at) > keyed[tenant, SEND, key] - KEY_LIFETIME_US:
            live[tenant, key] = (fingerprint, outcome)
        else:
            stale.append((tenant, operation, key, created_at))
    yield from d.delete(tables.idempotency_keys, AGED_KEY, stale)
    return live


def _answered_by_key(item: Item, known: Records, answers: dict[bytes, Acceptance]) -> bool:
    tenant, one = item
    record = known.get((tenant, one.key_hash)) if one.key_hash is not None else None
    if record is None:
        return False
    fingerprint, outcome = record
    answers[one.id] = Accepted(outcome, duplicate=True) if fingerprint == one.fingerprint else KeyConflict()
    return True


def _placed(
    items: Sequence[Item], audiences: dict[bytes, list[bytes | None]], answers: dict[bytes, Acceptance]
) -> list[Item]:
    """Those whose audience is known, the first of each key; those of a key that come before it are answered."""
    decided: set[tuple[bytes, bytes | None]] = set()
    placed = []
    for tenant, item in items:
        if item.key_hash is not None and (tenant, item.key_hash) in decided:
            continue
        missing = tuple([place for place, user in enumerate(audiences[item.id]) if user is None])
        if missing:
            answers[item.id] = UnknownUsers(missing)
        else:
            decided.add((tenant, item.key_hash))
            placed.append((tenant, item))
    return placed


def _record_keys(d: Dialect, items: Sequence[Item]) -> Transaction[tuple[list[Item], Records]]:
    """The items that may be stored, having no key or one that nobody recorded meanwhile; and the keys' records."""
    keyed: list[Row] = [
        (tenant, SEND, item.key_hash, item.fingerprint, item.id, item.created_at)
        for tenant, item in items
        if item.key_hash is not None
    ]
    if not keyed:
        return list(items), {}
    recorded = yield from d.insert_new(tables.idempotency_keys, KEY_COLUMNS, KEY, keyed)
    won = [(t, item) for t, item in items if item.key_hash is None or (t, SEND, item.key_hash) in recorded]
    lost = [(t, item) for t, item in items if item.key_hash is not None and (t, SEND, item.key_hash) not in recorded]
    records = yield from _known_keys(d, lost)
    records |= {
        (tenant, key): (mark, id_)
        for tenant, operation, key, mark, id_, _ in keyed
        if (tenant, operation, key) in recorded
    }
    return won, records


def _store(
    d: Dialect, items: Sequence[Item], audiences: dict[bytes, list[bytes | None]], links: dict[bytes, str]
) -> Transaction[None]:
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
        yield from outbox.queue(d, work, items[0][1].created_at, links)


def _row(tenant: bytes, item: NewNotification, audience: Sequence[bytes | None]) -> Row:
    users = [user for user in audience if user is not None]
    return (
        tenant, item.id, int(item.priority), item.channels, item.category, b"".join(users), len(users),
        item.content_sealed, item.labels, item.created_by, item.created_at, item.send_at, item.expires_at,
        item.template_version, item.locale,
    )  # fmt: skip


def _schedules(items: Sequence[Item]) -> Iterator[Row]:
    for tenant, item in items:
        if item.send_at is not None:
            yield (tenant, item.id, int(item.lane), item.send_at)


def forget_keys(d: Dialect, operations: Sequence[ForgetKeys]) -> Transaction[list[int]]:
    """Delete idempotency records that are past their day."""
    counts = []
    for one in operations:
        keys: list[Row] = []
        for tenant in one.tenant_ids:
            text = (
                "SELECT tenant_id, operation, key_hash, created_at FROM idempotency_keys"
                " WHERE tenant_id = ? AND created_at < ? ORDER BY created_at LIMIT ?"
            )
            keys += yield from d.fetch(text, (tenant, one.before_us, one.limit))
        yield from d.delete(tables.idempotency_keys, AGED_KEY, [tuple(key) for key in keys])
        counts.append(len(keys))
    return counts
