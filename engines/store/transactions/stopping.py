"""What becomes of deliveries that wait while their notification is taken back. Called by other bodies."""

from collections.abc import Collection, Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from models import tables
from models.states import FINAL_FROM, DeliveryState, ReasonCode

NOTIFICATION = ("tenant_id", "id")
DELIVERY = ("tenant_id", "notification_id", "user_id", "step")
CHANGED = ("state", "reason", "next_attempt_at")
NOT_LEFT = frozenset({DeliveryState.HELD, DeliveryState.QUEUED, DeliveryState.RETRY_WAIT})

Standing = tuple[Row, int, int | None]
"""(key of a delivery that waits and has no attempt under way, its state, when its next attempt is due)."""


def cancelled_among(d: Dialect, notifications: Collection[Row], *, share: bool) -> Transaction[set[Row]]:
    """Those of the (tenant, notification) pairs that are taken back.

    Args:
        share: and until the transaction ends, none of the others is. Ask before anything else that the answer bears on.
    """
    return (yield from d.cancelled(notifications, share=share))


def under_way(d: Dialect, deliveries: Collection[Row]) -> Transaction[set[Row]]:
    """Those of the deliveries that have an attempt without an outcome."""
    attempts = yield from d.lookup(tables.notification_delivery_logs, DELIVERY, deliveries, (*DELIVERY, "settled_at"))
    return {tuple(row[:4]) for row in attempts if row[4] is None}


def stop(d: Dialect, waiting: Sequence[Standing], at_us: int) -> Transaction[None]:
    """Nothing of them is sent any more: what has not left is CANCELLED, and what may have is given up.

    Who holds an unknown outcome for an operator goes on holding it.
    """
    unsent = [key for key, state, _ in waiting if state in NOT_LEFT]
    doubtful = [key for key, state, due in waiting if state == DeliveryState.UNKNOWN and due is not None]
    ends = dict.fromkeys(unsent, (DeliveryState.CANCELLED, ReasonCode.CANCELLED))
    ends |= dict.fromkeys(doubtful, (DeliveryState.DEAD, ReasonCode.OUTCOME_UNKNOWN))
    rows: list[Row] = [(*key, state.value, reason.value, None) for key, (state, reason) in ends.items()]
    yield from d.update(tables.deliveries, DELIVERY, CHANGED, rows, f"t.state < {FINAL_FROM.value}")
    yield from d.delete(tables.retries, DELIVERY, list(ends))
    letters: list[Row] = [(*key, ReasonCode.OUTCOME_UNKNOWN.value, at_us) for key in doubtful]
    yield from d.insert_new(tables.dead_letters, (*DELIVERY, "reason", "created_at"), DELIVERY, letters)
