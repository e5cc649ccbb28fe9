"""Whether callers whose streams stay open may stay: one read a beat for all of them. Used by every door that streams.

    watch = StandingWatch(authenticator.standings)          # one a door; `watch.run()` runs beside the server
    ...
    ended = watch.register(principal)                       # when the stream opens
    try:
        ... until ended.done(), or: await asyncio.wait({next_event, ended}, return_when=FIRST_COMPLETED)
    finally:
        ended.cancel()                                      # when the stream ends, however it ends

`ended.result()` is Standing.EXPIRED (the token's time is over) or Standing.REVOKED (the key was revoked, the user or
the member is gone, or the member has another role now): then the stream must end, within 5 s of the change. Who may
still come in comes back with a fresh token, and is then what they are now.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from errors import Unavailable

P = TypeVar("P")

BEAT_S = 0.5


class Standing(Enum):
    """Whether a caller that was admitted may stay."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


Standings = Callable[[Sequence[P]], Awaitable[Sequence[Standing]]]
"""How these principals stand now, one answer each, in order. Called about twice a second with everyone connected.

Raises errors.Unavailable when it cannot be told: nobody is closed then, and the next call asks again.
"""


class StandingWatch(Generic[P]):
    """Belongs to one event loop. Equal principals are asked about once, however many streams each has.

    Args:
        standings: of everyone who is registered, about once a beat.
    """

    def __init__(self, standings: Standings[P], beat_s: float = BEAT_S) -> None:
        self._standings = standings
        self._beat_s = beat_s
        self._watched: dict[asyncio.Future[Standing], P] = {}

    def __len__(self) -> int:
        return len(self._watched)

    def register(self, principal: P) -> asyncio.Future[Standing]:
        """Ends with the principal's standing as soon as that is anything but VALID. Cancel it to stop watching."""
        ended: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
        self._watched[ended] = principal
        ended.add_done_callback(self._forget)
        return ended

    async def run(self) -> None:
        """Watch until cancelled. An unexpected error of `standings` ends it: nothing may go on unwatched."""
        while True:
            await asyncio.sleep(self._beat_s)
            if self._watched:
                await self._look()

    async def _look(self) -> None:
        watched = dict(self._watched)
        principals = list(dict.fromkeys(watched.values()))
        try:
            standings = await self._standings(principals)
        except Unavailable:
            # Nothing is known, so nobody is sent away; the next beat asks again.
            return
        now = dict(zip(principals, standings, strict=True))
        for ended, principal in watched.items():
            if now[principal] is not Standing.VALID and not ended.done():
                ended.set_result(now[principal])

    def _forget(self, ended: asyncio.Future[Standing]) -> None:
        self._watched.pop(ended, None)
