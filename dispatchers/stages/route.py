"""Stage 3: from a recipient to one plan per channel that the caller allowed."""

from collections.abc import Iterator, Sequence

import msgspec

from dispatchers.stages.address import WITHOUT_ADDRESS
from dispatchers.stages.plan import Plan
from models.decisions import Rule, StageName
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel


class Route:
    """Uses every allowed channel that is served here and for which there is an address.

    Args:
        served: bit mask of the channels that this installation has a provider for.
    """

    def __init__(self, served: int) -> None:
        self._served = served

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        return [routed for plan in plans for routed in self._routes(plan)]

    def _routes(self, plan: Plan) -> Iterator[Plan]:
        allowed = plan.notification.channels
        for channel in Channel:
            if allowed >> channel & 1:
                one = msgspec.structs.replace(plan, channel=channel)
                yield self._decided(one, channel) if one.is_open else one

    def _decided(self, plan: Plan, channel: Channel) -> Plan:
        bit = 1 << channel
        if not self._served & bit:
            reason = ReasonCode.CHANNEL_DISABLED
            return plan.drop(StageName.ROUTE, Rule.CHANNEL_SWITCHED_OFF, reason, DeliveryState.SKIPPED)
        if not plan.reachable & bit:
            return plan.drop(StageName.ADDRESS, Rule.NO_ADDRESS_ON_FILE, ReasonCode.NO_ADDRESS, DeliveryState.SKIPPED)
        plan.decide(StageName.ADDRESS, Rule.NO_ADDRESS_NEEDED if bit & WITHOUT_ADDRESS else Rule.ADDRESS_ON_FILE)
        return plan.decide(StageName.ROUTE, Rule.ALL_CHANNELS)
