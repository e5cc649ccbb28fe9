"""The inbox as REST shows it, and the events of its live stream: the same members as GraphQL's InboxEvent."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from engines.store.queries import InboxRow
from models import ids
from models.content import Content, for_channel
from models.vocabulary import Channel
from schema.rest.notifications import moment
from schema.rest.words import (
    CursorText,
    InboxItemId,
    JsonObject,
    MarkName,
    Moment,
    OneOf,
    ReasonName,
    about,
    many,
    up_to,
)
from schema.scalars import write_time


class InboxItem(Struct, frozen=True, rename="camel"):
    """Something in a user's inbox."""

    id: InboxItemId
    title: Annotated[str | None, about("The title.")]
    body: Annotated[str, about("The text.")]
    url: Annotated[str | None, about("Where a click leads.")]
    category_key: Annotated[str, about("The category that its notification belongs to.")]
    data: Annotated[JsonObject | None, about("The sender's own data for the page that shows it.")]
    created_at: Moment
    seen_at: Annotated[Moment | None, about("When it was first on the screen.")]
    read_at: Annotated[Moment | None, about("When it was opened; null while it is unread.")]
    archived_at: Annotated[Moment | None, about("When it was put away.")]

    @classmethod
    def of(cls, row: InboxRow, content: Content) -> "InboxItem":
        """From a row of the log and its opened content."""
        shown = for_channel(content, Channel.IN_APP)
        return cls(
            id=item_id(row),
            title=shown.title,
            body=shown.body,
            url=shown.url,
            category_key=row.category,
            data=shown.data,
            created_at=write_time(row.created_at),
            seen_at=moment(row.seen_at),
            read_at=moment(row.read_at),
            archived_at=moment(row.archived_at),
        )


class InboxEntry(Struct, frozen=True):
    """An item at its place in the list."""

    cursor: CursorText
    item: InboxItem


class InboxPage(Struct, frozen=True, rename="camel"):
    """A page of the inbox, newest first, without what is archived."""

    items: list[InboxEntry]
    next_cursor: Annotated[CursorText | None, about("Pass it as after for older ones; null: there are none.")]
    unread: Annotated[int, about("How many items of the whole inbox are unread.")]
    live_cursor: Annotated[
        CursorText, about("Open the stream with it as lastEventId: nothing falls between page and stream.")
    ]


class InboxSelection(OneOf, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which items: exactly one of these."""

    ids: Annotated[list[InboxItemId], many(1, 500, "Up to 500 items, by inb_… ids.")] | UnsetType = UNSET
    all: Annotated[bool | UnsetType, about("True: every item.")] = UNSET
    before: (
        Annotated[str, up_to(4_096, "A cursor, of a page or live: that item, and everything older.")] | UnsetType
    ) = UNSET


class MarkInbox(Struct, frozen=True, forbid_unknown_fields=True):
    """Items of the own inbox to be marked."""

    which: Annotated[InboxSelection, about("Which items.")]
    mark: MarkName


class InboxMarked(Struct, frozen=True):
    """The items are marked."""

    changed: Annotated[int, about("How many items were not so before.")]
    unread: Annotated[int, about("How many items are unread now.")]


class StreamEvent(Struct, frozen=True):
    """One event of the stream. Comments and `retry:` lines stand between them."""

    event: Annotated[
        str,
        Meta(
            description="What its data is.",
            extra_json_schema={"enum": ["ready", "added", "changed", "removed", "reset", "end"]},
        ),
    ]
    data: Annotated[
        str, about("One line of JSON: StreamReady, InboxItemTold, InboxItemRemoved, InboxReset or StreamEnd.")
    ]
    id: Annotated[CursorText | UnsetType, about("The cursor to come back with; not for end.")] = UNSET


class StreamReady(Struct, frozen=True):
    """`event: ready`, the first of a stream without a cursor: everything after it is told."""

    cursor: CursorText
    at: Moment


class InboxItemTold(Struct, frozen=True):
    """`event: added` or `changed`."""

    cursor: CursorText
    at: Annotated[Moment, about("When it happened.")]
    item: Annotated[InboxItem, about("The item as it stands now.")]
    unread: Annotated[int, about("How many items are unread now.")]


class InboxItemRemoved(Struct, frozen=True, rename="camel"):
    """`event: removed`."""

    cursor: CursorText
    at: Annotated[Moment, about("When it happened.")]
    item_id: Annotated[InboxItemId, about("The id that the item had.")]
    unread: Annotated[int, about("How many items are unread now.")]


class InboxReset(Struct, frozen=True):
    """`event: reset`: the stream cannot go on from the given cursor, and ends. Load the inbox again."""

    cursor: Annotated[CursorText, about("Of now.")]
    at: Moment
    reason: ReasonName


class StreamEnd(Struct, frozen=True):
    """`event: end`: the token has expired or was revoked. Come back with a fresh one."""

    code: Annotated[str, about("UNAUTHENTICATED, or FORBIDDEN where the token was revoked.")]
    detail: str


class StreamTicket(Struct, frozen=True, rename="camel"):
    """Opens the live stream for a minute, and nothing else."""

    ticket: Annotated[str, about("Pass it as ticket in the stream's address.")]
    expires_at: Annotated[Moment, about("Until then a stream may be opened with it, also again.")]
    href: Annotated[str, about("The stream's address with the ticket in it, for new EventSource(…).")]


def item_id(row: InboxRow) -> str:
    """`inb_…`"""
    return ids.encode(ids.INBOX_ITEM, ids.delivery_bytes(row.key))
