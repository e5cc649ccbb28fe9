"""From a notification to one plan per recipient."""

from collections.abc import Iterator, Sequence

from dispatchers.stages.plan import Plan, Stage
from dispatchers.stages.tools import StageTools
from engines.store.base import Store
from engines.store.queries import RecipientRow, Recipients
from models.clock import Clock
from models.decisions import Rule, StageName, pack
from models.states import DeliveryState, ReasonCode

PLACE = 10
USER_BYTES = 16
_NAMED = pack([(StageName.AUDIENCE, Rule.NAMED)])


def stage(tools: StageTools) -> Stage:
    """See `StageModule`."""
    return Audience(tools.store, tools.clock)


class Audience:
    """Names the recipients; drops those who are gone, and all of what is taken back or too late."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        named = [one for plan in plans for one in _recipients(plan)]
        tenants = tuple({plan.notification.tenant for plan in plans})
        found = await self._store.read(Recipients(tenants, tuple({plan.user for plan in named})))
        known = {(row.tenant, row.id): row for row in found}
        now_us = self._clock.now_us()
        return [_decided(plan, known.get((plan.notification.tenant, plan.user)), now_us) for plan in named]


def _recipients(plan: Plan) -> Iterator[Plan]:
    packed = plan.notification.audience
    for at in range(0, len(packed), USER_BYTES):
        yield Plan(plan.notification, packed[at : at + USER_BYTES])


def _decided(plan: Plan, person: RecipientRow | None, now_us: int) -> Plan:
    if plan.notification.cancelled_at is not None:
        return plan.drop(StageName.AUDIENCE, Rule.TAKEN_BACK, ReasonCode.CANCELLED, DeliveryState.CANCELLED)
    expires_at = plan.notification.expires_at
    if expires_at is not None and expires_at <= now_us:
        return plan.drop(StageName.AUDIENCE, Rule.TOO_LATE, ReasonCode.EXPIRED, DeliveryState.EXPIRED)
    if person is None:
        return plan.drop(StageName.AUDIENCE, Rule.USER_UNKNOWN, ReasonCode.UNKNOWN_USER, DeliveryState.SKIPPED)
    plan.locale = person.locale
    plan.has_chosen = person.preferences_at is not None
    plan.decisions += _NAMED
    return plan
