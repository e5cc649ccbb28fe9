"""The caller's own inbox by REST: a page of it, and marks. Mounted by the door; `stream` follows it live."""

from msgspec import UNSET

from errors import InvalidInput
from gateway.rest.asked import Asked, Handler, limit_of
from gateway.rest.links import page_links
from gateway.rest.replies import Reply, json_reply
from models.vocabulary import InboxMark
from schema.rest.inbox import InboxEntry, InboxItem, InboxMarked, InboxPage, MarkInbox
from schema.rest.operations import INBOX, MARK, ROOT, RestCall
from schema.rest.words import number_of
from usecases.mark_inbox import MarkInbox as Mark
from usecases.mark_inbox import Selection
from usecases.read_inbox import ReadInbox


class Inbox:
    """The handlers."""

    def __init__(self, read: ReadInbox, mark: Mark) -> None:
        self._read = read
        self._mark = mark

    def handlers(self) -> dict[RestCall, Handler]:
        """By operation."""
        return {INBOX: self.page, MARK: self.mark}

    async def page(self, asked: Asked) -> Reply:
        """A page, newest first."""
        size = limit_of(asked.query)
        found = await self._read(asked.caller, size, asked.query.get("after"))
        after = found.items[-1].cursor if found.has_next else None
        entries = [InboxEntry(one.cursor, InboxItem.of(one.row, one.content)) for one in found.items]
        page = InboxPage(entries, after, found.unread, found.live_cursor)
        return json_reply(200, page, page_links(f"{ROOT}/inbox", asked.query, after))

    async def mark(self, asked: Asked) -> Reply:
        """Mark items."""
        wanted = asked.body_as(MarkInbox)
        mark = number_of(InboxMark, wanted.mark)
        if mark is None:
            names = ", ".join(InboxMark.__members__)
            raise InvalidInput(f"expected one of {names}, got {wanted.mark[:80]!r}", path=("mark",))
        marked = await self._mark(asked.caller, _selection(wanted), mark)
        return json_reply(200, InboxMarked(marked.changed, marked.unread))


def _selection(wanted: MarkInbox) -> Selection:
    which = wanted.which
    return Selection(
        None if which.ids is UNSET else tuple(which.ids),
        None if which.all is UNSET else which.all,
        None if which.before is UNSET else which.before,
    )
