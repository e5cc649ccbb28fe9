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
ADDRESS = ("tenant_id", "user_id", "channel")
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


def sendable(d: Dialect, query: q.Sendable) -> Transaction[list[q.SendableRow]]:
    """Deliveries joined with notification, tenant, user and address; what is gone leaves its delivery out."""
    keys: list[Row] = [(tenant, *key) for tenant, key in dict.fromkeys(query.keys)]
    found = yield from d.lookup(t.deliveries, DELIVERY, keys, (*DELIVERY, "channel", "locale"))
    columns = ("tenant_id", "id", "category", "priority", "created_at", "send_at", "expires_at", "content_sealed")
    told = yield from d.lookup(t.notifications, ("tenant_id", "id"), {(row[0], row[1]) for row in found}, columns)
    spaces = yield from d.lookup(t.tenants, ("id",), {(row[0],) for row in found}, ("id", "wrapped_key"))
    people = yield from d.lookup(
        t.users, ("tenant_id", "id"), {(row[0], row[2]) for row in found}, ("tenant_id", "id", "wrapped_key")
    )
    addresses = yield from d.lookup(
        t.user_channels, ADDRESS, {(row[0], row[2], row[4]) for row in found}, (*ADDRESS, "address_sealed")
    )
    notifications = {tuple(row[:2]): row for row in told}
    tenant_keys = dict(map(tuple, spaces))
    user_keys = {tuple(row[:2]): row[2] for row in people}
    sealed = {tuple(row[:3]): row[3] for row in addresses}
    return [
        _sendable(row, notifications[row[0], row[1]], tenant_keys[row[0]], user_keys.get((row[0], row[2])), sealed)
        for row in found
        if (row[0], row[1]) in notifications
    ]


def _sendable(
    row: Row, notification: Row, tenant_key: bytes, user_key: bytes | None, sealed: dict[Row, bytes]
) -> q.SendableRow:
    tenant, told, user, step, channel, locale = row
    _, _, category, priority, created_at, send_at, expires_at, content = notification
    begins_at = send_at or created_at
    address = sealed.get((tenant, user, channel))
    return q.SendableRow(
        tenant,
        told,
        user,
        step,
        channel,
        locale,
        category,
        priority,
        begins_at,
        expires_at,
        content,
        tenant_key,
        user_key,
        address,
    )


LOOKUPS = {
    q.Sendable: sendable,
    q.DeliveriesByKey: deliveries_by_key,
    q.AttemptsOf: attempts_of,
    q.InboxEvents: inbox_events,
}
