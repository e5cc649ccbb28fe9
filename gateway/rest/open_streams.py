"""All open streams: whether their callers may stay, and the end of all of them. Built by the door."""

import asyncio
from contextlib import suppress
from functools import partial

import msgspec

from errors import ErrorCode
from gateway.rest.event_stream import event, retry
from gateway.rest.live import LiveStream
from gateway.standing_watch import Standing, Standings, StandingWatch
from models.principal import Principal
from schema.rest.inbox import StreamEnd

CLOSE_WITHIN_S = 2.0
COME_BACK_MS = 1_000
"""After a restart, at the earliest."""
SPREAD_MS = 5_000
"""Clients come back evenly over so long, not all at once."""

_ENDS = {
    Standing.EXPIRED: StreamEnd(ErrorCode.UNAUTHENTICATED, "the token has expired"),
    Standing.REVOKED: StreamEnd(ErrorCode.FORBIDDEN, "the token was revoked"),
}


class OpenStreams:
    """Streams enter when they begin and leave when they have ended. `run` must be running."""

    def __init__(self, standings: Standings[Principal]) -> None:
        self._watch = StandingWatch(standings)
        self._ends: dict[LiveStream, asyncio.Future[Standing]] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._ends)

    def began(self, stream: LiveStream, caller: Principal) -> None:
        """Watch it from now on."""
        self._ends[stream] = self._watch.register(caller)
        self._ends[stream].add_done_callback(partial(_send_away, stream))
        self._empty.clear()

    def ended(self, stream: LiveStream) -> None:
        """It has come to its end."""
        self._ends.pop(stream).cancel()
        if not self._ends:
            self._empty.set()

    async def run(self) -> None:
        """End streams whose callers may not stay, until cancelled."""
        await self._watch.run()

    async def stop(self) -> None:
        """End all of them, each with its own time to come back; returns when they are gone, or after 2 s."""
        self.stopping = True
        streams = list(self._ends)
        for place, stream in enumerate(streams):
            stream.end(retry(COME_BACK_MS + SPREAD_MS * place // len(streams)))
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._empty.wait()


def _send_away(stream: LiveStream, ended: asyncio.Future[Standing]) -> None:
    if not ended.cancelled():
        stream.end(event("end", msgspec.json.encode(_ENDS[ended.result()])))
