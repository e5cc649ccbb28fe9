"""The filter and the page that a list's address asks for. Used by `notifications`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from errors import CallerError, InvalidInput
from gateway.rest.asked import limit_of
from models.history import EVER, NotificationFilter, Span, Tests
from models.paging import Paging
from models.vocabulary import Priority
from schema.rest.words import number_of
from schema.scalars import read_time

_PARAMETERS = {
    "categories": "category",
    "priorities": "priority",
    "createdAt": "createdFrom",
    "externalId": "externalId",
    "first": "limit",
    "last": "limit",
}
"""How parts of the use case's filter are called in an address, where otherwise."""


def paging_of(query: Mapping[str, str]) -> Paging:
    """Which page: after a cursor, or before one."""
    size, after, before = limit_of(query), query.get("after"), query.get("before")
    if after is not None and before is not None:
        raise InvalidInput("expected after, to go on, or before, to go back, but not both", path=("before",))
    return Paging(last=size, before=before) if before is not None else Paging(first=size, after=after)


def filter_of(query: Mapping[str, str]) -> NotificationFilter:
    """Which notifications.

    Raises:
        InvalidInput: a time or a priority that cannot be read; the path is the parameter.
    """
    begin, end = _time(query, "createdFrom"), _time(query, "createdUntil")
    span = None if begin is None and end is None else Span(begin or 0, EVER if end is None else end)
    category, priority = query.get("category"), query.get("priority")
    return NotificationFilter(
        user=query.get("user"),
        external_id=query.get("externalId"),
        tests=Tests(
            categories=tuple(category.split(",")) if category is not None else None,
            priorities=tuple([_priority(name) for name in priority.split(",")]) if priority is not None else None,
            template=query.get("template"),
            accepted=span,
        ),
    )


@contextmanager
def naming_parameters() -> Iterator[None]:
    """Errors about the filter name the parameter that is wrong."""
    try:
        yield
    except CallerError as error:
        path = error.path[1:2] if error.path[:1] == ("filter",) else error.path
        error.path = tuple([_PARAMETERS.get(name, name) for name in path])
        raise


def _time(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    try:
        return None if text is None else read_time(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=(name,)) from error


def _priority(name: str) -> Priority:
    found = number_of(Priority, name)
    if found is None:
        raise InvalidInput(f"expected one of {', '.join(Priority.__members__)}, got {name[:80]!r}", path=("priority",))
    return found
