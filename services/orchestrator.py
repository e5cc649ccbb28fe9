"""The Channel Orchestrator: consumes notification.created and decides what becomes of each recipient."""

from dispatchers.consumer import Consumer
from dispatchers.counts import Counts
from dispatchers.orchestrator import Orchestrator
from dispatchers.stages.address import Address
from dispatchers.stages.audience import Audience
from dispatchers.stages.compose import Compose
from dispatchers.stages.route import Route
from engines.broadcast.base import Broadcast
from engines.bus.base import Bus
from models.topics import BusTopic
from models.vocabulary import Channel
from services.foundation import Foundation

POLL_LIMIT = 2_000
SERVED = 1 << Channel.EMAIL | 1 << Channel.IN_APP


def orchestrator(base: Foundation, bus: Bus, broadcast: Broadcast, counts: Counts) -> Consumer:
    """The consumer with its stages in order; one poll at a time keeps the order of acceptance."""
    stages = (Audience(base.store, base.clock), Address(base.store), Route(SERVED), Compose())
    handler = Orchestrator(base.store, bus, broadcast, stages, base.clock, counts)
    return Consumer(bus, BusTopic.NOTIFICATION_CREATED, handler, counts, limit=POLL_LIMIT, at_once=1)
