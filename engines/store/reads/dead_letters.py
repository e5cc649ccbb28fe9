"""Dead letters: pages of them by time, and what decides whether they can be sent again. Run by the stores' readers."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.queries import history as q
from engines.store.reads.deliveries import DELIVERY
from engines.store.reads.sifting import within
from models import tables as t

COLUMNS = (*DELIVERY, "reason", "created_at")

Place = tuple[int, bytes, bytes, int]
"""(time, notification, user, step)."""


def dead_letters_page(d: Dialect, query: q.DeadLettersPage) -> Transaction[list[q.Stretch[q.DeadLetterRow]]]:
    """One stretch: along the index by time, or of what is named."""
    if query.notification is not None or query.deliveries is not None:
        return (yield from _named(d, query))
    tested = query.reasons is not None or query.user is not None
    budget = max(query.limit, query.look_at) if tested else query.limit
    rows = yield from _by_time(d, query, budget)
    passed = [row for row in rows if _passes(row, query)][: query.limit]
    spent = tested and len(rows) >= budget and len(passed) < query.limit
    return [q.Stretch(tuple(passed), rows[-1].place if spent else None)]


def _by_time(d: Dialect, query: q.DeadLettersPage, limit: int) -> Transaction[list[q.DeadLetterRow]]:
    span, past, way, other = query.span, "<", "DESC", "created_at >= ?"
    bound: int = span.from_us
    if query.backward:
        past, way, other, bound = ">", "ASC", "created_at < ?", span.until_us
    ways = ", ".join(f"{name} {way}" for name in ("created_at", *DELIVERY[1:]))
    rows = yield from d.fetch(
        f"SELECT {', '.join(COLUMNS)} FROM dead_letters WHERE tenant_id = ?"
        f" AND (created_at, notification_id, user_id, step) {past} (?, ?, ?, ?) AND {other} ORDER BY {ways} LIMIT ?",
        (query.tenant, *_start(query), bound, limit),
    )
    return [q.DeadLetterRow(*row) for row in rows]


def _start(query: q.DeadLettersPage) -> Place:
    """Forward before the end of the span, backward from its beginning on; or from the place, if that is nearer."""
    edge: Place = (query.span.from_us if query.backward else query.span.until_us, q.LEAST_ID, q.LEAST_ID, q.LEAST_STEP)
    if query.place is None:
        return edge
    place = _place(query.place)
    return max(edge, place) if query.backward else min(edge, place)


def _place(raw: bytes) -> Place:
    return int.from_bytes(raw[:8]), raw[8:24], raw[24:40], int.from_bytes(raw[40:])


def _named(d: Dialect, query: q.DeadLettersPage) -> Transaction[list[q.Stretch[q.DeadLetterRow]]]:
    """A notification has a bounded number of deliveries, and so has a list of names."""
    keys: Sequence[Row]
    if query.deliveries is not None:
        keys = [(query.tenant, *key) for key in dict.fromkeys(query.deliveries)]
    else:
        # by whole keys: of half a key, SQLite would rather read the index by time
        rows = yield from d.lookup(t.deliveries, DELIVERY[:2], [(query.tenant, query.notification)], DELIVERY)
        keys = [tuple(row) for row in rows]
    found = yield from d.lookup(t.dead_letters, DELIVERY, keys, COLUMNS)
    start = _start(query)
    passed = [
        row
        for row in [q.DeadLetterRow(*values) for values in found]
        if _passes(row, query) and (_place(row.place) > start if query.backward else _place(row.place) < start)
    ]
    passed.sort(key=_order, reverse=not query.backward)
    return [q.Stretch(tuple(passed[: query.limit]))]


def _order(row: q.DeadLetterRow) -> bytes:
    return row.place


def _passes(row: q.DeadLetterRow, query: q.DeadLettersPage) -> bool:
    return (
        (query.reasons is None or row.reason in query.reasons)
        and (query.user is None or row.user == query.user)
        and (query.notification is None or row.notification == query.notification)
        and within(row.created_at, query.span)
    )


def replayable(d: Dialect, query: q.Replayable) -> Transaction[list[q.ReplayableRow]]:
    """Deliveries with what their notifications say about sending them again."""
    keys: list[Row] = [(query.tenant, *key) for key in dict.fromkeys(query.keys)]
    found = yield from d.lookup(t.deliveries, DELIVERY, keys, (*DELIVERY, "state"))
    told = yield from d.lookup(
        t.notifications,
        ("tenant_id", "id"),
        {(row[0], row[1]) for row in found},
        ("id", "expires_at", "cancelled_at"),
    )
    times = {row[0]: (row[1], row[2]) for row in told}
    return [q.ReplayableRow(*(*row[1:], *times[row[1]])) for row in found if row[1] in times]
