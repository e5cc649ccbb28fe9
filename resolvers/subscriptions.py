"""The root of all subscriptions: each follows a stream of a use case."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, cast

import strawberry

import usecases.follow_inbox as following
from models.vocabulary import InboxEventKind
from resolvers.context import Context, Inform
from resolvers.inbox import open_items
from resolvers.requests import given
from schema.fields import followed
from schema.inbox import (
    InboxEvent,
    InboxItem,
    InboxItemAdded,
    InboxItemChanged,
    InboxItemRemoved,
    InboxReset,
    inbox_item_id,
)
from schema.scalars import DateTime

Since = Annotated[
    str | None,
    strawberry.argument(
        description="The liveCursor of inbox, or the cursor of the last event seen: what follows it comes first, "
        "without a gap. From now on where it is left out."
    ),
]
Batches = AsyncGenerator[Sequence[following.InboxEvent] | following.InboxLost, None]


@strawberry.type(description="What can be followed live.")
class Subscription:
    """Over graphql-transport-ws."""

    @followed(description="What happens in the inbox of the user that the token speaks for.")
    async def inbox(self, info: Inform, since: Since = strawberry.UNSET) -> AsyncIterator[InboxEvent]:
        """usecases.follow_inbox; InboxReset is the last event."""
        context = info.context
        # It is an async generator, whose end must be reached at once when the client leaves.
        batches = cast("Batches", context.backing.follow(context.caller, given(since)))
        async with aclosing(batches):
            async for batch in batches:
                if isinstance(batch, following.InboxLost):
                    yield _reset(batch, context)
                    return
                for event in await _events(batch, context):
                    yield event


async def _events(batch: Sequence[following.InboxEvent], context: Context) -> list[InboxEvent]:
    items = await open_items(context.backing, context.caller.tenant, [event.row for event in batch])
    return [_event(event, item) for event, item in zip(batch, items, strict=True)]


def _event(event: following.InboxEvent, item: InboxItem) -> InboxEvent:
    at, cursor, unread = DateTime(event.row.at), event.cursor, event.unread
    match InboxEventKind(event.row.kind):
        case InboxEventKind.ADDED:
            return InboxItemAdded(cursor=cursor, at=at, item=item, unread=unread)
        case InboxEventKind.CHANGED:
            return InboxItemChanged(cursor=cursor, at=at, item=item, unread=unread)
        case InboxEventKind.REMOVED:
            return InboxItemRemoved(cursor=cursor, at=at, item_id=inbox_item_id(event.row.key), unread=unread)


def _reset(lost: following.InboxLost, context: Context) -> InboxReset:
    return InboxReset(cursor=lost.cursor, at=DateTime(context.now_us()), reason=lost.reason)
