"""Read a user's own inbox: a page of it, where its log stands, and what rows of the log say. Used by every door."""

from collections.abc import Sequence

import msgspec

from engines.store.base import Store
from engines.store.queries import HeadRow, Heads, InboxPage, InboxRow
from errors import InvalidInput
from models.content import Content
from models.principal import Permission, Principal
from models.vocabulary import Channel
from usecases.contents import Contents, Saying
from usecases.inbox_cursor import InboxCursors, Place

NOTHING = Content("")
"""Shown for what cannot be filled, so that the rest of the inbox can be read."""


class FoundItem(msgspec.Struct, frozen=True):
    """An item with its opened content, and the cursor of its place."""

    row: InboxRow
    content: Content
    cursor: str


class InboxFound(msgspec.Struct, frozen=True):
    """A page, newest first, without what is archived."""

    items: tuple[FoundItem, ...]
    has_next: bool
    unread: int
    """Of the whole inbox."""
    live_cursor: str
    """Follow from here, and nothing falls between the page and the stream."""


class ReadInbox:
    """Gives the caller's own inbox."""

    def __init__(self, store: Store, contents: Contents, cursors: InboxCursors) -> None:
        self._store = store
        self._contents = contents
        self._cursors = cursors

    async def __call__(self, caller: Principal, size: int, after: str | None) -> InboxFound:
        """At most `size` items after the cursor `after`.

        The head is read before the items: what comes in between is told to whoever follows from the live cursor.

        Raises:
            Forbidden: the caller speaks for no user.
            InvalidInput: `after` is no cursor of this inbox.
            Unavailable: the store does not answer.
        """
        head = await self._head(caller)
        below = self._below(head, after)
        query = InboxPage(head.tenant, head.user, below, size + 1)
        rows = await self._store.read(query) if below > 1 else ()
        contents = await self.contents(caller.tenant, rows[:size])
        items = [
            FoundItem(row, content, self._cursor(head, row.seq))
            for row, content in zip(rows[:size], contents, strict=True)
        ]
        return InboxFound(tuple(items), len(rows) > size, head.unread, self._cursor(head, head.seq))

    async def live_cursor(self, caller: Principal) -> str:
        """The cursor of now.

        Raises:
            Forbidden: the caller speaks for no user.
            Unavailable: the store does not answer.
        """
        head = await self._head(caller)
        return self._cursor(head, head.seq)

    async def contents(self, tenant: bytes, rows: Sequence[InboxRow]) -> list[Content]:
        """What rows of one tenant's inboxes say, in order; opened together."""
        said = await self._contents.open(
            tenant, [Saying(row.content_sealed, Channel.IN_APP, row.template_version, row.locale) for row in rows]
        )
        return [content or NOTHING for content in said]

    async def _head(self, caller: Principal) -> HeadRow:
        caller.require(Permission.READ_INBOX)
        tenant, user = caller.tenant, caller.user or b""
        rows = await self._store.read(Heads((tenant,), (user,)))
        return rows[0] if rows else HeadRow(tenant, user, epoch=0, seq=0, floor=0, unread=0)

    def _cursor(self, head: HeadRow, seq: int) -> str:
        return self._cursors.write(head.tenant, head.user, Place(head.epoch, seq))

    def _below(self, head: HeadRow, after: str | None) -> int:
        """The sequence number that the page lies below."""
        if after is None:
            return head.seq + 1
        place = self._cursors.read(head.tenant, head.user, after)
        if place is None or (place.epoch != head.epoch and place.seq > 0):
            raise InvalidInput("expected a cursor that this list gave", path=("after",))
        return place.seq
