"""All open sockets of an endpoint: heartbeats, whether their callers may stay, and the end of all of them."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from gateway.graphql.limits import SocketLimits
from gateway.graphql.metrics import Metrics, Tally
from gateway.graphql.transport_ws import Code
from gateway.standing_watch import Standing, Standings, StandingWatch
from models.clock import Clock

P = TypeVar("P")

_SLICE_S = 0.05


class Member(Protocol):
    """An open socket."""

    heard: bool
    """Whether anything came in since the last ping."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    def close(self, code: Code, reason: str) -> None:
        """End it."""


class _Turn(NamedTuple):
    due_us: int
    unheard_since_us: int | None
    """When the first ping was sent that nothing has followed."""


class Roster(Generic[P]):
    """Sockets enter when they open and leave when they end."""

    def __init__(
        self, standings: Standings[P], metrics: Metrics, tally: Tally, clock: Clock, limits: SocketLimits
    ) -> None:
        self._watch = StandingWatch(standings, limits.beat_s)
        self._metrics = metrics
        self._tally = tally
        self._clock = clock
        self._limits = limits
        self._open: set[Member] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._ends: dict[Member, asyncio.Future[Standing]] = {}
        # Always in the order of `due_us`, because everyone waits equally long: a beat looks only at who is due.
        self._turns: OrderedDict[Member, _Turn] = OrderedDict()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, member: Member) -> None:
        """A socket was accepted."""
        self._open.add(member)
        self._empty.clear()

    def ready(self, member: Member, principal: P) -> None:
        """Its caller is known: watch both from now on."""
        if member in self._open:
            self._ends[member] = self._watch.register(principal)
            self._ends[member].add_done_callback(partial(_send_away, member))
            self._turns[member] = self._turn(None)

    def gone(self, member: Member) -> None:
        """It has ended."""
        self._open.discard(member)
        if not self._open:
            self._empty.set()
        ended = self._ends.pop(member, None)
        if ended is not None:
            ended.cancel()
        self._turns.pop(member, None)

    async def run(self) -> None:
        """Beat until cancelled. An error in `standings` or the metrics ends it: nothing may go on unwatched."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            tasks.create_task(self._watch.run())

    async def close_all(self, spread_s: float) -> None:
        """Tell everyone to reconnect, evenly over `spread_s`, so that they do not come back all at once.

        Returns when all are gone, or after the time that a closing handshake may take.
        """
        self.stopping = True
        members = list(self._open)
        slices = max(1, round(spread_s / _SLICE_S))
        for number in range(slices):
            for member in members[number::slices]:
                member.close(Code.RESTART, "the server restarts")
            if number + 1 < slices:
                await asyncio.sleep(spread_s / slices)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.close_within_s):
                await self._empty.wait()

    def report(self) -> None:
        """Hand the counts since the last report to the metrics."""
        self._metrics.record(self._tally.take(), len(self._open))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._limits.beat_s)
            self._ping_who_is_due()
            self.report()

    def _ping_who_is_due(self) -> None:
        now_us = self._clock.now_us()
        while self._turns:
            member, turn = next(iter(self._turns.items()))
            if turn.due_us > now_us:
                return
            del self._turns[member]
            since_us = now_us if member.heard or turn.unheard_since_us is None else turn.unheard_since_us
            if now_us - since_us >= self._limits.pong_within_s * 1_000_000:
                member.close(Code.LATER, f"no pong within {self._limits.pong_within_s:g} s")
            else:
                self._turns[member] = self._turn(since_us)
                member.ping()

    def _turn(self, unheard_since_us: int | None) -> _Turn:
        return _Turn(self._clock.now_us() + round(self._limits.ping_every_s * 1_000_000), unheard_since_us)


def _send_away(member: Member, ended: asyncio.Future[Standing]) -> None:
    """End a socket whose caller may not stay."""
    if ended.cancelled():
        return
    if ended.result() is Standing.EXPIRED:
        member.close(Code.UNAUTHORIZED, "the token has expired")
    else:
        member.close(Code.FORBIDDEN, "the token was revoked")


__all__ = ["Member", "Roster", "Standing", "Standings"]
