"""Reads by composite key, as transactions over the dialect's `lookup`: exact for any number of keys."""

from collections import Counter

from engines.store import queries as q
from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.reads.auditing import audit_entries, audit_page
from engines.store.reads.dead_letters import dead_letters_page, replayable
from engines.store.reads.deliveries import DELIVERY, DELIVERY_COLUMNS, told_deliveries
from engines.store.reads.history import (
    deliveries_of_tenant,
    deliveries_of_user,
    deliveries_pages,
    notifications_of_user,
    notifications_page,
)
from engines.store.reads.keys import send_records
from models import tables as t
from models.states import Outcome

ADDRESS = ("tenant_id", "user_id", "channel")
TOLD_COLUMNS = (
    "tenant_id", "id", "category", "priority", "created_at", "send_at", "expires_at", "content_sealed",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    *DELIVERY, "number", "worker_id", "provider", "claimed_at", "settled_at", "outcome", "reason",
    "provider_message_id", "answer", "late_outcome", "late_at",
)  # fmt: skip


def deliveries_by_key(d: Dialect, query: q.DeliveriesByKey) -> Transaction[list[q.DeliveryRow]]:
    """Deliveries, and for those that wait whether an attempt is under way."""
    keys: list[Row] = [(tenant, *key) for tenant, key in dict.fromkeys(query.keys)]
    rows = yield from d.lookup(t.deliveries, DELIVERY, keys, DELIVERY_COLUMNS)
    return (yield from told_deliveries(d, rows))


def attempts_of(d: Dialect, query: q.AttemptsOf) -> Transaction[list[q.AttemptRow]]:
    """Attempts by number."""
    keys: list[Row] = [(tenant, *key) for tenant, key in dict.fromkeys(query.keys)]
    rows = yield from d.lookup(t.notification_delivery_logs, DELIVERY, keys, ATTEMPT_COLUMNS)
    return sorted([q.AttemptRow(*row) for row in rows], key=lambda row: (row.delivery, row.number))


def inbox_events(d: Dialect, query: q.InboxEvents) -> Transaction[list[q.InboxRow]]:
    """Events with their items as they stand now; those whose item is no longer kept are left out."""
    key = ("tenant_id", "user_id", "seq")
    columns = (*key, "kind", "notification_id", "step", "created_at")
    events = yield from d.lookup(t.inbox, key, query.places, columns)
    items = {(row[0], row[4], row[1], row[5]) for row in events}
    standing = (*DELIVERY, "created_at", "seen_at", "read_at", "archived_at", "template_version_id", "locale")
    times = yield from d.lookup(t.deliveries, DELIVERY, items, standing)
    contents = yield from d.lookup(
        t.notifications,
        ("tenant_id", "id"),
        {item[:2] for item in items},
        ("tenant_id", "id", "category", "content_sealed"),
    )
    by_item = {tuple(row[:4]): row[4:] for row in times}
    by_notification = {tuple(row[:2]): row[2:] for row in contents}
    found = [
        q.InboxRow(*row, *by_notification[row[0], row[4]], *by_item[row[0], row[4], row[1], row[5]])
        for row in events
        if (row[0], row[4]) in by_notification and (row[0], row[4], row[1], row[5]) in by_item
    ]
    return sorted(found, key=lambda row: (row.user, row.seq))


def sendable(d: Dialect, query: q.Sendable) -> Transaction[list[q.SendableRow]]:
    """Deliveries joined with notification, tenant, user and address; what is gone leaves its delivery out."""
    keys: list[Row] = [(tenant, *key) for tenant, key in dict.fromkeys(query.keys)]
    columns = (*DELIVERY, "channel", "locale", "attempts", "template_version_id", "replayed_at")
    found = yield from d.lookup(t.deliveries, DELIVERY, keys, columns)
    unknowns = yield from _unknowns(d, {tuple(row[:4]): row[8] or 0 for row in found if row[6]})
    told = yield from d.lookup(t.notifications, ("tenant_id", "id"), {(row[0], row[1]) for row in found}, TOLD_COLUMNS)
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
        _sendable(
            row,
            notifications[row[0], row[1]],
            tenant_keys[row[0]],
            user_keys.get((row[0], row[2])),
            sealed,
            unknowns[tuple(row[:4])],
        )
        for row in found
        if (row[0], row[1]) in notifications
    ]


def _unknowns(d: Dialect, since_us: dict[Row, int]) -> Transaction[Counter[Row]]:
    """How many attempts of these deliveries, from then on, ended without anybody knowing how."""
    columns = (*DELIVERY, "outcome", "claimed_at")
    attempts = yield from d.lookup(t.notification_delivery_logs, DELIVERY, since_us, columns)
    keys = [(tuple(row[:4]), row[5]) for row in attempts if row[4] == Outcome.UNKNOWN]
    return Counter([key for key, claimed_at in keys if claimed_at >= since_us[key]])


def _sendable(
    row: Row, notification: Row, tenant_key: bytes, user_key: bytes | None, sealed: dict[Row, bytes], unknowns: int
) -> q.SendableRow:
    tenant, told, user, step, channel, locale, _, template_version, replayed_at = row
    _, _, category, priority, created_at, send_at, expires_at, content = notification
    begins_at = replayed_at or send_at or created_at
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
        unknowns,
        template_version,
    )


def template_versions_by_number(
    d: Dialect, query: q.TemplateVersionsByNumber
) -> Transaction[list[q.TemplateVersionRow]]:
    """Versions with the keys of their templates."""
    key = ("tenant_id", "template_id", "number")
    columns = ("tenant_id", "id", "template_id", "number", "body", "created_by", "created_at", "published_at")
    versions = yield from d.lookup(t.template_versions, key, set(query.places), columns)
    templates = {(row[0], row[2]) for row in versions}
    named = yield from d.lookup(t.templates, ("tenant_id", "id"), templates, ("tenant_id", "id", "key"))
    keys = {(tenant, id_): name for tenant, id_, name in named}
    return [q.TemplateVersionRow(*(*row, keys[row[0], row[2]])) for row in versions]


LOOKUPS = {
    q.SendRecords: send_records,
    q.TemplateVersionsByNumber: template_versions_by_number,
    q.NotificationsPage: notifications_page,
    q.NotificationsOfUser: notifications_of_user,
    q.DeliveriesPages: deliveries_pages,
    q.DeliveriesOfUser: deliveries_of_user,
    q.DeliveriesOfTenant: deliveries_of_tenant,
    q.DeadLettersPage: dead_letters_page,
    q.Replayable: replayable,
    q.AuditPage: audit_page,
    q.AuditEntries: audit_entries,
    q.Sendable: sendable,
    q.DeliveriesByKey: deliveries_by_key,
    q.AttemptsOf: attempts_of,
    q.InboxEvents: inbox_events,
}
