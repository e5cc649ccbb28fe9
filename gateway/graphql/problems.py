"""What went wrong, as a caller may see it: errors of ours are shown, anything else is masked and logged once."""

import logging
from collections.abc import Iterable, Sequence

import msgspec
from graphql import GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from errors import CarillonError, ErrorCode, RateLimited, Unavailable
from gateway.masking import shown_or_logged

MOST_FAULTS = 100
"""An answer tells no more of them: a field that fails in each of thousands of items says the same every time."""
LONGEST_MESSAGE = 1_000
_ARGUMENT = "Argument '"
"""How graphql-core 3.3 begins what it says about an argument whose variable turned out to be missing or null."""


class Location(msgspec.Struct, frozen=True):
    """A place in the document, both from 1."""

    line: int
    column: int


class Fault(msgspec.Struct, frozen=True):
    """One thing that went wrong, whoever asked: a cached document keeps its faults, so it has no trace id."""

    code: ErrorCode
    message: str
    retryable: bool = False
    path: tuple[str, ...] = ()
    """To the wrong input field; for a variable it begins with the variable's name."""
    locations: tuple[Location, ...] = ()
    field: tuple[str | int, ...] = ()
    """The response field that has no value because of this."""
    retry_after_s: float | None = None


class Extensions(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a program reads of an error."""

    code: ErrorCode
    retryable: bool
    path: tuple[str, ...]
    trace_id: str
    argument: str | None = None
    """The first step of `path`."""
    position: int | None = None
    """The second step of `path`, where it is a place in a list (from 0)."""
    retry_after_seconds: float | None = None


class ErrorEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of `errors` in a GraphQL response (GraphQL specification, section 7.1.2)."""

    message: str
    extensions: Extensions
    locations: tuple[Location, ...] = ()
    path: tuple[str | int, ...] = ()


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer on both transports (GraphQL specification, section 7.1)."""

    errors: tuple[ErrorEntry, ...] = ()
    data: dict[str, object] | msgspec.UnsetType | None = msgspec.UNSET


def entries(faults: Iterable[Fault], trace_id: str) -> tuple[ErrorEntry, ...]:
    """The faults as one request's answer shows them."""
    return tuple([_entry(fault, trace_id) for fault in faults])


def _entry(fault: Fault, trace_id: str) -> ErrorEntry:
    path = fault.path
    extensions = Extensions(
        code=fault.code,
        retryable=fault.retryable,
        path=path,
        trace_id=trace_id,
        argument=path[0] if path else None,
        position=int(path[1]) if len(path) > 1 and path[1].isdecimal() else None,
        retry_after_seconds=fault.retry_after_s,
    )
    return ErrorEntry(_short(fault.message), extensions, fault.locations, fault.field)


def _short(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"


def shown(error: CarillonError) -> Fault:
    """An error of ours that is meant for the caller."""
    return Fault(
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        path=error.path,
        retry_after_s=error.retry_after_s if isinstance(error, RateLimited | Unavailable) else None,
    )


def refused(error: GraphQLError, code: ErrorCode = ErrorCode.QUERY_INVALID) -> Fault:
    """What graphql-core says about a document; its text speaks only of what the caller sent."""
    return Fault(code=code, message=_short(error.message), locations=_locations(error))


def _locations(error: GraphQLError) -> tuple[Location, ...]:
    return tuple([Location(place.line, place.column) for place in error.locations or ()])


class Problems:
    """Tells what may be shown from what may not, and logs what may not with the trace id that the caller gets."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def of(self, error: BaseException, trace_id: str) -> Fault:
        """The fault that a caller sees in place of any exception."""
        known = shown_or_logged(error, trace_id, self._logger)
        return shown(known) if known is not None else Fault(code=ErrorCode.INTERNAL, message="internal error")

    def of_execution(self, errors: Sequence[GraphQLError], trace_id: str) -> tuple[Fault, ...]:
        """The first faults of an executed operation. An exception that several fields share is logged once."""
        known: dict[int, Fault] = {}
        faults = []
        for error in errors[:MOST_FAULTS]:
            root = _root(error)
            fault = known.get(id(root))
            if fault is None:
                known[id(root)] = fault = self._of_root(root, trace_id)
            faults.append(msgspec.structs.replace(fault, locations=_locations(error), field=tuple(error.path or ())))
        return tuple(faults)

    def _of_root(self, root: BaseException, trace_id: str) -> Fault:
        if isinstance(root, GraphQLError) and _speaks_of_input(root):
            return Fault(code=ErrorCode.INVALID_INPUT, message=root.message, path=_argument(root))
        return self.of(root, trace_id)


def _root(error: GraphQLError) -> BaseException:
    """What a resolver raised, below the layers that graphql-core puts around it."""
    root: BaseException = error
    while isinstance(root, GraphQLError) and root.original_error is not None:
        root = root.original_error
    return root


def _speaks_of_input(error: GraphQLError) -> bool:
    """Other errors of graphql-core may quote values that a resolver returned."""
    return isinstance(error, StrawberryInputCoercionError) or error.message.startswith(_ARGUMENT)


def _argument(error: GraphQLError) -> tuple[str, ...]:
    if not error.message.startswith(_ARGUMENT):
        return ()
    return (error.message.removeprefix(_ARGUMENT).partition("'")[0],)
