"""Follow a user's inbox log live, from any place, without a gap. Used by every door that streams.

The broadcast is a doorbell only: what is delivered is always read from the log, up to the head, in order. Followers of
many users are served together: one read of heads and one of events for all bells of a moment.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence

import msgspec

from engines.broadcast.base import Bell, Broadcast
from engines.store.base import Store
from engines.store.queries import HeadRow, Heads, InboxEvents, InboxRow
from errors import Unavailable
from models.principal import Permission, Principal
from models.states import ReasonCode
from usecases.inbox_cursor import InboxCursors, Place

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""Followers are looked after at least so often, bell or no bell."""
EVENTS_AT_ONCE = 500
WAITING_EVENTS = 1_000
"""A follower with so many events waiting gets no more until it has taken some."""


class InboxEvent(msgspec.Struct, frozen=True):
    """A row of the log, the cursor to resume after it, and what is unread at the moment of reading."""

    row: InboxRow
    cursor: str
    unread: int


class InboxLost(msgspec.Struct, frozen=True):
    """The log cannot be followed from the given cursor: load the inbox again, and follow from its live cursor."""

    reason: ReasonCode
    cursor: str
    """A cursor of now."""


class Follower:
    """One stream's place in a log, and the events that wait for it."""

    def __init__(self, bell: Bell, place: Place) -> None:
        self.bell = bell
        self.place = place
        self.waiting: asyncio.Queue[Sequence[InboxEvent] | InboxLost] = asyncio.Queue()
        self.backlog = 0
        self.lost = False

    async def next(self) -> Sequence[InboxEvent] | InboxLost:
        """The next events, at least one; or that the log has a hole where the next one was."""
        events = await self.waiting.get()
        if not isinstance(events, InboxLost):
            self.backlog -= len(events)
        return events

    def lose(self, cursor: str) -> None:
        """Nothing follows: what came next is no longer kept."""
        if not self.lost:
            self.lost = True
            self.waiting.put_nowait(InboxLost(ReasonCode.CURSOR_TOO_OLD, cursor))


class FollowInbox:
    """Streams inbox events to any number of followers. `run` must be running."""

    def __init__(self, store: Store, broadcast: Broadcast, cursors: InboxCursors) -> None:
        self._store = store
        self._broadcast = broadcast
        self._cursors = cursors
        self._followers: defaultdict[Bell, set[Follower]] = defaultdict(set)
        self._rung: set[Bell] = set()
        self._bell = asyncio.Event()

    @property
    def followers(self) -> int:
        """Open streams."""
        return sum(len(of_user) for of_user in self._followers.values())

    async def __call__(self, caller: Principal, since: str | None) -> AsyncIterator[Sequence[InboxEvent] | InboxLost]:
        """Events after `since` (None: after now), as they come. A lost place is told first, and ends the stream.

        Raises:
            Forbidden: the caller speaks for no user.
        """
        caller.require(Permission.READ_INBOX)
        bell = (caller.tenant, caller.user or b"")
        place = await self._place(bell, since)
        if isinstance(place, InboxLost):
            yield place
            return
        follower = Follower(bell, place)
        self._followers[bell].add(follower)
        self._ring([bell])
        try:
            while True:
                was_full = follower.backlog >= WAITING_EVENTS
                events = await follower.next()
                yield events
                if isinstance(events, InboxLost):
                    return
                if was_full:
                    self._ring([bell])
        finally:
            self._leave(follower)

    def _leave(self, follower: Follower) -> None:
        of_user = self._followers[follower.bell]
        of_user.discard(follower)
        if not of_user:
            del self._followers[follower.bell]

    async def _place(self, bell: Bell, since: str | None) -> Place | InboxLost:
        tenant, user = bell
        rows = await self._store.read(Heads((tenant,), (user,)))
        head = rows[0] if rows else HeadRow(tenant, user, 0, 0, 0, 0)
        now = Place(head.epoch, head.seq)
        if since is None:
            return now
        asked = self._cursors.read(tenant, user, since)
        if asked is None:
            return InboxLost(ReasonCode.CURSOR_FOREIGN, self._cursors.write(tenant, user, now))
        born_later = asked == Place(0, 0) and head.floor == 0
        if not born_later and (asked.epoch != head.epoch or asked.seq < head.floor or asked.seq > head.seq):
            return InboxLost(ReasonCode.CURSOR_TOO_OLD, self._cursors.write(tenant, user, now))
        return asked

    def _ring(self, bells: Collection[Bell]) -> None:
        followed = [bell for bell in bells if bell in self._followers]
        if followed:
            self._rung.update(followed)
            self._bell.set()

    async def run(self) -> None:
        """Serve followers for ever."""
        stop_listening = self._broadcast.listen(self._ring)
        try:
            while True:
                await self._wait_for_bell()
                rung, self._rung = self._rung, set()
                self._bell.clear()
                await self._serve_patiently(rung or set(self._followers))
        finally:
            stop_listening()

    async def _wait_for_bell(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _serve_patiently(self, bells: Collection[Bell]) -> None:
        try:
            await self._serve(bells)
        except Unavailable as error:
            log.warning("followers of %d inboxes wait: %s", len(bells), error)

    async def _serve(self, bells: Collection[Bell]) -> None:
        """Give the followers of these logs what each has not had, a bounded piece at a time."""
        if not bells:
            return
        heads = await self._heads(bells)
        wanted = [(bell, seq) for bell, head in heads.items() for seq in self._missing(bell, head)]
        if not wanted:
            return
        piece = wanted[:EVENTS_AT_ONCE]
        rows = await self._store.read(
            InboxEvents(tuple({bell[0] for bell, _ in piece}), tuple([(*bell, seq) for bell, seq in piece]))
        )
        self._hand_out(rows, heads)
        self._lose_gaps(piece, rows, heads)
        if len(wanted) > len(piece) or any(head.seq > self._lowest(bell) for bell, head in heads.items()):
            self._ring([bell for bell, _ in wanted])

    async def _heads(self, bells: Collection[Bell]) -> dict[Bell, HeadRow]:
        tenants, users = tuple({tenant for tenant, _ in bells}), tuple({user for _, user in bells})
        rows = await self._store.read(Heads(tenants, users))
        return {(row.tenant, row.user): row for row in rows if (row.tenant, row.user) in self._followers}

    def _lowest(self, bell: Bell) -> int:
        places = [
            one.place.seq for one in self._followers.get(bell, ()) if one.backlog < WAITING_EVENTS and not one.lost
        ]
        return min(places, default=1 << 62)

    def _missing(self, bell: Bell, head: HeadRow) -> range:
        first = self._lowest(bell) + 1
        return range(first, min(head.seq, first + EVENTS_AT_ONCE - 1) + 1)

    def _hand_out(self, rows: Sequence[InboxRow], heads: dict[Bell, HeadRow]) -> None:
        by_bell: defaultdict[Bell, list[InboxEvent]] = defaultdict(list)
        for row in rows:
            bell = (row.tenant, row.user)
            cursor = self._cursors.write(*bell, Place(heads[bell].epoch, row.seq))
            by_bell[bell].append(InboxEvent(row, cursor, heads[bell].unread))
        for bell, events in by_bell.items():
            for follower in self._followers.get(bell, ()):
                self._push(follower, events, heads[bell].epoch)

    def _lose_gaps(
        self, wanted: Sequence[tuple[Bell, int]], rows: Sequence[InboxRow], heads: dict[Bell, HeadRow]
    ) -> None:
        """A follower whose next event is gone cannot be given what comes after it as if nothing were missing."""
        found = {((row.tenant, row.user), row.seq) for row in rows}
        gone = {place for place in wanted if place not in found}
        for bell in {bell for bell, _ in gone}:
            head = heads[bell]
            for follower in self._followers.get(bell, ()):
                if (bell, follower.place.seq + 1) in gone:
                    follower.lose(self._cursors.write(*bell, Place(head.epoch, head.seq)))

    def _push(self, follower: Follower, events: Sequence[InboxEvent], epoch: int) -> None:
        fresh = [event for event in events if event.row.seq > follower.place.seq]
        joined = [event for n, event in enumerate(fresh, start=1) if event.row.seq == follower.place.seq + n]
        if joined and follower.backlog < WAITING_EVENTS and not follower.lost:
            follower.place = Place(epoch, joined[-1].row.seq)
            follower.backlog += len(joined)
            follower.waiting.put_nowait(joined)
