"""What recipients have had within the hour, counted from their deliveries. Asked by the throttle of an orchestrator."""

from collections import OrderedDict
from collections.abc import Collection, Sequence

from dispatchers.stages.admission import Asked
from engines.store.base import Store
from engines.store.queries import RecentDeliveries
from models.clock import Clock

HOUR_US = 3_600 * 1_000_000
MOST_WINDOWS = 100_000
"""Recipients in memory, those of the latest batches; about half a kilobyte each."""

Window = dict[bytes, int]
"""Notification and step → when it was let through, oldest first."""


class HourlyLimits:
    """`RecipientLimits` by a sliding hour.

    The truth is in the store: a recipient who is not in memory is read from there, so a restart forgets nothing, and
    one who gets thousands a minute is read once and not for every batch. Exact for the only orchestrator of a store.
    Several orchestrators each count what they let through, on top of what was stored when they first met a recipient:
    until they share a limiter, a recipient may get the limit once from each within an hour.
    """

    def __init__(self, store: Store, clock: Clock, most_windows: int = MOST_WINDOWS) -> None:
        self._store = store
        self._clock = clock
        self._most_windows = most_windows
        self._windows: OrderedDict[bytes, Window] = OrderedDict()

    async def admit(self, asked: Sequence[Asked]) -> Sequence[bool]:
        """See `RecipientLimits.admit`.

        Raises:
            Unavailable: the store does not answer; nothing was counted.
        """
        now_us = self._clock.now_us()
        strangers = [one for one in asked if one.user not in self._windows]
        if strangers:
            await self._meet(strangers, now_us)
        answers = [self._admits(one, now_us) for one in asked]
        while len(self._windows) > self._most_windows:
            self._windows.popitem(last=False)
        return answers

    async def _meet(self, asked: Collection[Asked], now_us: int) -> None:
        tenants = tuple({one.tenant for one in asked})
        users = tuple({one.user for one in asked})
        most = max([one.limit for one in asked])
        rows = await self._store.read(RecentDeliveries(tenants, users, now_us - HOUR_US, most))
        self._windows.update([(user, {}) for user in users])
        for row in reversed(rows):
            self._windows[row.user][_place(row.notification, row.step)] = row.created_at

    def _admits(self, one: Asked, now_us: int) -> bool:
        window = self._windows[one.user]
        self._windows.move_to_end(one.user)
        place = _place(one.notification, one.step)
        if place in window:
            return True
        if len(window) >= one.limit:
            _slide(window, now_us - HOUR_US)
        if len(window) >= one.limit:
            if not one.is_exempt:
                return False
            # only the newest of them can still count when the next one is judged
            del window[next(iter(window))]
        window[place] = now_us
        return True


def _place(notification: bytes, step: int) -> bytes:
    return notification + step.to_bytes(2)


def _slide(window: Window, since_us: int) -> None:
    """Forget what is older."""
    for place in [place for place, at_us in window.items() if at_us <= since_us]:
        del window[place]
