"""The Channel Orchestrator: consumes notification.created and decides what becomes of each recipient."""

from collections.abc import Sequence

import dispatchers.stages
from dispatchers.consumer import Consumer
from dispatchers.counts import Counts
from dispatchers.discovery import StageMaker, stage_makers
from dispatchers.orchestrator import Orchestrator
from dispatchers.recipient_limits import HourlyLimits
from dispatchers.rehearsal import Rehearsal
from dispatchers.stages.plan import Stage
from dispatchers.stages.tools import StageTools
from engines.broadcast.base import Broadcast
from engines.bus.base import Bus
from engines.store.base import Store
from models.topics import BusTopic
from models.vocabulary import Channel
from services.foundation import Foundation

POLL_LIMIT = 2_000
SERVED = 1 << Channel.EMAIL | 1 << Channel.IN_APP


def rehearsal(base: Foundation) -> Rehearsal:
    """The pipeline's stages for previews; what recipients have had is read anew for each, and nothing is counted."""
    makers = stage_makers(dispatchers.stages)
    return Rehearsal(base.store, lambda store: _made(makers, base, store))


def orchestrator(base: Foundation, bus: Bus, broadcast: Broadcast, counts: Counts) -> Consumer:
    """The consumer with its stages in order; one poll at a time keeps the order of acceptance."""
    stages = _made(stage_makers(dispatchers.stages), base, base.store)
    handler = Orchestrator(base.store, bus, broadcast, stages, base.clock, counts)
    return Consumer(bus, BusTopic.NOTIFICATION_CREATED, handler, counts, limit=POLL_LIMIT, at_once=1)


def _made(makers: Sequence[StageMaker], base: Foundation, store: Store) -> Sequence[Stage]:
    """The stages, reading a store that may be narrower than the service's own."""
    tools = StageTools(
        store=store,
        clock=base.clock,
        rules=base.rules,
        templates=base.templates,
        limits=HourlyLimits(store, base.clock),
        served=SERVED,
        hourly_limit=base.settings.hourly_limit,
    )
    return [make(tools) for make in makers]
