"""Marks on inbox items: the item's times change, the unread count follows, and the log tells every open page."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import Marked, MarkInbox
from models import tables
from models.vocabulary import Channel, InboxEventKind, InboxMark

ITEM = ("tenant_id", "notification_id", "user_id", "step")
HEAD = ("tenant_id", "user_id")
TIMES = ("seen_at", "read_at", "archived_at")
INBOX_COLUMNS = ("tenant_id", "user_id", "seq", "kind", "notification_id", "step", "created_at")

Times = tuple[int | None, int | None, int | None]
"""(seen, read, archived)."""

CHANGEABLE = {
    InboxMark.SEEN: "d.seen_at IS NULL",
    InboxMark.READ: "d.read_at IS NULL",
    InboxMark.UNREAD: "d.read_at IS NOT NULL",
    InboxMark.ARCHIVED: "d.archived_at IS NULL",
    InboxMark.UNARCHIVED: "d.archived_at IS NOT NULL",
}


def mark(d: Dialect, operations: Sequence[MarkInbox]) -> Transaction[list[Marked]]:
    """One user's marks at a time, under the lock of that user's head, heads in user order."""
    order = sorted(range(len(operations)), key=lambda place: operations[place].user)
    answers: list[Marked | None] = [None] * len(operations)
    for place in order:
        answers[place] = yield from _mark_one(d, operations[place])
    return [answer for answer in answers if answer is not None]


def _mark_one(d: Dialect, one: MarkInbox) -> Transaction[Marked]:
    head = yield from d.lookup(tables.inbox_heads, HEAD, [(one.tenant, one.user)], ("unread",), lock=True)
    if not head:
        return Marked(0, 0, tuple(range(len(one.items))))
    before = yield from (_named(d, one) if one.items else _older(d, one))
    changes = {key: (old, new) for key, old in before.items() if (new := _marked(old, one.mark, one.at_us)) != old}
    missing = tuple([place for place, key in enumerate(one.items) if (one.tenant, *key) not in before])
    unread = sum([_is_unread(new) - _is_unread(old) for old, new in changes.values()])
    if changes:
        yield from d.update(tables.deliveries, ITEM, TIMES, [(*key, *new) for key, (_, new) in changes.items()])
        yield from _tell(d, one, list(changes), unread)
    return Marked(len(changes), head[0][0] + unread, missing)


def _named(d: Dialect, one: MarkInbox) -> Transaction[dict[Row, Times]]:
    keys: set[Row] = {(one.tenant, *key) for key in one.items if key[1] == one.user}
    rows = yield from d.lookup(tables.deliveries, ITEM, keys, (*ITEM, *TIMES, "channel"))
    return {tuple(row[:4]): (row[4], row[5], row[6]) for row in rows if row[7] == Channel.IN_APP}


def _older(d: Dialect, one: MarkInbox) -> Transaction[dict[Row, Times]]:
    text = (
        "SELECT d.tenant_id, d.notification_id, d.user_id, d.step, d.seen_at, d.read_at, d.archived_at"
        " FROM inbox i JOIN deliveries d ON d.tenant_id = i.tenant_id AND d.notification_id = i.notification_id"
        " AND d.user_id = i.user_id AND d.step = i.step"
        " WHERE i.tenant_id = ? AND i.user_id = ? AND i.kind = 1 AND i.seq <= ?"
        f" AND {CHANGEABLE[one.mark]} ORDER BY i.seq LIMIT ?"
    )
    rows = yield from d.fetch(text, (one.tenant, one.user, one.up_to_seq or 0, one.limit))
    return {tuple(row[:4]): (row[4], row[5], row[6]) for row in rows}


def _marked(old: Times, mark: InboxMark, at_us: int) -> Times:
    seen, read, archived = old
    match mark:
        case InboxMark.SEEN:
            return (seen or at_us, read, archived)
        case InboxMark.READ:
            return (seen or at_us, read or at_us, archived)
        case InboxMark.UNREAD:
            return (seen, None, archived)
        case InboxMark.ARCHIVED:
            return (seen, read, archived or at_us)
        case InboxMark.UNARCHIVED:
            return (seen, read, None)


def _is_unread(times: Times) -> int:
    return int(times[1] is None and times[2] is None)


def _tell(d: Dialect, one: MarkInbox, keys: Sequence[Row], unread: int) -> Transaction[None]:
    heads = yield from d.advance_heads([(one.tenant, one.user, one.at_us, len(keys), unread)])
    first = heads[0][1] - len(keys) + 1
    rows: list[Row] = [
        (one.tenant, one.user, seq, InboxEventKind.CHANGED.value, key[1], key[3], one.at_us)
        for seq, key in enumerate(keys, start=first)
    ]
    yield from d.insert(tables.inbox, INBOX_COLUMNS, rows)
