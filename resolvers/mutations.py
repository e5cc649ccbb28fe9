"""The root of all mutations: each calls one use case, and what it refuses becomes a member of the result."""

from typing import Annotated

import strawberry

import errors
from engines.store.operations import Accepted, Upserted
from resolvers.administration import AdministrationMutations
from resolvers.context import Context, Inform
from resolvers.history import HistoryMutations
from resolvers.requests import selection, send_request, user_request
from resolvers.rules import RulesMutations
from resolvers.templates import TemplateMutations
from schema.failures import IdempotencyConflict, InvalidInput, RateLimited, Refused, refusal
from schema.fields import answered
from schema.managing import UpsertUserInput, UpsertUserResult, UpsertUsersAnswer, UpsertUsersResult, UserUpserted
from schema.marking import InboxMarked, MarkInboxInput, MarkInboxResult
from schema.sending import (
    NotificationAccepted,
    SendNotificationInput,
    SendNotificationResult,
    SendNotificationsAnswer,
    SendNotificationsResult,
)

SendInput = Annotated[
    SendNotificationInput, strawberry.argument(name="input", description="Who shall be told what, and how.")
]
SendInputs = Annotated[
    list[SendNotificationInput], strawberry.argument(name="inputs", description="1 to 1,000 notifications.")
]
UserInputs = Annotated[list[UpsertUserInput], strawberry.argument(name="inputs", description="1 to 1,000 users.")]
MarkInput = Annotated[MarkInboxInput, strawberry.argument(name="input", description="Which items, and how.")]


@strawberry.type(description="What can be changed.")
class Mutation(AdministrationMutations, RulesMutations, TemplateMutations, HistoryMutations):
    """Results are unions: a client asks for the members that it knows, and for Failure."""

    @answered(description="Send one notification.")
    async def send_notification(self, info: Inform, wanted: SendInput) -> SendNotificationResult:
        """usecases.send_notifications with one request."""
        context = info.context
        try:
            [answer] = await context.backing.send(context.caller, [send_request(wanted)])
        except Refused as error:
            return refusal(error, context)
        except errors.RateLimited as error:
            return RateLimited.of(error, context)
        return _sent(answer, context)

    @answered(description="Send many notifications. Each has its own result; a bad one spoils no other.")
    async def send_notifications(self, info: Inform, wanted: SendInputs) -> SendNotificationsResult:
        """usecases.send_notifications."""
        context = info.context
        try:
            answers = await context.backing.send(context.caller, [send_request(one) for one in wanted])
        except Refused as error:
            return refusal(error, context)
        except errors.RateLimited as error:
            return RateLimited.of(error, context)
        return SendNotificationsAnswer(results=[_sent(answer, context) for answer in answers])

    @answered(description="Make users, or change those that are there. Each input has its own result.")
    async def upsert_users(self, info: Inform, wanted: UserInputs) -> UpsertUsersResult:
        """usecases.upsert_users."""
        context = info.context
        try:
            answers = await context.backing.upsert(context.caller, [user_request(one) for one in wanted])
        except Refused as error:
            return refusal(error, context)
        return UpsertUsersAnswer(results=[_upserted(answer, context) for answer in answers])

    @answered(description="Mark items of the own inbox: seen, read, archived, and back.")
    async def mark_inbox(self, info: Inform, wanted: MarkInput) -> MarkInboxResult:
        """usecases.mark_inbox."""
        context = info.context
        try:
            marked = await context.backing.mark(context.caller, selection(wanted.which), wanted.mark)
        except Refused as error:
            return refusal(error, context)
        return InboxMarked(changed=marked.changed, unread=marked.unread)


def _sent(answer: Accepted | errors.CallerError, context: Context) -> SendNotificationResult:
    match answer:
        case Accepted():
            return NotificationAccepted(accepted=answer.id, duplicate=answer.duplicate)
        case errors.InvalidInput():
            return InvalidInput.of(answer, context)
        case errors.IdempotencyConflict():
            return IdempotencyConflict.of(answer, context)
    raise answer


def _upserted(answer: Upserted | errors.InvalidInput, context: Context) -> UpsertUserResult:
    if isinstance(answer, errors.InvalidInput):
        return InvalidInput.of(answer, context)
    return UserUpserted(upserted=answer.id, created=answer.created)
