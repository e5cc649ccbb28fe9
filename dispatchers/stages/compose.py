"""Stage 4: pins what will be said. Content written inline needs no version; its locale is the recipient's."""

from collections.abc import Sequence

from dispatchers.stages.plan import Plan
from models.decisions import Rule, StageName
from models.states import DeliveryState
from models.vocabulary import Channel


class Compose:
    """Gives every open plan its state: an inbox item is delivered by being written, everything else is queued."""

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        for plan in plans:
            if plan.is_open:
                in_app = plan.channel is Channel.IN_APP
                plan.state = DeliveryState.DELIVERED if in_app else DeliveryState.QUEUED
                plan.decide(StageName.COMPOSE, Rule.INLINE_CONTENT)
        return plans
