"""What a tenant seldom changes and every request needs, cached by its revision. Used by other use cases and stages."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec

from engines.store.base import Store
from engines.store.queries import Revisions
from models.clock import Clock
from models.vocabulary import RevisionKind

V = TypeVar("V")
Check: TypeAlias = "asyncio.Task[dict[bytes, V]]"

CHECK_EVERY_US = 1_000_000
"""A change is in force in every process after so long."""
MOST_KEPT = 10_000
"""Tenants in memory; when there are more, all are forgotten and read again as they are asked for."""


class _Kept(msgspec.Struct, Generic[V], frozen=True):
    value: V
    revision: int
    checked_us: int


class Revised(Generic[V]):
    """Values by tenant, read anew when their revision has been raised.

    A revision is read before its value: a change in between is seen at the next check, never lost.

    Args:
        load: the values of these tenants, one for each.
    """

    def __init__(
        self,
        store: Store,
        kind: RevisionKind,
        load: Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, V]]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._kind = kind
        self._load = load
        self._clock = clock
        self._kept: dict[bytes, _Kept[V]] = {}
        self._checks: dict[bytes, Check[V]] = {}

    async def get(self, tenant: bytes) -> V:
        """As `get_many`, for one."""
        return (await self.get_many((tenant,)))[tenant]

    async def get_many(self, tenants: Collection[bytes]) -> dict[bytes, V]:
        """Values that were in force within the last second.

        Raises:
            Unavailable: the store does not answer.
        """
        now_us = self._clock.now_us()
        values = {tenant: kept.value for tenant in tenants if (kept := self._fresh(tenant, now_us)) is not None}
        if len(values) == len(tenants):
            return values
        for check in self._checks_of([tenant for tenant in tenants if tenant not in values], now_us):
            # others wait for the same answer: one that goes away must not take it along
            values.update(await asyncio.shield(check))
        return {tenant: values[tenant] for tenant in tenants}

    def forget(self, tenant: bytes) -> None:
        """Read the tenant's value anew at once: for whoever changed it in this process."""
        self._kept.pop(tenant, None)
        self._checks.pop(tenant, None)

    def _fresh(self, tenant: bytes, now_us: int) -> _Kept[V] | None:
        kept = self._kept.get(tenant)
        return kept if kept is not None and 0 <= now_us - kept.checked_us < CHECK_EVERY_US else None

    def _checks_of(self, tenants: Sequence[bytes], now_us: int) -> set["Check[V]"]:
        """The checks under way of these tenants; those of whom nobody has asked yet are checked together."""
        unasked = [tenant for tenant in tenants if tenant not in self._checks]
        if unasked:
            check = asyncio.create_task(self._checked(unasked, now_us))
            self._checks.update(dict.fromkeys(unasked, check))
            check.add_done_callback(lambda done: self._end(done, unasked))
        return {self._checks[tenant] for tenant in tenants}

    def _end(self, check: "Check[V]", tenants: Sequence[bytes]) -> None:
        for tenant in tenants:
            if self._checks.get(tenant) is check:
                del self._checks[tenant]

    async def _checked(self, tenants: Sequence[bytes], now_us: int) -> dict[bytes, V]:
        rows = await self._store.read(Revisions(tuple(tenants)))
        revisions = dict.fromkeys(tenants, 0) | {row.tenant: row.revision for row in rows if row.kind == self._kind}
        current = {
            tenant: kept.value
            for tenant in tenants
            if (kept := self._kept.get(tenant)) is not None and kept.revision == revisions[tenant]
        }
        changed = [tenant for tenant in tenants if tenant not in current]
        values = {**current, **(await self._load(changed) if changed else {})}
        if len(self._kept) + len(values) > MOST_KEPT:
            self._kept.clear()
        for tenant, value in values.items():
            # one that was forgotten meanwhile may have been read before the change
            if self._checks.get(tenant) is asyncio.current_task():
                self._kept[tenant] = _Kept(value, revisions[tenant], now_us)
        return values
