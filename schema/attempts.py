"""The calls to a provider that were made for a delivery."""

from collections.abc import Sequence

import strawberry

from engines.store.queries import AttemptRow
from models import ids
from models.ids import DeliveryKey
from models.paging import Cursors, ListKind, Page, Paging, listing
from schema.access import may_see
from schema.context import Inform
from schema.enums import Outcome, ReasonCode
from schema.fields import answered
from schema.node import Node
from schema.pages import PageInfo
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


def attempts_page(
    cursors: Cursors, delivery: DeliveryKey, rows: Sequence[AttemptRow], paging: Paging
) -> Page[AttemptRow]:
    """The page out of all attempts of a delivery.

    Raises:
        InvalidInput: see `Cursors.window`.
    """
    of = listing(ListKind.ATTEMPTS, delivery)
    window = cursors.window(of, paging)
    after = int.from_bytes(window.place) if window.place is not None else None
    if window.backward:
        following = [row for row in reversed(rows) if after is None or row.number < after]
    else:
        following = [row for row in rows if after is None or row.number > after]
    return cursors.page(of, window, following[: window.limit], _place)


def attempts_of(page: Page[AttemptRow]) -> AttemptConnection:
    """A page as GraphQL shows it."""
    edges = [
        AttemptEdge(cursor=cursor, node=Attempt.of(row)) for cursor, row in zip(page.cursors, page.items, strict=True)
    ]
    return AttemptConnection(edges=edges, page_info=PageInfo.of(page))


def _place(row: AttemptRow) -> bytes:
    return row.number.to_bytes(2)
