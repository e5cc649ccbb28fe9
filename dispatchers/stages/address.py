"""For which channels each recipient has an address."""

from collections.abc import Sequence

from dispatchers.stages.plan import Plan, Stage
from dispatchers.stages.tools import StageTools
from engines.store.base import Store
from engines.store.queries import Reachable
from models.vocabulary import Channel

PLACE = 20
WITHOUT_ADDRESS = 1 << Channel.IN_APP
"""Channels that need no address: the user's id is enough."""


def stage(tools: StageTools) -> Stage:
    """See `StageModule`."""
    return Address(tools.store)


class Address:
    """Notes the channels; nothing is dropped here, since another channel may still do."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """See `Stage`."""
        wanting = [plan for plan in plans if plan.is_open and plan.notification.channels & ~WITHOUT_ADDRESS]
        masks = await self._masks(wanting)
        for plan in plans:
            plan.reachable = WITHOUT_ADDRESS | masks.get((plan.notification.tenant, plan.user), 0)
        return plans

    async def _masks(self, plans: Sequence[Plan]) -> dict[tuple[bytes, bytes], int]:
        if not plans:
            return {}
        tenants = tuple({plan.notification.tenant for plan in plans})
        masks: dict[tuple[bytes, bytes], int] = {}
        for row in await self._store.read(Reachable(tenants, tuple({plan.user for plan in plans}))):
            owner = (row.tenant, row.user)
            masks[owner] = masks.get(owner, 0) | 1 << row.channel
        return masks
