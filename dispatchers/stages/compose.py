"""Pins what will be said. Content written inline needs no version; its locale is the recipient's.

A template was pinned when its notification was accepted; here each delivery gets the version and its language.
"""

from collections.abc import Mapping, Sequence

from dispatchers.stages.plan import Plan, Stage
from dispatchers.stages.tools import StageTools
from models.decisions import Rule, StageName, pack
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel
from usecases.template_directory import Key, TemplateDirectory, Version

PLACE = 50
_INLINE = pack([(StageName.COMPOSE, Rule.INLINE_CONTENT)])
_PINNED = pack([(StageName.COMPOSE, Rule.TEMPLATE_PINNED)])


def stage(tools: StageTools) -> Stage:
    """See `StageModule`."""
    return Compose(tools.templates)


class Compose:
    """Gives every open plan its state: an inbox item is delivered by being written, everything else is queued.

    Drops what a template says nothing on, and what has no template any more. Nothing is read where no plan has one.
    """

    def __init__(self, templates: TemplateDirectory) -> None:
        self._templates = templates

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        templated: list[Plan] = []
        for plan in plans:
            if plan.reason is None:
                plan.state = DeliveryState.DELIVERED if plan.channel is Channel.IN_APP else DeliveryState.QUEUED
                if plan.notification.template_version is None:
                    plan.decisions += _INLINE
                else:
                    templated.append(plan)
        if templated:
            _pin(templated, await self._templates.many({_key(plan) for plan in templated}))
        return plans


def _pin(plans: Sequence[Plan], versions: Mapping[Key, Version]) -> None:
    chosen: dict[tuple[Key, Channel | None, str | None, str | None], str | None] = {}
    for plan in plans:
        key = _key(plan)
        place = (key, plan.channel, plan.notification.locale, plan.locale)
        if place not in chosen:
            chosen[place] = _locale(plan, versions.get(key))
        locale = chosen[place]
        if locale is None:
            reason = ReasonCode.NO_CONTENT
            plan.drop(StageName.COMPOSE, Rule.NO_CONTENT_FOR_CHANNEL, reason, DeliveryState.SKIPPED)
        else:
            plan.locale, plan.template_version = locale, key[1]
            plan.decisions += _PINNED


def _key(plan: Plan) -> Key:
    return plan.notification.tenant, plan.notification.template_version or b""


def _locale(plan: Plan, version: Version | None) -> str | None:
    if version is None or plan.channel is None:
        return None
    return version.compiled.locale(plan.channel, (plan.notification.locale, plan.locale))
