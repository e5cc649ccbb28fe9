"""Reads by composite key, as transactions over the dialect's `lookup`: exact for any number of keys."""

from engines.store import queries as q
from engines.store.dialect.base import Dialect, Row, Transaction
from models import tables as t
from models.states import FINAL_FROM

DELIVERY = ("tenant_id", "notification_id", "user_id", "step")
DELIVERY_COLUMNS = (
    *DELIVERY, "channel", "state", "reason", "decisions", "attempts", "locale", "provider", "created_at",
    "next_attempt_at", "sent_at", "delivered_at", "seen_at", "read_at", "archived_at",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    *DELIVERY, "number", "worker_id", "provider", "claimed_at", "settled_at", "outcome", "reason",
    "provider_message_id", "answer", "late_outcome", "late_at",
)  # fmt: skip


def deliveries_by_key(d: Dialect, query: q.DeliveriesByKey) -> Transaction[list[q.DeliveryRow]]:
    """Deliveries, and for those that wait whether an attempt is under way."""
    keys: list[Row] = [(tenant, *key) for tenant, key in dict.fromkeys(query.keys)]
    rows = yield from d.lookup(t.deliveries, DELIVERY, keys, DELIVERY_COLUMNS)
    waiting = [tuple(row[:4]) for row in rows if row[5] < FINAL_FROM]
    attempts = yield from d.lookup(t.notification_delivery_logs, DELIVERY, waiting, (*DELIVERY, "settled_at"))
    under_way = {tuple(row[:4]) for row in attempts if row[4] is None}
    return [q.DeliveryRow(*(*row, int(tuple(row[:4]) in under_way))) for row in rows]


def attempts_of(d: Dialect, query: q.AttemptsOf) -> Transaction[list[q.AttemptRow]]:
    """Attempts by number."""
    keys: list[Row] = [(tenant, *key) for tenant, key in dict.fromkeys(query.keys)]
    rows = yield from d.lookup(t.notification_delivery_logs, DELIVERY, keys, ATTEMPT_COLUMNS)
    return sorted([q.AttemptRow(*row) for row in rows], key=lambda row: (row.delivery, row.number))


def inbox_events(d: Dialect, query: q.InboxEvents) -> Transaction[list[q.InboxRow]]:
    """Events with their items as they stand now."""
    key = ("tenant_id", "user_id", "seq")
    columns = (*key, "kind", "notification_id", "step", "created_at")
    events = yield from d.lookup(t.inbox, key, query.places, columns)
    items = {(row[0], row[4], row[1], row[5]) for row in events}
    times = yield from d.lookup(
        t.deliveries, DELIVERY, items, (*DELIVERY, "created_at", "seen_at", "read_at", "archived_at")
    )
    contents = yield from d.lookup(
        t.notifications,
        ("tenant_id", "id"),
        {item[:2] for item in items},
        ("tenant_id", "id", "category", "content_sealed"),
    )
    by_item = {tuple(row[:4]): row[4:] for row in times}
    by_notification = {tuple(row[:2]): row[2:] for row in contents}
    found = [
        q.InboxRow(*row, *by_notification[row[0], row[4]], *by_item[row[0], row[4], row[1], row[5]]) for row in events
    ]
    return sorted(found, key=lambda row: (row.user, row.seq))


LOOKUPS = {q.DeliveriesByKey: deliveries_by_key, q.AttemptsOf: attempts_of, q.InboxEvents: inbox_events}
