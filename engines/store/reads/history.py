"""Pages of history, each a stretch of one index. Run by the stores' readers; what each index serves is stated here.

| page | index | order |
|---|---|---|
| notifications of a tenant, by time | notifications_by_tenant (tenant, id) | id |
| notifications, deliveries of a user | deliveries_by_user (user, created) | created, notification, step |
| deliveries of notifications | the key of deliveries (notification, user, step) | user, step |
| deliveries of a tenant, by time | notifications_by_tenant, then the key of deliveries | notification, user, step |
| dead letters by time | dead_letters_by_tenant (tenant, created) | created, notification, user, step |
| dead letters of a notification or by name | the key of dead_letters | the same |
"""

from collections import defaultdict
from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.queries import history as q
from engines.store.queries.notifications import DeliveryRow, NotificationRow
from engines.store.reads.deliveries import DELIVERY, DELIVERY_COLUMNS
from engines.store.reads.sifting import facts_of, sifted, told_by, versions_of
from models import tables as t
from models.history import EVER, Span, Tests
from models.ids import DeliveryKey, delivery_bytes, delivery_key, first_at

NOTIFICATION_COLUMNS = (
    "tenant_id", "id", "priority", "channels", "category", "audience", "recipients", "content_sealed", "labels",
    "created_by", "created_at", "send_at", "expires_at", "cancelled_at", "template_version_id", "locale",
)  # fmt: skip
DRIFT_US = 1_000_000
"""An id may be made a little after the time that its row tells: of a batch, or of a clock that was set back."""
STEPS = 4
"""A user has about so many deliveries of one notification."""

Ids = tuple[bytes, bytes]
"""The least and the greatest id, both left out."""


def notifications_page(d: Dialect, query: q.NotificationsPage) -> Transaction[list[q.Stretch[NotificationRow]]]:
    """One stretch."""
    rows = yield from d.fetch(
        f"SELECT {', '.join(NOTIFICATION_COLUMNS)} FROM notifications WHERE tenant_id = ? AND id > ? AND id < ?"
        f" AND created_at >= ? AND created_at < ? ORDER BY id {_way(backward=query.backward)} LIMIT ?",
        (query.tenant, *_ids(query.span, query.place, backward=query.backward), *_times(query.span), query.limit),
    )
    return [q.Stretch(tuple([NotificationRow(*row) for row in rows]))]


def _ids(span: Span, place: bytes | None, *, backward: bool) -> Ids:
    least, greatest = _before(first_at(span.from_us)), first_at(span.until_us + DRIFT_US)
    if place is None:
        return least, greatest
    return (max(least, place), greatest) if backward else (least, min(greatest, place))


def _before(id_: bytes) -> bytes:
    return max(int.from_bytes(id_) - 1, 0).to_bytes(16)


def _times(span: Span) -> tuple[int, int]:
    return span.from_us, span.until_us


def _way(*, backward: bool) -> str:
    return "ASC" if backward else "DESC"


def _past(*, backward: bool) -> str:
    return ">" if backward else "<"


def notifications_of_user(
    d: Dialect, query: q.NotificationsOfUser
) -> Transaction[list[q.Stretch[q.UsersNotification]]]:
    """One stretch; a notification has a row for each of its steps, which stand together."""
    budget = query.look_at if query.tests else STEPS * query.limit
    start = _user_start(query.place, backward=query.backward)
    way = _way(backward=query.backward)
    rows = yield from d.fetch(
        "SELECT created_at, notification_id FROM deliveries WHERE tenant_id = ? AND user_id = ?"
        f" AND (created_at, notification_id) {_past(backward=query.backward)} (?, ?)"
        f" ORDER BY created_at {way}, notification_id {way} LIMIT ?",
        (query.tenant, query.user, *start[:2], budget),
    )
    times = {notification: created_at for created_at, notification in reversed(rows)}
    found = list(dict.fromkeys([notification for _, notification in rows]))
    kept = yield from _kept_notifications(d, query.tenant, found, query.tests)
    told = yield from _notifications(d, query.tenant, kept[: query.limit])
    spent = len(rows) >= budget and len(kept) < query.limit
    spent_at = times[found[-1]].to_bytes(8) + found[-1] if spent else None
    return [q.Stretch(tuple([q.UsersNotification(row, times[row.id]) for row in told]), spent_at)]


def _user_start(place: bytes | None, *, backward: bool) -> tuple[int, bytes, int]:
    """(created, notification, step)."""
    if place is not None:
        return int.from_bytes(place[:8]), place[8:24], int.from_bytes(place[24:])
    return (0, q.LEAST_ID, q.LEAST_STEP) if backward else (EVER, q.GREATEST_ID, q.GREATEST_STEP)


def _kept_notifications(d: Dialect, tenant: bytes, found: Sequence[bytes], tests: Tests) -> Transaction[list[bytes]]:
    if not tests:
        return list(found)
    facts = yield from facts_of(d, tenant, found)
    kept = [one for one in found if one in facts and told_by(facts[one], tests)]
    if tests.template is None:
        return kept
    versions = yield from versions_of(d, tenant, tests.template, {facts[one][6] for one in kept})
    return [one for one in kept if facts[one][6] in versions]


def _notifications(d: Dialect, tenant: bytes, wanted: Sequence[bytes]) -> Transaction[list[NotificationRow]]:
    keys: list[Row] = [(tenant, one) for one in wanted]
    rows = yield from d.lookup(t.notifications, ("tenant_id", "id"), keys, NOTIFICATION_COLUMNS)
    by_id = {row[1]: NotificationRow(*row) for row in rows}
    return [by_id[one] for one in wanted if one in by_id]


def deliveries_pages(d: Dialect, query: q.DeliveriesPages) -> Transaction[list[q.Stretch[DeliveryRow]]]:
    """All pages of all users together, those of single users together."""
    budget = query.limit
    if query.tests:
        budget = max(query.limit, min(query.look_at, q.LOOKED_AT_TOGETHER // max(1, len(query.pages))))
    found = yield from _of_all_users(d, query, budget)
    found |= yield from _of_single_users(d, query)
    rows = [row for page in dict.fromkeys(query.pages) for row in found[page][:budget]]
    passed = yield from sifted(d, query.tenant, rows, query.tests, len(rows))
    by_place: defaultdict[bytes, dict[bytes, DeliveryRow]] = defaultdict(dict)
    for one in passed:
        by_place[one.notification][one.user + one.step.to_bytes(2)] = one
    return [_page(found[page], by_place[page.notification], query, budget) for page in query.pages]


def _page(
    found: Sequence[Row], passed: dict[bytes, DeliveryRow], query: q.DeliveriesPages, budget: int
) -> q.Stretch[DeliveryRow]:
    places = [row[2] + row[3].to_bytes(2) for row in found[:budget]]
    rows = [passed[place] for place in places if place in passed][: query.limit]
    spent = bool(query.tests) and len(places) >= budget and len(rows) < query.limit
    return q.Stretch(tuple(rows), places[-1] if spent else None)


def _of_all_users(d: Dialect, query: q.DeliveriesPages, budget: int) -> Transaction[dict[q.DeliveriesPage, list[Row]]]:
    pages = {page.notification: page for page in query.pages if page.user is None}
    starts: list[Row] = [
        (query.tenant, page.notification, *_start(page.place, backward=query.backward)) for page in pages.values()
    ]
    rows = yield from d.stretches(
        t.deliveries, DELIVERY[:2], DELIVERY[2:], starts, DELIVERY_COLUMNS, budget, descending=query.backward
    )
    found: dict[q.DeliveriesPage, list[Row]] = {page: [] for page in pages.values()}
    for row in sorted(rows, key=_user_and_step, reverse=query.backward):
        found[pages[row[1]]].append(row)
    return found


def _start(place: bytes | None, *, backward: bool) -> tuple[bytes, int]:
    """(user, step)."""
    if place is not None:
        return place[:16], int.from_bytes(place[16:])
    return (q.GREATEST_ID, q.GREATEST_STEP) if backward else (q.LEAST_ID, 0)


def _of_single_users(d: Dialect, query: q.DeliveriesPages) -> Transaction[dict[q.DeliveriesPage, list[Row]]]:
    pages = {(page.notification, page.user): page for page in query.pages if page.user is not None}
    keys: list[Row] = [(query.tenant, *key) for key in pages]
    rows = yield from d.lookup(t.deliveries, DELIVERY[:3], keys, DELIVERY_COLUMNS)
    found: dict[q.DeliveriesPage, list[Row]] = {page: [] for page in pages.values()}
    for row in sorted(rows, key=_step, reverse=query.backward):
        page = pages[row[1], row[2]]
        place, start = (row[2], row[3]), _start(page.place, backward=query.backward)
        if place < start if query.backward else place > start:
            found[page].append(row)
    return found


def _user_and_step(row: Row) -> tuple[bytes, int]:
    return row[2], row[3]


def _step(row: Row) -> int:
    return int(row[3])


def deliveries_of_user(d: Dialect, query: q.DeliveriesOfUser) -> Transaction[list[q.Stretch[DeliveryRow]]]:
    """One stretch."""
    budget = max(query.limit, query.look_at) if query.tests else query.limit
    way = _way(backward=query.backward)
    rows = yield from d.fetch(
        f"SELECT {', '.join(DELIVERY_COLUMNS)} FROM deliveries WHERE tenant_id = ? AND user_id = ?"
        f" AND (created_at, notification_id, step) {_past(backward=query.backward)} (?, ?, ?)"
        f" ORDER BY created_at {way}, notification_id {way}, step {way} LIMIT ?",
        (query.tenant, query.user, *_user_start(query.place, backward=query.backward), budget),
    )
    passed = yield from sifted(d, query.tenant, rows, query.tests, query.limit)
    spent = query.tests and len(rows) >= budget and len(passed) < query.limit
    return [q.Stretch(tuple(passed), user_place(rows[-1]) if spent else None)]


def user_place(row: Row) -> bytes:
    """Where a delivery (values of `DELIVERY_COLUMNS`) stands among its user's: 26 bytes."""
    created_at: int = row[DELIVERY_COLUMNS.index("created_at")]
    return created_at.to_bytes(8) + bytes(row[1]) + int(row[3]).to_bytes(2)


def deliveries_of_tenant(d: Dialect, query: q.DeliveriesOfTenant) -> Transaction[list[q.Stretch[DeliveryRow]]]:
    """One stretch. Notifications that have no deliveries yet are passed, up to a bound."""
    least, greatest = _ids(query.span, None, backward=False)
    if query.place is not None:
        # the notification of the place may have more
        own = int.from_bytes(query.place[:16])
        after, before = max(own - 1, 0).to_bytes(16), min(own + 1, (1 << 128) - 1).to_bytes(16)
        least, greatest = (max(least, after), greatest) if query.backward else (least, min(greatest, before))
    edge = yield from _edge(d, query, least, greatest)
    bounds = (least, greatest)
    if edge is not None:
        beyond = int.from_bytes(edge) + (1 if query.backward else -1)
        bounds = (least, beyond.to_bytes(16)) if query.backward else (beyond.to_bytes(16), greatest)
    rows = yield from d.newest_deliveries(
        DELIVERY_COLUMNS, (query.tenant, *bounds, *_times(query.span)), _tenant_start(query), query.limit,
        descending=not query.backward,
    )  # fmt: skip
    passed = yield from sifted(d, query.tenant, rows, Tests(), query.limit)
    spent = edge is not None and len(rows) < query.limit
    user, step = (q.GREATEST_ID, q.GREATEST_STEP) if query.backward else (q.LEAST_ID, 0)
    return [q.Stretch(tuple(passed), delivery_bytes((edge, user, step)) if spent and edge is not None else None)]


def _edge(d: Dialect, query: q.DeliveriesOfTenant, least: bytes, greatest: bytes) -> Transaction[bytes | None]:
    """The last notification that may be looked at for this page, unless there are fewer."""
    rows = yield from d.fetch(
        "SELECT id FROM notifications WHERE tenant_id = ? AND id > ? AND id < ?"
        f" ORDER BY id {_way(backward=query.backward)} LIMIT 1 OFFSET ?",
        (query.tenant, least, greatest, query.pass_over - 1),
    )
    return rows[0][0] if rows else None


def _tenant_start(query: q.DeliveriesOfTenant) -> DeliveryKey:
    if query.place is not None:
        return delivery_key(query.place)
    if query.backward:
        return q.LEAST_ID, q.LEAST_ID, q.LEAST_STEP
    return q.GREATEST_ID, q.GREATEST_ID, q.GREATEST_STEP
