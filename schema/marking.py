"""Marking inbox items: what a caller writes and what comes back."""

from typing import Annotated

import strawberry

from schema.enums import InboxMark
from schema.failures import Forbidden, InvalidInput, Unavailable
from schema.inputs import input_type


@input_type(description="Which items of the inbox: exactly one of these.", one_of=True)
class InboxSelection:
    """usecases.mark_inbox.Selection."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Up to 500 items, by inb_… ids."
    )
    all: bool | None = strawberry.field(default=strawberry.UNSET, description="True: every item.")
    before: str | None = strawberry.field(
        default=strawberry.UNSET, description="A cursor, of a page or live: what is there, and everything older."
    )


@input_type(description="Items of the own inbox to be marked.")
class MarkInboxInput:
    """What usecases.mark_inbox.MarkInbox takes."""

    which: InboxSelection = strawberry.field(description="Which items.")
    mark: InboxMark = strawberry.field(description="How they shall be marked.")


@strawberry.type(description="The items are marked.")
class InboxMarked:
    """engines.store.operations.Marked."""

    changed: int = strawberry.field(description="How many items were not so before.")
    unread: int = strawberry.field(description="How many items are unread now.")


MarkInboxResult = Annotated[
    InboxMarked | InvalidInput | Forbidden | Unavailable,
    strawberry.union(
        "MarkInboxResult",
        description="The inbox after the marks, or why not. Expect failures that you do not know yet.",
    ),
]
