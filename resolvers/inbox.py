"""The caller's inbox as a page, and rows of its log as items. Called by the query and by the subscription."""

from collections.abc import Sequence

from engines.store.queries import InboxRow
from models.content import Content
from resolvers.context import Backing, Context
from schema.inbox import InboxConnection, InboxEdge, InboxItem
from schema.pages import page_info


async def open_items(backing: Backing, tenant: bytes, rows: Sequence[InboxRow]) -> list[InboxItem]:
    """The items of rows, in order; their contents are opened together."""
    contents = await backing.read_inbox.contents(tenant, rows)
    return [_item(row, content) for row, content in zip(rows, contents, strict=True)]


def _item(row: InboxRow, content: Content) -> InboxItem:
    marks = (row.seen_at, row.read_at, row.archived_at)
    return InboxItem.of(row.key, row.category, content, row.created_at, marks)


async def inbox_page(context: Context, size: int, after: str | None) -> InboxConnection:
    """A page of the caller's own inbox.

    Raises:
        InvalidInput: `after` is no cursor of this inbox.
    """
    found = await context.backing.read_inbox(context.caller, size, after)
    context.count_items(len(found.items))
    return InboxConnection(
        edges=[InboxEdge(cursor=one.cursor, node=_item(one.row, one.content)) for one in found.items],
        page_info=page_info(
            [one.cursor for one in found.items], has_next=found.has_next, has_previous=after is not None
        ),
        unread=found.unread,
        live_cursor=found.live_cursor,
    )
