"""The calls to a provider that were made for a delivery."""

from collections.abc import Sequence

import strawberry

from engines.store.queries import AttemptRow
from models import ids
from schema.access import may_see
from schema.context import Inform
from schema.enums import Outcome, ReasonCode
from schema.fields import answered
from schema.node import Node
from schema.pages import CursorKind, PageInfo, page_info, page_size, read_cursor, write_cursor
from schema.scalars import DateTime


@strawberry.type(description="One call to a provider.")
class Attempt(Node):
    """A row of the delivery log."""

    said: strawberry.Private[str | None]
    number: int = strawberry.field(description="The first attempt is 1.")
    outcome: Outcome | None = strawberry.field(description="How it ended; null while it is under way.")
    reason: ReasonCode | None = strawberry.field(description="What the provider's answer meant, where it was no yes.")
    provider_name: str = strawberry.field(description="Who was called.")
    provider_message_id: str | None = strawberry.field(description="The provider's own id of the message.")
    started_at: DateTime = strawberry.field(description="When the right to call was won.")
    settled_at: DateTime | None = strawberry.field(description="When its outcome was stored.")

    @classmethod
    def of(cls, row: AttemptRow) -> "Attempt":
        """From its row."""
        raw = ids.attempt_bytes((row.notification, row.user, row.step, row.number))
        return cls(
            id=strawberry.ID(ids.encode(ids.ATTEMPT, raw)),
            said=row.answer,
            number=row.number,
            outcome=Outcome(row.outcome) if row.outcome is not None else None,
            reason=ReasonCode(row.reason) if row.reason is not None else None,
            provider_name=row.provider,
            provider_message_id=row.provider_message_id,
            started_at=DateTime(row.claimed_at),
            settled_at=DateTime(row.settled_at) if row.settled_at is not None else None,
        )

    @answered(
        description="What the provider answered, word for word; null for callers who may not manage users, "
        "since it may repeat the address."
    )
    def answer(self, info: Inform) -> str | None:
        """Shown by the table of schema.access."""
        return self.said if may_see(info.context.caller, "Attempt.answer") else None


@strawberry.type(description="An attempt at its place in the list.")
class AttemptEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(description="The place of this item: pass it as after to go on from here.")
    node: Attempt = strawberry.field(description="The attempt.")


@strawberry.type(description="A page of attempts, oldest first.")
class AttemptConnection:
    """Relay's connection."""

    edges: list[AttemptEdge] = strawberry.field(description="The attempts with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")


class AttemptWindow:
    """The arguments of a list of attempts, checked before anything is read."""

    def __init__(self, first: int | None, after: str | None) -> None:
        self.size = page_size(first)
        place = read_cursor(CursorKind.ATTEMPTS, after)
        self.after = int.from_bytes(place) if place is not None else 0

    def page(self, rows: Sequence[AttemptRow]) -> AttemptConnection:
        """The page out of all attempts of a delivery."""
        following = [row for row in rows if row.number > self.after]
        edges = [_edge(row) for row in following[: self.size]]
        cursors = [edge.cursor for edge in edges]
        has_next = len(following) > self.size
        return AttemptConnection(
            edges=edges, page_info=page_info(cursors, has_next=has_next, has_previous=self.after > 0)
        )


def _edge(row: AttemptRow) -> AttemptEdge:
    return AttemptEdge(cursor=write_cursor(CursorKind.ATTEMPTS, row.number.to_bytes(2)), node=Attempt.of(row))
