"""The caller's inbox as a page, and rows of its log as items. Called by the query and by the subscription."""

from collections.abc import Sequence

from engines.secrets.sealer import Sealed
from engines.store.queries import HeadRow, Heads, InboxPage, InboxRow
from models.content import PURPOSE, Content, decode
from resolvers.context import Backing, Context
from schema.inbox import InboxConnection, InboxEdge, InboxItem
from schema.pages import foreign_cursor, page_info
from usecases.inbox_cursor import Place


async def open_items(backing: Backing, tenant: bytes, rows: Sequence[InboxRow]) -> list[InboxItem]:
    """The items of rows, in order; their contents are opened together."""
    key = (await backing.tenants.get(tenant)).wrapped_key if rows else b""
    contents = backing.sealer.open_many([Sealed(key, tenant, PURPOSE, row.content_sealed) for row in rows])
    return [_item(row, decode(content)) for row, content in zip(rows, contents, strict=True)]


def _item(row: InboxRow, content: Content) -> InboxItem:
    marks = (row.seen_at, row.read_at, row.archived_at)
    return InboxItem.of(row.key, row.category, content, row.created_at, marks)


async def inbox_page(context: Context, size: int, after: str | None) -> InboxConnection:
    """A page of the caller's own inbox.

    The head is read before the items: what comes in between is told to whoever follows from the live cursor.

    Raises:
        InvalidInput: `after` is no cursor of this inbox.
    """
    backing, tenant, user = context.backing, context.caller.tenant, context.caller.user or b""
    rows = await backing.store.read(Heads((tenant,), (user,)))
    head = rows[0] if rows else HeadRow(tenant, user, epoch=0, seq=0, floor=0, unread=0)
    below = _below(context, head, after)
    found = await backing.store.read(InboxPage(tenant, user, below, size + 1)) if below > 1 else ()
    items = await open_items(backing, tenant, found[:size])
    context.count_items(len(items))
    places = [backing.cursors.write(tenant, user, Place(head.epoch, row.seq)) for row in found[:size]]
    return InboxConnection(
        edges=[InboxEdge(cursor=cursor, node=item) for cursor, item in zip(places, items, strict=True)],
        page_info=page_info(places, has_next=len(found) > size, has_previous=after is not None),
        unread=head.unread,
        live_cursor=backing.cursors.write(tenant, user, Place(head.epoch, head.seq)),
    )


def _below(context: Context, head: HeadRow, after: str | None) -> int:
    """The sequence number that the page lies below."""
    if after is None:
        return head.seq + 1
    place = context.backing.cursors.read(head.tenant, head.user, after)
    if place is None or (place.epoch != head.epoch and place.seq > 0):
        raise foreign_cursor()
    return place.seq
