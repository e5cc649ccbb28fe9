"""Queries and mutations about history: lists, users, cancelling and replaying."""

from collections.abc import Mapping
from typing import Annotated

import strawberry

from errors import InvalidInput
from models.states import ReasonCode
from resolvers.context import Inform
from resolvers.requests import given
from schema.access import QUERIES
from schema.failures import Denied, Refused, denial, refusal
from schema.fields import answered
from schema.filters import (
    DeadLetterFilterInput,
    NotificationFilterInput,
    dead_letter_filter,
    delivery_filter,
    notification_filter,
)
from schema.history import DeadLetterConnection, NotificationConnection, dead_letters_of, notifications_of
from schema.notifications import DeliveryConnection, DeliveryFilterArgument, deliveries_of
from schema.pages import After, Before, First, Last, paging
from schema.undoing import (
    CancelNotificationInput,
    CancelNotificationResult,
    DeadLettersReplayed,
    NotificationCancelled,
    ReasonCount,
    ReplayDeadLettersInput,
    ReplayDeadLettersResult,
)
from schema.users import User
from usecases.history_filters import notification_of

_WHICH = "Which of them; all, without one."
NotificationFilterArgument = Annotated[
    NotificationFilterInput | None, strawberry.argument(name="filter", description=_WHICH)
]
DeadLetterFilterArgument = Annotated[
    DeadLetterFilterInput | None, strawberry.argument(name="filter", description=_WHICH)
]
UserId = Annotated[strawberry.ID | None, strawberry.argument(name="id", description="By usr_… id.")]
ExternalId = Annotated[
    str | None,
    strawberry.argument(name="externalId", description="By your own id instead; for callers who may manage users."),
]
CancelInput = Annotated[CancelNotificationInput, strawberry.argument(name="input", description="Which notification.")]
ReplayInput = Annotated[ReplayDeadLettersInput, strawberry.argument(name="input", description="Which, and how.")]


@strawberry.type(description="What can be read about what was sent.")
class HistoryQueries:
    """A base of `Query`."""

    @answered(
        description="Notifications, newest first: of the tenant by the time of acceptance, of a user by the time at "
        "which they were worked out. What comes in while you page forward does not move the pages."
    )
    async def notifications(
        self,
        info: Inform,
        wanted: NotificationFilterArgument = None,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> NotificationConnection | None:
        """usecases.list_notifications."""
        context = info.context
        context.caller.require(QUERIES["notifications"])
        asked = paging(first, after, last, before)
        page = await context.backing.history.notifications(context.caller, notification_filter(wanted), asked)
        return notifications_of(page, context)

    @answered(
        description="Deliveries. Those of a notification stand in the order of their users' ids; a user's, and the "
        "tenant's, newest first."
    )
    async def deliveries(
        self,
        info: Inform,
        wanted: DeliveryFilterArgument = None,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> DeliveryConnection | None:
        """usecases.list_deliveries."""
        context = info.context
        context.caller.require(QUERIES["deliveries"])
        asked = paging(first, after, last, before)
        page = await context.backing.history.deliveries(context.caller, delivery_filter(wanted), asked)
        return deliveries_of(page, context)

    @answered(
        description="Deliveries that were given up, that a provider refused for good, or that are in doubt until "
        "somebody decides: newest first."
    )
    async def dead_letters(
        self,
        info: Inform,
        wanted: DeadLetterFilterArgument = None,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> DeadLetterConnection | None:
        """usecases.list_dead_letters."""
        context = info.context
        context.caller.require(QUERIES["deadLetters"])
        asked = paging(first, after, last, before)
        page = await context.backing.history.dead_letters(context.caller, dead_letter_filter(wanted), asked)
        return dead_letters_of(page, context)

    @answered(description="One user, by either id; null where there is none, or it is someone else's.")
    async def user(
        self, info: Inform, id_: UserId = strawberry.UNSET, external_id: ExternalId = strawberry.UNSET
    ) -> User | None:
        """usecases.find_user."""
        context = info.context
        context.caller.require(QUERIES["user"])
        named, external = given(id_), given(external_id)
        if (named is None) == (external is None):
            raise InvalidInput("expected exactly one of id and externalId", path=("id",))
        raw = await context.backing.history.find_user(context.caller, named, external)
        row = await context.reads.person(raw) if raw is not None else None
        return User.of(row) if row is not None else None


@strawberry.type(description="What can be changed about what was sent.")
class HistoryMutations:
    """A base of `Mutation`."""

    @answered(
        description="Take a notification back. What has not left is not sent; what has, or is under way, stays as it "
        "is, and items in an inbox stay there."
    )
    async def cancel_notification(self, info: Inform, wanted: CancelInput) -> CancelNotificationResult:
        """usecases.cancel_notification."""
        context = info.context
        try:
            answer = await context.backing.history.cancel(context.caller, wanted.id, "id")
        except Denied as error:
            return denial(error, context)
        return NotificationCancelled(
            cancelled=notification_of(wanted.id, ("id",)),
            stopped_count=answer.stopped,
            left_count=answer.left,
            repeated=answer.repeated,
        )

    @answered(
        description="Send dead letters again, or, as a dry run, tell what would be sent again. Their attempts are "
        "counted on, and their retries have a new window of time."
    )
    async def replay_dead_letters(self, info: Inform, wanted: ReplayInput) -> ReplayDeadLettersResult:
        """usecases.replay_dead_letters."""
        context = info.context
        try:
            answer = await context.backing.history.replay(
                context.caller, dead_letter_filter(wanted.filter), limit=wanted.limit, dry_run=wanted.dry_run
            )
        except Refused as error:
            return refusal(error, context)
        return DeadLettersReplayed(
            keys=answer.queued,
            dry_run=answer.dry_run,
            count=len(answer.queued),
            reasons=_counts(answer.reasons),
            refused=_counts(answer.refused),
            has_more=answer.more,
        )


def _counts(counts: Mapping[ReasonCode, int]) -> list[ReasonCount]:
    return [ReasonCount(reason=reason, count=count) for reason, count in sorted(counts.items())]
