"""The inbox of the user that a browser token speaks for, and what happens in it live."""

from typing import Annotated

import strawberry

from models import ids
from models.content import Content, for_channel
from models.ids import DeliveryKey
from models.vocabulary import Channel
from schema.enums import ReasonCode
from schema.node import Node
from schema.pages import PageInfo
from schema.scalars import URL, DateTime, JSONObject


@strawberry.type(description="Something in a user's inbox.")
class InboxItem(Node):
    """An in-app delivery with its content."""

    title: str | None = strawberry.field(description="The title.")
    body: str = strawberry.field(description="The text.")
    url: URL | None = strawberry.field(description="Where a click leads.")
    category_key: str = strawberry.field(description="The category that its notification belongs to.")
    data: JSONObject | None = strawberry.field(description="The sender's own data for the page that shows it.")
    created_at: DateTime = strawberry.field(description="When it came in.")
    seen_at: DateTime | None = strawberry.field(description="When it was first on the screen.")
    read_at: DateTime | None = strawberry.field(description="When it was opened; null while it is unread.")
    archived_at: DateTime | None = strawberry.field(description="When it was put away.")

    @classmethod
    def of(
        cls,
        key: DeliveryKey,
        category: str,
        content: Content,
        created_at: int,
        marks: tuple[int | None, int | None, int | None],
    ) -> "InboxItem":
        """From an in-app delivery, its notification's opened content, and (seen, read, archived)."""
        shown = for_channel(content, Channel.IN_APP)
        seen_at, read_at, archived_at = marks
        return cls(
            id=inbox_item_id(key),
            title=shown.title,
            body=shown.body,
            url=URL(shown.url) if shown.url is not None else None,
            category_key=category,
            data=JSONObject(shown.data) if shown.data is not None else None,
            created_at=DateTime(created_at),
            seen_at=DateTime(seen_at) if seen_at is not None else None,
            read_at=DateTime(read_at) if read_at is not None else None,
            archived_at=DateTime(archived_at) if archived_at is not None else None,
        )


@strawberry.type(description="An inbox item at its place in the list.")
class InboxEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(
        description="The place of this item: pass it as after to go on from here, or to markInbox as before."
    )
    node: InboxItem = strawberry.field(description="The item.")


@strawberry.type(description="A page of the inbox, newest first, without what is archived.")
class InboxConnection:
    """Relay's connection, with what a bell needs."""

    edges: list[InboxEdge] = strawberry.field(description="The items with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")
    unread: int = strawberry.field(description="How many items of the whole inbox are unread.")
    live_cursor: str = strawberry.field(
        description="Subscribe to inbox with since: liveCursor, and nothing falls between this page and the stream."
    )


@strawberry.interface(description="Something that happened, at its place in a stream that can be resumed.")
class LiveEvent:
    """Every event of a subscription."""

    cursor: str = strawberry.field(description="Subscribe with since: cursor to go on after this event.")
    at: DateTime = strawberry.field(description="When it happened.")


@strawberry.type(description="An item came in.")
class InboxItemAdded(LiveEvent):
    """InboxEventKind.ADDED."""

    item: InboxItem = strawberry.field(description="The item as it stands now.")
    unread: int = strawberry.field(description="How many items are unread now.")


@strawberry.type(description="An item was marked, here or in another window.")
class InboxItemChanged(LiveEvent):
    """InboxEventKind.CHANGED."""

    item: InboxItem = strawberry.field(description="The item as it stands now.")
    unread: int = strawberry.field(description="How many items are unread now.")


@strawberry.type(description="An item is gone.")
class InboxItemRemoved(LiveEvent):
    """InboxEventKind.REMOVED."""

    item_id: strawberry.ID = strawberry.field(description="The id that the item had.")
    unread: int = strawberry.field(description="How many items are unread now.")


@strawberry.type(description="The stream cannot go on from the given cursor, and ends: load the inbox again.")
class InboxReset(LiveEvent):
    """usecases.follow_inbox.InboxLost."""

    reason: ReasonCode = strawberry.field(description="CURSOR_TOO_OLD or CURSOR_FOREIGN.")


InboxEvent = Annotated[
    InboxItemAdded | InboxItemChanged | InboxItemRemoved | InboxReset,
    strawberry.union(
        "InboxEvent",
        description="What happened in the inbox. Each implements LiveEvent; expect members that you do not know yet.",
    ),
]


def inbox_item_id(key: DeliveryKey) -> strawberry.ID:
    """`inb_…`"""
    return strawberry.ID(ids.encode(ids.INBOX_ITEM, ids.delivery_bytes(key)))
