"""Derives what is never stored: a notification's state and counts, and whether a delivery is being sent right now."""

from collections import Counter
from collections.abc import Mapping, Sequence

from engines.store.queries import NotificationRow, StateCountRow
from models.states import FINAL_FROM, DeliveryState, NotificationState, as_told


def delivery_state(stored: int, *, under_way: bool) -> DeliveryState:
    """The state as told: SENDING while an attempt of a waiting delivery has no outcome."""
    return as_told(stored, under_way=under_way)


def count_states(rows: Sequence[StateCountRow]) -> Mapping[DeliveryState, int]:
    """Deliveries by the state as told, in the order of a delivery's life."""
    counts: Counter[DeliveryState] = Counter()
    for row in rows:
        counts[delivery_state(row.state, under_way=bool(row.under_way))] += row.count
    return dict(sorted(counts.items()))


def notification_state(row: NotificationRow, counts: Mapping[DeliveryState, int], now_us: int) -> NotificationState:
    """How far a notification is. Every recipient gets one delivery per channel, dropped ones too."""
    if row.cancelled_at is not None:
        return NotificationState.CANCELLED
    if not counts:
        waits = row.send_at is not None and row.send_at > now_us
        return NotificationState.SCHEDULED if waits else NotificationState.ACCEPTED
    expanded = sum(counts.values()) == row.recipients * row.channels.bit_count()
    if not expanded or any(state < FINAL_FROM for state in counts):
        return NotificationState.PROCESSING
    return NotificationState.EXPIRED if counts.keys() == {DeliveryState.EXPIRED} else NotificationState.COMPLETED
