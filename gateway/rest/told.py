"""What a live inbox tells, as server-sent events. Made by the use cases' streams, sent by `gateway.rest.live`."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

import msgspec

from gateway.rest.event_stream import event
from models.clock import Clock
from models.content import Content
from models.principal import Principal
from models.vocabulary import InboxEventKind
from schema.rest.inbox import InboxItem, InboxItemRemoved, InboxItemTold, InboxReset, StreamReady, item_id
from schema.scalars import write_time
from usecases.follow_inbox import FollowInbox, InboxEvent, InboxLost
from usecases.read_inbox import ReadInbox

TOGETHER = 8
"""Events that are opened and written together: with all of them as long as they may be, less than a stream may hold."""
REMEMBERED = 256
REMEMBERED_BYTES = 16_384
"""The longest event that is remembered for the other windows of the same user."""

Batches = AsyncGenerator[Sequence[InboxEvent] | InboxLost, None]


class Told:
    """Writes events, each once however many windows of a user follow."""

    def __init__(self, follow: FollowInbox, read: ReadInbox, clock: Clock) -> None:
        self._follow = follow
        self._read = read
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode
        self._written: OrderedDict[InboxEvent, bytes] = OrderedDict()

    async def ready(self, caller: Principal) -> tuple[str, bytes]:
        """Where the caller's log stands now, and the event that says so.

        Raises:
            Forbidden: the caller speaks for no user.
            Unavailable: the store does not answer.
        """
        cursor = await self._read.live_cursor(caller)
        said = StreamReady(cursor, write_time(self._clock.now_us()))
        return cursor, event("ready", self._encode(said), cursor)

    async def after(self, caller: Principal, since: str) -> AsyncGenerator[bytes, None]:
        """What follows the cursor, a few events at a time. A lost place is told, and ends it."""
        # It is an async generator, whose end must be reached at once when the client leaves.
        batches = cast("Batches", self._follow(caller, since))
        async with aclosing(batches):
            async for batch in batches:
                if isinstance(batch, InboxLost):
                    yield self._reset(batch)
                    return
                for first in range(0, len(batch), TOGETHER):
                    yield await self._events(caller.tenant, batch[first : first + TOGETHER])

    async def _events(self, tenant: bytes, events: Sequence[InboxEvent]) -> bytes:
        new = [one for one in events if one not in self._written]
        contents = await self._read.contents(tenant, [one.row for one in new])
        written = dict(zip(new, [self._event(*pair) for pair in zip(new, contents, strict=True)], strict=True))
        frames = [written[one] if one in written else self._written[one] for one in events]
        self._remember(written)
        return b"".join(frames)

    def _event(self, one: InboxEvent, content: Content) -> bytes:
        kind, at = InboxEventKind(one.row.kind), write_time(one.row.at)
        if kind is InboxEventKind.REMOVED:
            said: msgspec.Struct = InboxItemRemoved(one.cursor, at, item_id(one.row), one.unread)
        else:
            said = InboxItemTold(one.cursor, at, InboxItem.of(one.row, content), one.unread)
        return event(kind.name.lower(), self._encode(said), one.cursor)

    def _reset(self, lost: InboxLost) -> bytes:
        said = InboxReset(lost.cursor, write_time(self._clock.now_us()), lost.reason.name)
        return event("reset", self._encode(said), lost.cursor)

    def _remember(self, written: dict[InboxEvent, bytes]) -> None:
        self._written.update({one: frame for one, frame in written.items() if len(frame) <= REMEMBERED_BYTES})
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
