"""From a recipient to one plan per channel that the caller allowed."""

from collections.abc import Iterator, Sequence

import msgspec

from dispatchers.stages.address import WITHOUT_ADDRESS
from dispatchers.stages.plan import Plan, Stage
from dispatchers.stages.tools import StageTools
from models.decisions import Rule, StageName, pack
from models.rules import EVERY_CHANNEL, channels_of
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel

PLACE = 30
_AT_ADDRESS = pack([(StageName.ADDRESS, Rule.ADDRESS_ON_FILE), (StageName.ROUTE, Rule.ALL_CHANNELS)])
_AT_USER = pack([(StageName.ADDRESS, Rule.NO_ADDRESS_NEEDED), (StageName.ROUTE, Rule.ALL_CHANNELS)])


def stage(tools: StageTools) -> Stage:
    """See `StageModule`."""
    return Route(tools.served)


class Route:
    """Uses every allowed channel that is served here and for which there is an address.

    Args:
        served: bit mask of the channels that this installation has a provider for.
    """

    def __init__(self, served: int) -> None:
        self._served = served
        self._channels = [channels_of(mask) for mask in range(EVERY_CHANNEL + 1)]

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        return [routed for plan in plans for routed in self._routes(plan)]

    def _routes(self, plan: Plan) -> Iterator[Plan]:
        """A plan a channel; the plan itself becomes that of the last one."""
        channels = self._channels[plan.notification.channels & EVERY_CHANNEL]
        for channel in channels[:-1]:
            yield self._decided(msgspec.structs.replace(plan), channel)
        for channel in channels[-1:]:
            yield self._decided(plan, channel)

    def _decided(self, plan: Plan, channel: Channel) -> Plan:
        plan.channel, bit = channel, 1 << channel
        if plan.reason is not None:
            return plan
        if not self._served & bit:
            reason = ReasonCode.CHANNEL_DISABLED
            return plan.drop(StageName.ROUTE, Rule.CHANNEL_SWITCHED_OFF, reason, DeliveryState.SKIPPED)
        if not plan.reachable & bit:
            return plan.drop(StageName.ADDRESS, Rule.NO_ADDRESS_ON_FILE, ReasonCode.NO_ADDRESS, DeliveryState.SKIPPED)
        plan.decisions += _AT_USER if bit & WITHOUT_ADDRESS else _AT_ADDRESS
        return plan
