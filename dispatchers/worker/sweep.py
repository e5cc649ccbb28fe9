"""Takes over what dead workers left: their outbox rows are free again, their open attempts are outcomes unknown."""

import logging
from collections.abc import Sequence

from dispatchers.aftermath import Policies
from dispatchers.delivery import Work, settlement
from dispatchers.provider import Sent
from engines.bus.base import Bus
from engines.store.base import Store
from engines.store.operations import OrphanClaim, Settle, Settlement, TakeOver
from engines.store.queries import AttemptRow, AttemptsOf, Sendable
from models.clock import Clock
from models.states import Outcome, ReasonCode
from models.vocabulary import Channel

log = logging.getLogger(__name__)

LOST = Sent(Outcome.UNKNOWN, ReasonCode.WORKER_LOST, answer="the worker died while the call may have been under way")


class Sweep:
    """Finds dead workers by their leases and settles what they had claimed."""

    def __init__(self, store: Store, bus: Bus, worker: bytes, policies: Policies, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._worker = worker
        self._policies = policies
        self._clock = clock

    async def __call__(self, *, everyone_else: bool = False) -> int:
        """Take over from the dead, or from everyone else where this process serves alone: attempts settled."""
        orphans = await self._store.write(TakeOver(self._worker, everyone_else))
        settled = await self._settle(orphans) if orphans else 0
        if orphans:
            log.warning("took over %d claims, %d attempts had no outcome", len(orphans), settled)
            await self._store.write(TakeOver(self._worker, everyone_else))
        self._bus.hint()
        return settled

    async def _settle(self, orphans: Sequence[OrphanClaim]) -> int:
        pairs = tuple({(tenant, key[:3]) for claim in orphans for tenant, key in claim.attempts})
        tenants = tuple({tenant for tenant, _ in pairs})
        claimed = {key for claim in orphans for _, key in claim.attempts}
        attempts = await self._store.read(AttemptsOf(tenants, pairs))
        lost = {(*row.delivery, row.number): row for row in attempts if row.settled_at is None}
        rows = await self._store.read(Sendable(tenants, pairs))
        by_delivery = {row.key: row for row in rows}
        policy = await self._policies.of(rows)
        settlements = [
            self._lost(Work(key, by_delivery[key[:3]], policy), row)
            for key, row in lost.items()
            if key in claimed and key[:3] in by_delivery
        ]
        await self._store.write(Settle(tuple(settlements), tuple([claim.id for claim in orphans])))
        return len(settlements)

    def _lost(self, work: Work, row: AttemptRow) -> Settlement:
        now_us = self._clock.now_us()
        then = work.after(LOST, now_us)
        return settlement(work, Channel(work.row.channel), row.worker, row.provider, LOST, then, now_us)
