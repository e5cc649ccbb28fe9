"""The Channel Orchestrator: consumes notification.created and decides what becomes of each recipient."""

from collections.abc import Sequence

from dispatchers.consumer import Consumer
from dispatchers.counts import Counts
from dispatchers.orchestrator import Orchestrator
from dispatchers.recipient_limits import HourlyLimits
from dispatchers.rehearsal import Rehearsal
from dispatchers.stages.address import Address
from dispatchers.stages.audience import Audience
from dispatchers.stages.compose import Compose
from dispatchers.stages.plan import Stage
from dispatchers.stages.preferences import Preferences
from dispatchers.stages.route import Route
from dispatchers.stages.throttle import Throttle
from engines.broadcast.base import Broadcast
from engines.bus.base import Bus
from engines.store.base import Store
from models.topics import BusTopic
from models.vocabulary import Channel
from services.foundation import Foundation

POLL_LIMIT = 2_000
SERVED = 1 << Channel.EMAIL | 1 << Channel.IN_APP


def stages(base: Foundation, store: Store) -> Sequence[Stage]:
    """All stages in order, reading a store that may be narrower than the service's own."""
    return (
        Audience(store, base.clock),
        Address(store),
        Route(SERVED),
        Preferences(store, base.rules),
        Compose(base.templates),
        Throttle(base.rules, HourlyLimits(store, base.clock), base.settings.hourly_limit),
    )


def rehearsal(base: Foundation) -> Rehearsal:
    """The same stages for previews; what recipients have had is read anew for each, and nothing is counted."""
    return Rehearsal(base.store, lambda store: stages(base, store))


def orchestrator(base: Foundation, bus: Bus, broadcast: Broadcast, counts: Counts) -> Consumer:
    """The consumer with its stages in order; one poll at a time keeps the order of acceptance."""
    handler = Orchestrator(base.store, bus, broadcast, stages(base, base.store), base.clock, counts)
    return Consumer(bus, BusTopic.NOTIFICATION_CREATED, handler, counts, limit=POLL_LIMIT, at_once=1)
