"""The stages run for their decisions alone, as a preview needs them. Built by services, called by a use case."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from dispatchers.stages.plan import Plan, Stage
from engines.store.base import Operation, Query, Store
from engines.store.queries import PendingRow, Reachable, ReachableRow, RecipientRow, Recipients
from models.vocabulary import Channel
from usecases.preview_notification import Planned

R = TypeVar("R")


class Rehearsal:
    """`Planner` over the orchestrator's own stages.

    Args:
        stages: makes stages that read a given store and count nothing for anybody else.
    """

    def __init__(self, store: Store, stages: Callable[[Store], Sequence[Stage]]) -> None:
        self._store = store
        self._stages = stages

    async def __call__(self, notification: PendingRow, newcomer: bytes | None) -> Sequence[Planned]:
        """See `Planner`."""
        plans: Sequence[Plan] = [Plan(notification)]
        for stage in self._stages(Looking(self._store, notification.tenant, newcomer)):
            plans = await stage(plans)
        return [
            Planned(plan.user, plan.channel, plan.reason, plan.decisions, plan.locale)
            for plan in plans
            if plan.channel is not None
        ]


class Looking:
    """A store that is only read, and in which somebody who is not stored yet is there, reached by e-mail."""

    def __init__(self, store: Store, tenant: bytes, newcomer: bytes | None) -> None:
        self.abilities = store.abilities
        self._store = store
        self._tenant = tenant
        self._newcomer = newcomer

    async def write(self, operation: Operation[R]) -> R:
        """Never: a stage that writes cannot be rehearsed."""
        raise AssertionError(f"a stage would write {type(operation).__name__}")

    async def read(self, query: Query[R]) -> Sequence[R]:
        """See `Store.read`."""
        rows = await self._store.read(query)
        return [*rows, *cast("list[R]", self._pretended(cast("Query[object]", query)))]

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self._store.ping()

    async def close(self) -> None:
        """The store is somebody else's."""

    def _pretended(self, query: Query[object]) -> list[object]:
        newcomer = self._newcomer
        match query:
            case Recipients() if newcomer is not None and newcomer in query.ids:
                return [RecipientRow(self._tenant, newcomer, None, None)]
            case Reachable() if newcomer is not None and newcomer in query.users:
                return [ReachableRow(self._tenant, newcomer, Channel.EMAIL)]
        return []
