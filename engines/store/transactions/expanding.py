"""Expanding: deliveries, inbox items and queued work of a pipeline batch, idempotent under redelivery."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import Expand, NewDelivery
from engines.store.transactions import outbox, stopping
from models import tables
from models.decisions import Rule, StageName, pack
from models.ids import attempt_bytes
from models.states import DeliveryState, ReasonCode
from models.topics import QUEUED_TOPIC
from models.vocabulary import Channel, InboxEventKind

KEY = ("tenant_id", "notification_id", "user_id", "step")
COLUMNS = (
    *KEY, "channel", "state", "reason", "decisions", "locale", "created_at", "delivered_at", "template_version_id",
)  # fmt: skip
GOES_OUT = frozenset({DeliveryState.HELD, DeliveryState.QUEUED, DeliveryState.DELIVERED})
INBOX_COLUMNS = ("tenant_id", "user_id", "seq", "kind", "notification_id", "step", "created_at")

Owner = tuple[bytes, bytes]
"""(tenant, user)."""


def expand(d: Dialect, operations: Sequence[Expand]) -> Transaction[list[list[Owner]]]:
    """Answers whose inboxes grew, to each operation its own."""
    named: set[Row] = {(delivery.tenant, delivery.notification) for one in operations for delivery in one.deliveries}
    cancelled = yield from stopping.cancelled_among(d, named, share=True)
    by_key: dict[Row, tuple[NewDelivery, int]] = {}
    for one in operations:
        for delivery in one.deliveries:
            sure = _taken_back(delivery, cancelled) if cancelled else delivery
            by_key.setdefault(_key(delivery), (sure, one.at_us))
    rows = [_row(key, delivery, at_us) for key, (delivery, at_us) in by_key.items()]
    new = yield from d.insert_new(tables.deliveries, COLUMNS, KEY, rows)
    fresh = [by_key[key] for key in by_key if key in new]
    arrived = [item for item in fresh if _is_in_inbox(item[0])]
    yield from fill_inboxes(d, arrived)
    queued = [item for item in fresh if item[0].state is DeliveryState.QUEUED]
    if queued:
        links = {link.notification: link.traceparent for one in operations for link in one.links}
        yield from outbox.queue(d, [_work(delivery) for delivery, _ in queued], queued[0][1], links)
    grown = {(delivery.tenant, delivery.user) for delivery, _ in arrived}
    return [list({owner for one in op.deliveries if (owner := (one.tenant, one.user)) in grown}) for op in operations]


def _taken_back(one: NewDelivery, cancelled: set[Row]) -> NewDelivery:
    """A delivery that would go out, of a notification that was cancelled while it was worked out, does not."""
    if (one.tenant, one.notification) not in cancelled or one.state not in GOES_OUT:
        return one
    return msgspec.structs.replace(
        one,
        state=DeliveryState.CANCELLED,
        reason=ReasonCode.CANCELLED,
        decisions=one.decisions + pack([(StageName.AUDIENCE, Rule.TAKEN_BACK)]),
    )


def _key(one: NewDelivery) -> Row:
    return (one.tenant, one.notification, one.user, one.step)


def _row(key: Row, one: NewDelivery, at_us: int) -> Row:
    delivered_at = at_us if one.state is DeliveryState.DELIVERED else None
    return (
        *key, one.channel.value, one.state.value, one.reason, one.decisions, one.locale, at_us, delivered_at,
        one.template_version,
    )  # fmt: skip


def _is_in_inbox(one: NewDelivery) -> bool:
    return one.channel is Channel.IN_APP and one.state is DeliveryState.DELIVERED


def _work(one: NewDelivery) -> outbox.Work:
    return QUEUED_TOPIC[one.channel], one.lane, one.tenant, attempt_bytes((one.notification, one.user, one.step, 1))


def fill_inboxes(d: Dialect, arrived: Sequence[tuple[NewDelivery, int]]) -> Transaction[None]:
    """Give each item the next number of its user's log. Heads are locked in user order: commit order is log order."""
    counts = Counter([(delivery.tenant, delivery.user) for delivery, _ in arrived])
    births = {(delivery.tenant, delivery.user): at_us for delivery, at_us in arrived}
    heads: list[Row] = [(*owner, births[owner], n, n) for owner, n in sorted(counts.items(), key=_by_user)]
    last = yield from d.advance_heads(heads)
    following = {user: seq - counts_of_user + 1 for user, seq, counts_of_user in _with_counts(last, counts)}
    rows: list[Row] = []
    for delivery, at_us in arrived:
        seq = following[delivery.user]
        following[delivery.user] = seq + 1
        kind = InboxEventKind.ADDED.value
        rows.append((delivery.tenant, delivery.user, seq, kind, delivery.notification, delivery.step, at_us))
    yield from d.insert(tables.inbox, INBOX_COLUMNS, rows)


def _by_user(item: tuple[Owner, int]) -> bytes:
    return item[0][1]


def _with_counts(heads: Sequence[Row], counts: Counter[Owner]) -> list[tuple[bytes, int, int]]:
    per_user = {user: n for (_, user), n in counts.items()}
    return [(user, seq, per_user[user]) for user, seq, _ in heads]
