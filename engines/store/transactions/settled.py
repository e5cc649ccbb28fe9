"""What follows for deliveries when attempts are settled: state by rank, retries, dead letters."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import Settlement
from engines.store.transactions import stopping
from models import tables
from models.states import FINAL_FROM, DeliveryState, rank

DELIVERY = ("tenant_id", "notification_id", "user_id", "step")
CHANGED = ("state", "reason", "attempts", "provider", "next_attempt_at", "sent_at")
RETRY = (*DELIVERY, "channel", "lane", "number", "due_at")


def follow_up(d: Dialect, settlements: Sequence[Settlement]) -> Transaction[None]:
    """Apply settlements that are this worker's to deliveries, retries and dead letters."""
    for ceiling in sorted({_ceiling(one.state) for one in settlements}):
        rows = [_changed(one) for one in settlements if _ceiling(one.state) == ceiling]
        yield from d.update(tables.deliveries, DELIVERY, CHANGED, rows, f"t.state < {ceiling}")
    to_repeat = yield from _to_repeat(d, [one for one in settlements if one.retry_at is not None])
    retries: list[Row] = [
        (*_delivery(one), one.channel.value, one.lane.value, one.attempt[3] + 1, one.retry_at) for one in to_repeat
    ]
    # an earlier attempt's time is void once a later one has been made
    yield from d.delete(tables.retries, DELIVERY, [row[:4] for row in retries])
    yield from d.insert(tables.retries, RETRY, retries)
    dead: list[Row] = [(*_delivery(one), one.dead.value, one.at_us) for one in settlements if one.dead is not None]
    yield from d.insert_new(tables.dead_letters, (*DELIVERY, "reason", "created_at"), DELIVERY, dead)


def _to_repeat(d: Dialect, settlements: Sequence[Settlement]) -> Transaction[list[Settlement]]:
    """All but those whose notification was taken back while they were under way: nothing follows these."""
    notifications: set[Row] = {_delivery(one)[:2] for one in settlements}
    cancelled = yield from stopping.cancelled_among(d, notifications, share=False)
    stopped = [one for one in settlements if _delivery(one)[:2] in cancelled]
    if stopped:
        standing = [(_delivery(one), one.state.value, one.retry_at) for one in stopped]
        yield from stopping.stop(d, standing, stopped[0].at_us)
    return [one for one in settlements if _delivery(one)[:2] not in cancelled]


def _delivery(one: Settlement) -> Row:
    return (one.tenant, *one.attempt[:3])


def _changed(one: Settlement) -> Row:
    sent_at = one.at_us if one.state in {DeliveryState.SENT, DeliveryState.DELIVERED} else None
    return (*_delivery(one), one.state.value, one.reason, one.attempt[3], one.provider, one.retry_at, sent_at)


def _ceiling(state: DeliveryState) -> int:
    """Stored states below this number give way: all that wait, and finals of a lower rank."""
    if state < FINAL_FROM:
        return FINAL_FROM.value
    lower = [other.value for other in DeliveryState if rank(other) < rank(state)]
    return max(lower) + 1
