"""The custom scalars: how values of the API are written and read. Used by every GraphQL type."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from errors import InvalidInput

DateTime = NewType("DateTime", int)
"""Microseconds since 1970 UTC; on the wire RFC 3339."""
JSONObject = NewType("JSONObject", dict)  # type: ignore[type-arg]  # Strawberry needs a plain class here
"""A JSON object."""
URL = NewType("URL", str)
"""An absolute address."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)
_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


def write_time(at_us: int) -> str:
    """RFC 3339 in UTC with `Z`; as many digits of a second as are needed: none, three or six."""
    seconds, fraction = divmod(at_us, 1_000_000)
    whole = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    if not fraction:
        return f"{whole}Z"
    return f"{whole}.{fraction:06d}Z" if fraction % 1000 else f"{whole}.{fraction // 1000:03d}Z"


def read_time(value: object) -> DateTime:
    """Microseconds since 1970 UTC of an RFC 3339 time; what is finer than a microsecond is cut off.

    Raises:
        InvalidInput: anything else; a time without its offset from UTC too.
    """
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise InvalidInput("write it as RFC 3339 has it, like 2027-01-31T09:30:00Z or 2027-01-31T10:30:00+01:00")
    try:
        at = datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise InvalidInput(f"there is no such time: {error}") from error
    return DateTime((at - _EPOCH) // _MICROSECOND)


def read_object(value: object) -> JSONObject:
    """A JSON object whose numbers everything behind this door can keep.

    Raises:
        InvalidInput: no object, an integer outside of 64 bits, or an infinite number.
    """
    if not isinstance(value, dict):
        raise InvalidInput("write a JSON object, like { order: 17 }")
    _check_numbers(value)
    return JSONObject(value)


def _check_numbers(value: object) -> None:
    """Recursion is bounded: the endpoint refuses what is nested deeper than its limit."""
    if isinstance(value, dict):
        for one in value.values():
            _check_numbers(one)
    elif isinstance(value, list):
        for one in value:
            _check_numbers(one)
    elif isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        raise InvalidInput("an integer in it needs more than 64 bits: write it as a string")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput("a number in it is not finite")


def read_url(value: object) -> URL:
    """A string; use cases judge whether it is an address that they take.

    Raises:
        InvalidInput: no string.
    """
    if not isinstance(value, str):
        raise InvalidInput("write the address as a string")
    return URL(value)


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A moment: RFC 3339 with an offset from UTC, like 2027-01-31T09:30:00Z. Answers are in UTC.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=write_time,
        parse_value=read_time,
    ),
    JSONObject: strawberry.scalar(
        name="JSONObject",
        description="A JSON object, never a list, text or number. Integers have at most 64 bits.",
        parse_value=read_object,
    ),
    URL: strawberry.scalar(
        name="URL", description="An absolute address, like https://example.org/orders/17.", parse_value=read_url
    ),
}
"""For the schema's configuration: which Python type is which scalar."""
