"""Pages of lists as GraphQL shows them: the arguments, and what is said about a page. Used by every connection."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from models.paging import DEFAULT_SIZE, LARGEST_SIZE, Page, Paging, T, foreign_cursor
from models.paging import page_size as checked_size

First = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many from the beginning, or after a cursor: 1 to {LARGEST_SIZE}; {DEFAULT_SIZE} where it is "
        "left out."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Only what follows this cursor, which an earlier page of the same list gave."),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many from the end, or before a cursor: 1 to {LARGEST_SIZE}. Not together with first or after."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description="Only what stands before this cursor, which an earlier page of the same list gave. Not together "
        "with first or after."
    ),
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(
        description="Whether the list goes on after endCursor. With a filter a page may have fewer items than asked "
        "for, even none, and still go on."
    )
    has_previous_page: bool = strawberry.field(description="Whether the list has something before startCursor.")
    start_cursor: str | None = strawberry.field(
        description="Where the page begins: pass it as before to read what stands before it."
    )
    end_cursor: str | None = strawberry.field(description="Where the page ends: pass it as after to read what follows.")

    @classmethod
    def of(cls, page: Page[T]) -> "PageInfo":
        """About a page that was read."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.start,
            end_cursor=page.end,
        )


def paging(first: int | None, after: str | None, last: int | None = None, before: str | None = None) -> Paging:
    """The arguments as they were given; null and nothing are the same."""
    return Paging(_given(first), _given(after), _given(last), _given(before))


def _given(value: T | None) -> T | None:
    return None if value is strawberry.UNSET else value


def page_size(first: int | None) -> int:
    """How many items to give, of a list that goes forward only.

    Raises:
        InvalidInput: outside of 1 to 100.
    """
    return checked_size(_given(first))


def page_info(cursors: Sequence[str], *, has_next: bool, has_previous: bool) -> PageInfo:
    """About a page whose items have these cursors."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


__all__ = [
    "After",
    "Before",
    "First",
    "Last",
    "PageInfo",
    "foreign_cursor",
    "page_info",
    "page_size",
    "paging",
]
