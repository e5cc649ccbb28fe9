"""Wakes retries and schedules that are due. Runs in every worker process; each due row is woken once."""

from engines.bus.base import Bus
from engines.store.base import Store
from engines.store.operations import Wake
from models.clock import Clock

WAKE_AT_MOST = 2_000


class Waker:
    """Puts due work back on the bus."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    async def __call__(self) -> None:
        """Wake all that is due now."""
        woken = WAKE_AT_MOST
        while woken >= WAKE_AT_MOST:
            woken = await self._store.write(Wake(self._clock.now_us(), WAKE_AT_MOST))
            if woken:
                self._bus.hint()
