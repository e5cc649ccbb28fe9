"""The channel orchestrator: from accepted notifications to deliveries. Handler of notification.created."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence

from dispatchers.consumer import Pointer
from dispatchers.counts import Counts
from dispatchers.stages.plan import Plan, Stage
from engines.broadcast.base import Broadcast
from engines.bus.base import Bus
from engines.store.base import Store
from engines.store.operations import Expand, NewDelivery
from engines.store.queries import Pending, PendingRow
from models import trace
from models.clock import Clock
from models.states import DeliveryState
from models.topics import LANE_OF
from models.vocabulary import Channel, Priority

log = logging.getLogger(__name__)

CHUNK_RECIPIENTS = 2_000
"""Recipients that are planned and written together."""


class Orchestrator:
    """Plans batches of notifications through the stages and writes what they decided, again and again the same."""

    def __init__(
        self, store: Store, bus: Bus, broadcast: Broadcast, stages: Sequence[Stage], clock: Clock, counts: Counts
    ) -> None:
        self._store = store
        self._bus = bus
        self._broadcast = broadcast
        self._stages = tuple(stages)
        self._clock = clock
        self._counts = counts

    async def __call__(self, pointers: Sequence[Pointer]) -> None:
        """Expand the notifications that the pointers name; one that is gone has nothing left to expand."""
        tenants = tuple({tenant for tenant, _ in pointers})
        rows = await self._store.read(Pending(tenants, tuple({notification for _, notification in pointers})))
        for chunk in _chunks(sorted(rows, key=_by_id)):
            await self._expand(chunk)

    async def _expand(self, rows: Sequence[PendingRow]) -> None:
        plans: Sequence[Plan] = [Plan(row) for row in rows]
        for stage in self._stages:
            plans = await stage(plans)
        deliveries = tuple([_delivery(plan) for plan in plans if plan.channel is not None and plan.state is not None])
        grown = await self._store.write(Expand(deliveries, self._clock.now_us(), trace.links()))
        self._bus.hint()
        await self._broadcast.ring(grown)
        for (state, reason), count in Counter([(plan.state, plan.reason) for plan in plans]).items():
            self._counts.expanded(state.name if state else "", reason.name if reason else "", count)
        if log.isEnabledFor(logging.DEBUG):
            states = Counter([plan.state.name for plan in plans if plan.state is not None])
            told = {"items": len(rows), "states": dict(states), "notifications": trace.sampled(row.id for row in rows)}
            log.debug("expanded into deliveries", extra=told)


def _by_id(row: PendingRow) -> bytes:
    return row.id


def _chunks(rows: Sequence[PendingRow]) -> Iterator[list[PendingRow]]:
    chunk: list[PendingRow] = []
    recipients = 0
    for row in rows:
        chunk.append(row)
        recipients += len(row.audience) // 16
        if recipients >= CHUNK_RECIPIENTS:
            yield chunk
            chunk, recipients = [], 0
    if chunk:
        yield chunk


def _delivery(plan: Plan) -> NewDelivery:
    channel = plan.channel or Channel.IN_APP
    row = plan.notification
    return NewDelivery(
        row.tenant, row.id, plan.user, channel.value, channel, plan.state or DeliveryState.QUEUED, plan.reason,
        plan.decisions, plan.locale, LANE_OF[Priority(row.priority)], plan.template_version,
    )  # fmt: skip
