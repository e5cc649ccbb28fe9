"""Whether the recipient wants this category on this channel. The rules are `models.preferences`."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from dispatchers.stages.plan import Plan, Stage
from dispatchers.stages.tools import StageTools
from engines.store.base import Store
from engines.store.queries import PreferencesOf
from models.decisions import Rule, StageName, pack
from models.preferences import Answer, Choice, resolve
from models.rules import Rules
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel
from usecases.rules_directory import RulesDirectory

PLACE = 40
_NOTES = {rule: pack([(StageName.PREFERENCES, rule)]) for rule in Rule}
_NOTHING: dict[Choice, bool] = {}

Owner = tuple[bytes, bytes]
"""(tenant, user)."""


def stage(tools: StageTools) -> Stage:
    """See `StageModule`."""
    return Preferences(tools.store, tools.rules)


class Preferences:
    """Drops what its recipient declined, or what is off by default.

    Choices are read for those who made any: one read a batch, none at all where nobody did.
    """

    def __init__(self, store: Store, rules: RulesDirectory) -> None:
        self._store = store
        self._rules = rules

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        routed = [plan for plan in plans if plan.reason is None]
        rules = await self._rules.get_many({plan.notification.tenant for plan in routed})
        choices = await self._choices({(plan.notification.tenant, plan.user) for plan in routed if plan.has_chosen})
        usual: dict[tuple[bytes, str, Channel | None], Answer] = {}
        for plan in routed:
            if plan.has_chosen:
                answer = _answer(plan, rules, choices[plan.notification.tenant, plan.user])
            else:
                place = (plan.notification.tenant, plan.notification.category, plan.channel)
                answer = usual.get(place) or usual.setdefault(place, _answer(plan, rules, _NOTHING))
            if answer.wanted:
                plan.decisions += _NOTES[answer.rule]
            else:
                plan.drop(StageName.PREFERENCES, answer.rule, _reason(answer.rule), DeliveryState.SKIPPED)
        return plans

    async def _choices(self, owners: Collection[Owner]) -> Mapping[Owner, Mapping[Choice, bool]]:
        choices: defaultdict[Owner, dict[Choice, bool]] = defaultdict(dict)
        if owners:
            tenants = tuple({tenant for tenant, _ in owners})
            for row in await self._store.read(PreferencesOf(tenants, tuple([user for _, user in owners]))):
                choices[row.tenant, row.user][row.category, row.channel] = bool(row.enabled)
        return choices


def _answer(plan: Plan, rules: Mapping[bytes, Rules], choices: Mapping[Choice, bool]) -> Answer:
    of_tenant = rules[plan.notification.tenant]
    category = of_tenant.of(plan.notification.category)
    return resolve(category, plan.channel or Channel.IN_APP, of_tenant.default_channels(category), choices)


def _reason(rule: Rule) -> ReasonCode:
    return ReasonCode.SWITCHED_OFF if rule is Rule.OFF_BY_DEFAULT else ReasonCode.OPTED_OUT
