"""How many deliveries a recipient has had within the hour. It comes last: what is counted is what goes out."""

from collections.abc import Iterator, Mapping, Sequence

from dispatchers.stages.admission import Asked, RecipientLimits
from dispatchers.stages.plan import Plan, Stage
from dispatchers.stages.tools import StageTools
from models.decisions import Rule, StageName, pack
from models.rules import Rules
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Priority
from usecases.rules_directory import RulesDirectory

PLACE = 60
_WITHIN = pack([(StageName.THROTTLE, Rule.WITHIN_LIMIT)])
_EXEMPT = pack([(StageName.THROTTLE, Rule.EXEMPT_FROM_LIMIT)])


def stage(tools: StageTools) -> Stage:
    """See `StageModule`."""
    return Throttle(tools.rules, tools.limits, tools.hourly_limit)


class Throttle:
    """Drops what is over the recipient's limit.

    Critical notifications, and categories that are not limited, are never dropped; they count like all others.

    Args:
        hourly_limit: for tenants that set none; 0: no limit.
    """

    def __init__(self, rules: RulesDirectory, limits: RecipientLimits, hourly_limit: int) -> None:
        self._rules = rules
        self._limits = limits
        self._hourly_limit = hourly_limit

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        routed = [plan for plan in plans if plan.reason is None]
        rules = await self._rules.get_many({plan.notification.tenant for plan in routed})
        counted = list(self._counted(routed, rules))
        admitted = await self._limits.admit([asked for _, asked in counted]) if counted else ()
        for (plan, asked), goes in zip(counted, admitted, strict=True):
            if goes:
                plan.decisions += _EXEMPT if asked.is_exempt else _WITHIN
            else:
                plan.drop(StageName.THROTTLE, Rule.OVER_LIMIT, ReasonCode.THROTTLED, DeliveryState.SKIPPED)
        return plans

    def _counted(self, plans: Sequence[Plan], rules: Mapping[bytes, Rules]) -> Iterator[tuple[Plan, Asked]]:
        usual: dict[tuple[bytes, str, int], tuple[int, bool]] = {}
        for plan in plans:
            row, channel = plan.notification, plan.channel
            kind = (row.tenant, row.category, row.priority)
            limit, is_exempt = usual.get(kind) or usual.setdefault(kind, self._limit(rules[row.tenant], *kind[1:]))
            if limit and channel is not None:
                yield plan, Asked(row.tenant, plan.user, row.id, channel, limit, is_exempt)

    def _limit(self, rules: Rules, category: str, priority: int) -> tuple[int, bool]:
        """(most an hour, whether it goes out in any case)."""
        own = rules.defaults.hourly_limit
        is_exempt = priority == Priority.CRITICAL or not rules.of(category).limited
        return self._hourly_limit if own is None else own, is_exempt
