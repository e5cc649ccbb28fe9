"""The Notification Worker: due retries and schedules, dead workers' claims, old idempotency records."""

from collections.abc import Coroutine
from typing import Any

from dispatchers.worker.periodic import every
from dispatchers.worker.sweep import Sweep
from dispatchers.worker.wake import Waker
from engines.bus.base import Bus
from engines.store.operations import ForgetKeys, MakePartitions
from engines.store.queries import AllTenants
from services.email import policies
from services.foundation import Foundation

WAKE_EVERY_S = 0.5
SWEEP_EVERY_S = 5.0
FORGET_EVERY_S = 600.0
KEY_LIFETIME_US = 25 * 3_600 * 1_000_000
FORGET_AT_MOST = 5_000
PARTITIONS_EVERY_S = 6 * 3_600.0
DAYS_AHEAD = 7


class WorkerService:
    """Its duties, each to be run as a task of its own."""

    def __init__(self, base: Foundation, bus: Bus) -> None:
        self._base = base
        self.sweep = Sweep(base.store, bus, base.worker, policies(base), base.clock)
        self.wake = Waker(base.store, bus, base.clock)

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        """What to run, for ever."""
        return [
            every(WAKE_EVERY_S, self.wake),
            every(SWEEP_EVERY_S, self.sweep),
            every(FORGET_EVERY_S, self._forget),
            every(PARTITIONS_EVERY_S, self._make_partitions),
        ]

    async def _make_partitions(self) -> None:
        await self._base.store.write(MakePartitions(DAYS_AHEAD))

    async def _forget(self) -> None:
        before_us = self._base.clock.now_us() - KEY_LIFETIME_US
        tenants = tuple([row.id for row in await self._base.store.read(AllTenants())])
        forgotten = FORGET_AT_MOST
        while forgotten >= FORGET_AT_MOST:
            forgotten = await self._base.store.write(ForgetKeys(tenants, before_us, FORGET_AT_MOST))
