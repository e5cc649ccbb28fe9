"""A worker's lease: its heartbeat in the store, and whether it may still start a call."""

import asyncio
import logging
import time
from collections.abc import Callable

from engines.store.base import Store
from engines.store.operations import Beat, Retire
from errors import Unavailable

log = logging.getLogger(__name__)

BEAT_EVERY_S = 5.0
STALE_AFTER_S = 7.0
"""A worker that has not renewed its lease for so long starts no call: another may soon take its work."""
SHORTEST_LEASE_S = 20.0
MARGIN_S = 3.0


class Lease:
    """Keeps one worker alive in the eyes of the others.

    Args:
        longest_call_s: the longest that one call to a provider may take. Nobody takes work over before the last call
            that the worker may have started has ended.
        monotonic_s: seconds of a clock that never jumps.
    """

    def __init__(
        self,
        store: Store,
        worker: bytes,
        service: str,
        longest_call_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.worker = worker
        self._store = store
        self._monotonic_s = monotonic_s
        lease_s = max(SHORTEST_LEASE_S, STALE_AFTER_S + longest_call_s + MARGIN_S)
        self._beat = Beat(worker, service, round(lease_s * 1_000_000))
        self._renewed_s = float("-inf")

    @property
    def may_call(self) -> bool:
        """The lease was renewed recently enough to start a call."""
        return self._monotonic_s() - self._renewed_s < STALE_AFTER_S

    async def renew(self) -> None:
        """Beat once.

        Raises:
            Unavailable: the store does not answer; the lease is as old as it was.
        """
        asked_s = self._monotonic_s()
        await self._store.write(self._beat)
        self._renewed_s = asked_s

    async def keep(self) -> None:
        """Beat for ever; a store that is away is asked again at the next beat."""
        while True:
            try:
                await self.renew()
            except Unavailable as error:
                log.warning("worker %s could not renew its lease: %s", self.worker.hex(), error)
            await asyncio.sleep(BEAT_EVERY_S)

    async def end(self) -> None:
        """Give back what is not done and leave; where the store is away, the lease ends by itself."""
        try:
            await self._store.write(Retire(self.worker))
        except Unavailable as error:
            log.warning("worker %s could not give back its lease: %s", self.worker.hex(), error)
