"""Cancelling notifications and replaying dead letters: what a caller writes and what comes back."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated

import strawberry

from models.ids import DeliveryKey
from schema.context import Inform
from schema.enums import ReasonCode
from schema.failures import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from schema.fields import answered
from schema.filters import DeadLetterFilterInput
from schema.inputs import input_type
from schema.node import Node
from schema.notifications import Delivery, Notification, notification_of

SHOWN = 20


@input_type(description="A notification to be taken back.")
class CancelNotificationInput:
    """What usecases.cancel_notification takes."""

    id: strawberry.ID = strawberry.field(description="The notification, ntf_….")


@strawberry.type(
    description="The notification is taken back: what had not left is not sent. To repeat the call changes nothing."
)
class NotificationCancelled:
    """engines.store.operations.Cancelled."""

    cancelled: strawberry.Private[bytes]
    stopped_count: int = strawberry.field(
        description="How many deliveries were stopped; 0 while its recipients are not worked out yet."
    )
    left_count: int = strawberry.field(
        description="How many deliveries had left before, are under way, or may have left. They cannot be called back; "
        "nothing follows them."
    )
    repeated: bool = strawberry.field(description="Whether an earlier call cancelled it already.")

    @answered(description="The notification.", graphql_type=Notification)
    def notification(self, info: Inform) -> Node | Awaitable[Notification]:
        """Read only where more than its id is asked for."""
        return notification_of(self.cancelled, info)


CancelNotificationResult = Annotated[
    NotificationCancelled | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union(
        "CancelNotificationResult",
        description="Whether it was taken back. Conflict: every delivery had reached a final state already. Expect "
        "failures that you do not know yet.",
    ),
]


@input_type(description="Dead letters to be sent again.")
class ReplayDeadLettersInput:
    """What usecases.replay_dead_letters takes."""

    filter: DeadLetterFilterInput = strawberry.field(description="Which; at least one condition.")
    dry_run: bool = strawberry.field(
        default=True, description="True: change nothing, and tell what would be sent again. False: send it."
    )
    limit: int = strawberry.field(default=1_000, description="At most so many, newest first: 1 to 1,000.")


@strawberry.type(description="How many dead letters share a reason.")
class ReasonCount:
    """One of the counts of a replay."""

    reason: ReasonCode = strawberry.field(description="The reason.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="What is sent again, or would be.")
class DeadLettersReplayed:
    """usecases.replay_dead_letters.ReplayAnswer."""

    keys: strawberry.Private[tuple[DeliveryKey, ...]]
    dry_run: bool = strawberry.field(description="Whether nothing was changed.")
    count: int = strawberry.field(
        description="How many go back to the queue: each once, whoever else asks for it at the same time."
    )
    reasons: list[ReasonCount] = strawberry.field(description="The same by what had made them dead letters.")
    refused: list[ReasonCount] = strawberry.field(
        description="Those met on the way that are not sent again, by why: EXPIRED, CANCELLED. They stay."
    )
    has_more: bool = strawberry.field(description="Whether more may fit the filter: call again.")

    @answered(description=f"The first {SHOWN} of the deliveries, those that died last coming first.")
    async def deliveries(self, info: Inform) -> list[Delivery]:
        """Read together; one that is gone meanwhile is left out."""
        rows = await asyncio.gather(*[info.context.reads.delivery(key) for key in self.keys[:SHOWN]])
        info.context.count_items(len(rows))
        return [Delivery.of(row) for row in rows if row is not None]


ReplayDeadLettersResult = Annotated[
    DeadLettersReplayed | InvalidInput | Forbidden | Unavailable,
    strawberry.union(
        "ReplayDeadLettersResult",
        description="What is sent again, or why nothing is. Expect failures that you do not know yet.",
    ),
]
