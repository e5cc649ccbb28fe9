"""Lists of notifications and dead letters. Deliveries have theirs beside their type."""

from collections.abc import Awaitable

import strawberry

from engines.store.queries import DeadLetterRow, NotificationRow
from errors import NotFound
from models.paging import Page
from schema.context import Context, Inform
from schema.enums import ReasonCode
from schema.fields import answered
from schema.notifications import Delivery, Notification
from schema.pages import PageInfo
from schema.scalars import DateTime


@strawberry.type(description="A notification at its place in the list.")
class NotificationEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(description="The place of this item: pass it as after or before to go on from here.")
    node: Notification = strawberry.field(description="The notification.")


@strawberry.type(description="A page of notifications, newest first.")
class NotificationConnection:
    """Relay's connection."""

    edges: list[NotificationEdge] = strawberry.field(description="The notifications with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")


@strawberry.type(description="A delivery that was given up, that a provider refused for good, or that is in doubt.")
class DeadLetter:
    """A row of dead_letters; it goes as the delivery is replayed."""

    row: strawberry.Private[DeadLetterRow]
    reason: ReasonCode = strawberry.field(description="Why.")
    created_at: DateTime = strawberry.field(description="Since when.")

    @classmethod
    def of(cls, row: DeadLetterRow) -> "DeadLetter":
        """From its row."""
        return cls(row=row, reason=ReasonCode(row.reason), created_at=DateTime(row.created_at))

    @answered(description="The delivery; name its id to replayDeadLetters.", graphql_type=Delivery)
    def delivery(self, info: Inform) -> Awaitable[Delivery]:
        """Read together with those of other dead letters."""
        info.context.count_items(1)
        return self._read(info)

    @answered(description="How many attempts were made.")
    async def attempt_count(self, info: Inform) -> int:
        """The number of the last one."""
        return (await self._read(info)).row.attempts

    async def _read(self, info: Inform) -> Delivery:
        row = await info.context.reads.delivery(self.row.key)
        if row is None:
            raise NotFound("the delivery is no longer kept")
        return Delivery.of(row)


@strawberry.type(description="A dead letter at its place in the list.")
class DeadLetterEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(description="The place of this item: pass it as after or before to go on from here.")
    node: DeadLetter = strawberry.field(description="The dead letter.")


@strawberry.type(description="A page of dead letters, newest first.")
class DeadLetterConnection:
    """Relay's connection."""

    edges: list[DeadLetterEdge] = strawberry.field(description="The dead letters with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")


def notifications_of(page: Page[NotificationRow], context: Context) -> NotificationConnection:
    """A page as GraphQL shows it."""
    context.count_items(len(page.items))
    edges = [
        NotificationEdge(cursor=cursor, node=Notification.of(row))
        for cursor, row in zip(page.cursors, page.items, strict=True)
    ]
    return NotificationConnection(edges=edges, page_info=PageInfo.of(page))


def dead_letters_of(page: Page[DeadLetterRow], context: Context) -> DeadLetterConnection:
    """A page as GraphQL shows it."""
    context.count_items(len(page.items))
    edges = [
        DeadLetterEdge(cursor=cursor, node=DeadLetter.of(row))
        for cursor, row in zip(page.cursors, page.items, strict=True)
    ]
    return DeadLetterConnection(edges=edges, page_info=PageInfo.of(page))
