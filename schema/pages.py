"""Pages of lists: their size, their cursors, and what is said about them. Used by every connection."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, TypeVar

import strawberry

from errors import InvalidInput

T = TypeVar("T")

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
_VERSION = b"\x01"

First = Annotated[
    int | None,
    strawberry.argument(description=f"How many, from 1 to {LARGEST_SIZE}; {DEFAULT_SIZE} where it is left out."),
]
After = Annotated[
    str | None, strawberry.argument(description="Only what follows this cursor, which an earlier page gave.")
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="Whether more follows after endCursor.")
    has_previous_page: bool = strawberry.field(description="Whether the page was asked for with a cursor.")
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last item: pass it as after.")


class CursorKind(Enum):
    """Which list a cursor belongs to, and how many bytes its place has."""

    DELIVERIES = (b"d", 18)
    ATTEMPTS = (b"a", 2)


def page_size(first: int | None) -> int:
    """How many items to give.

    Raises:
        InvalidInput: outside of 1 to 100.
    """
    if first is None or first is strawberry.UNSET:
        return DEFAULT_SIZE
    if not 1 <= first <= LARGEST_SIZE:
        raise InvalidInput(f"expected 1 to {LARGEST_SIZE}, got {first}", path=("first",))
    return first


def write_cursor(kind: CursorKind, place: bytes) -> str:
    """The opaque text of a place: URL-safe, without padding."""
    return urlsafe_b64encode(_VERSION + kind.value[0] + place).rstrip(b"=").decode()


def read_cursor(kind: CursorKind, text: str | None) -> bytes | None:
    """The place behind a cursor; None without one.

    Raises:
        InvalidInput: no cursor of such a list.
    """
    if text is None or text is strawberry.UNSET:
        return None
    letter, size = kind.value
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise foreign_cursor() from error
    # each place ends in a step or a number, and none of ours has the sign bit of 16
    if raw[:2] != _VERSION + letter or len(raw) != 2 + size or raw[-2] > 127 or write_cursor(kind, raw[2:]) != text:
        raise foreign_cursor()
    return raw[2:]


def foreign_cursor() -> InvalidInput:
    """The error about an `after` that is no cursor of the list."""
    return InvalidInput("expected a cursor that this list gave", path=("after",))


def page_info(cursors: Sequence[str], *, has_next: bool, has_previous: bool) -> PageInfo:
    """About a page whose items have these cursors."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
