"""The outbox: pointers of committed work, one row per batch, topic and lane. Written by the other transactions."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import DropOutbox, FreeOutbox, OutboxRow, SetAside, TakeOutbox
from models import tables
from models.events.codec import encode
from models.topics import BusTopic, Lane

COLUMNS = ("topic", "lane", "items", "payload", "created_at")
Work = tuple[BusTopic, Lane, bytes, bytes]
"""(topic, lane, tenant, pointer)."""
NOTIFICATION_BYTES = 16
"""Every pointer begins with the notification."""
NO_LINKS: Mapping[bytes, str] = MappingProxyType({})


def queue(d: Dialect, work: Iterable[Work], at_us: int, links: Mapping[bytes, str] = NO_LINKS) -> Transaction[None]:
    """Add the pointers, packed: one row per topic and lane, whatever their number.

    A row holds work of many requests and carries one sampled link: the trace context of its first notification.

    Args:
        links: traceparents by notification, as far as they are known.
    """
    batches: dict[tuple[BusTopic, Lane], list[tuple[bytes, bytes]]] = {}
    for topic, lane, tenant, pointer in work:
        batches.setdefault((topic, lane), []).append((tenant, pointer))
    rows: list[Row] = [
        (int(topic), int(lane), len(pointers), encode(pointers, at_us, _link(pointers[0][1], links)), at_us)
        for (topic, lane), pointers in batches.items()
    ]
    yield from d.insert(tables.outbox, COLUMNS, rows)


def _link(pointer: bytes, links: Mapping[bytes, str]) -> str:
    return links.get(pointer[:NOTIFICATION_BYTES], "")


def take(d: Dialect, operations: Sequence[TakeOutbox]) -> Transaction[list[list[OutboxRow]]]:
    """Claim free rows for each asker in turn."""
    answers = []
    for one in operations:
        rows = yield from d.take_outbox(int(one.topic), one.worker, one.limit)
        answers.append([OutboxRow(seq, one.topic, items, payload) for seq, items, payload in rows])
    return answers


def drop(d: Dialect, operations: Sequence[DropOutbox]) -> Transaction[list[None]]:
    """Delete rows whose work is done."""
    yield from d.delete(tables.outbox, ("seq",), [(seq,) for one in operations for seq in one.rows])
    return [None] * len(operations)


def set_aside(d: Dialect, operations: Sequence[SetAside]) -> Transaction[list[None]]:
    """Store payloads under the topic's negative number."""
    rows: list[Row] = [
        (-int(one.topic), int(Lane.NORMAL), 0, payload, one.at_us) for one in operations for payload in one.payloads
    ]
    yield from d.insert(tables.outbox, COLUMNS, rows)
    return [None] * len(operations)


def free(d: Dialect, operations: Sequence[FreeOutbox]) -> Transaction[list[None]]:
    """Rows that nobody works on are anybody's again."""
    for one in operations:
        rows = yield from d.lookup(tables.outbox, ("claimed_by",), [(one.worker,)], ("seq",))
        lost: list[Row] = [(seq, None) for (seq,) in rows if seq not in one.holds]
        yield from d.update(tables.outbox, ("seq",), ("claimed_by",), lost)
    return [None] * len(operations)
