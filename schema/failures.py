"""What can go wrong with a mutation, as members of its result. Made by the mutations from errors of the use cases."""

from typing import Self

import strawberry

import errors
from schema.context import Context
from schema.enums import ErrorCode
from schema.scalars import URL


@strawberry.interface(description="Something that went wrong. Nothing of the input that it speaks of was taken.")
class Failure:
    """Every failure says all of this, so that a client can treat those it does not know."""

    code: ErrorCode = strawberry.field(description="What went wrong, from a closed list.")
    message: str = strawberry.field(description="The same in words for a developer: what was expected, what came.")
    path: list[str] = strawberry.field(
        description="The way to the wrong field, relative to the input item; empty where no field is to blame."
    )
    retryable: bool = strawberry.field(description="Whether the same call may succeed later.")
    documentation: URL = strawberry.field(description="Where this code is explained.")
    trace_id: str = strawberry.field(description="Name it when you ask us: by it we find the call in our logs.")

    @classmethod
    def of(cls, error: errors.CarillonError, context: Context) -> Self:
        """The failure that an error of ours becomes."""
        return cls(
            code=error.code,
            message=error.message,
            path=list(error.path),
            retryable=error.retryable,
            documentation=URL(f"{context.documentation}#{error.code}"),
            trace_id=context.trace_id,
        )


@strawberry.type(description="A field holds something else than expected; path leads to it.")
class InvalidInput(Failure):
    """`errors.InvalidInput`."""


@strawberry.type(description="The caller's role does not allow it.")
class Forbidden(Failure):
    """`errors.Forbidden`."""


@strawberry.type(description="The idempotency key was used for another input within 24 hours.")
class IdempotencyConflict(Failure):
    """`errors.IdempotencyConflict`."""


@strawberry.type(description="It does not exist, or belongs to someone else: nobody learns which.")
class NotFound(Failure):
    """`errors.NotFound`."""


@strawberry.type(description="What is there does not allow the change: it is too late for it, or the name is taken.")
class Conflict(Failure):
    """`errors.Conflict`."""


@strawberry.type(description="The caller spent its allowance. Try the same call again later.")
class RateLimited(Failure):
    """`errors.RateLimited`."""

    retry_after_seconds: float = strawberry.field(default=1.0, description="Wait so long before the next try.")

    @classmethod
    def of(cls, error: errors.CarillonError, context: Context) -> Self:
        """As `Failure.of`, with the time to wait."""
        failure = super().of(error, context)
        if isinstance(error, errors.RateLimited):
            failure.retry_after_seconds = error.retry_after_s
        return failure


@strawberry.type(description="Not now: an engine does not answer, or too much is waiting. Try the same call again.")
class Unavailable(Failure):
    """`errors.Unavailable`."""

    retry_after_seconds: float = strawberry.field(default=1.0, description="Wait so long before the next try.")

    @classmethod
    def of(cls, error: errors.CarillonError, context: Context) -> Self:
        """As `Failure.of`, with the time to wait."""
        failure = super().of(error, context)
        if isinstance(error, errors.Unavailable):
            failure.retry_after_seconds = error.retry_after_s
        return failure


Refusal = InvalidInput | Forbidden | Unavailable
"""What can meet a whole call."""
Refused = (errors.InvalidInput, errors.Forbidden, errors.Unavailable)
"""The errors that become a `Refusal`; anything else is the endpoint's to answer."""


def refusal(error: errors.InvalidInput | errors.Forbidden | errors.Unavailable, context: Context) -> Refusal:
    """The failure of a whole call."""
    match error:
        case errors.InvalidInput():
            return InvalidInput.of(error, context)
        case errors.Forbidden():
            return Forbidden.of(error, context)
        case errors.Unavailable():
            return Unavailable.of(error, context)


Denial = Refusal | NotFound | Conflict
"""What can meet a change to something that is there."""
Denied = (*Refused, errors.NotFound, errors.Conflict)
"""The errors that become a `Denial`."""


def denial(
    error: errors.InvalidInput | errors.Forbidden | errors.Unavailable | errors.NotFound | errors.Conflict,
    context: Context,
) -> Denial:
    """The failure of a change."""
    match error:
        case errors.NotFound():
            return NotFound.of(error, context)
        case errors.Conflict():
            return Conflict.of(error, context)
        case _:
            return refusal(error, context)
