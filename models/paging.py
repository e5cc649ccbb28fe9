"""Pages of lists in both directions, and the cursors between them. Used by every door and use case that lists.

A cursor is the place of an item in its list: version, kind of list, place, and a MAC over these, the tenant and what
else the list is bound to (its filter, its parent). So a cursor that was changed, made up, or given by another list is
refused instead of leading somewhere.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar

import msgspec

from errors import InvalidInput

T = TypeVar("T")

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
MAC_BYTES = 12
PURPOSE = b"list-cursor"
_VERSION = b"\x01"
_FORM = msgspec.json.Encoder(order="sorted")


class Authenticator(Protocol):
    """Makes and checks MACs; the sealer is one."""

    def mac(self, purpose: bytes, payload: bytes) -> bytes:
        """12 bytes that nobody else can make."""

    def verify_mac(self, purpose: bytes, payload: bytes, mac: bytes) -> bool:
        """Whether `mac` made them."""


class ListKind(Enum):
    """A kind of list: the letter of its cursors, and how many bytes a place in it has."""

    DELIVERIES = (b"d", 18)
    """Of one notification: user, step."""
    ATTEMPTS = (b"a", 2)
    NOTIFICATIONS = (b"n", 16)
    NOTIFICATIONS_OF_USER = (b"u", 24)
    """Time of expansion, notification."""
    DELIVERIES_OF_USER = (b"v", 26)
    """Time of expansion, notification, step."""
    DELIVERIES_OF_TENANT = (b"t", 34)
    """Notification, user, step."""
    DEAD_LETTERS = (b"x", 42)
    """Time, notification, user, step."""
    AUDIT_LOG = (b"l", 8)
    """Number."""
    TEMPLATES = (b"p", 16)
    TEMPLATE_VERSIONS = (b"q", 4)
    """Number."""


class Listing(msgspec.Struct, frozen=True):
    """A list, as far as its cursors are bound to it. Make it by `listing`."""

    kind: ListKind
    scope: bytes


def listing(kind: ListKind, *bound_to: object) -> Listing:
    """The list of a kind that is told from its like by its filter, its parent, or whatever else makes its order.

    Args:
        bound_to: bytes, texts, numbers and structs of them.
    """
    return Listing(kind, hashlib.sha256(_FORM.encode(bound_to)).digest())


class Paging(msgspec.Struct, frozen=True):
    """Which page a caller asks for: `first` and `after` go forward, `last` and `before` backward."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class Window(msgspec.Struct, frozen=True):
    """A page to be read: `size` items after `place`, in reading order, which is the list's own or its reverse."""

    size: int
    place: bytes | None
    backward: bool

    @property
    def limit(self) -> int:
        """How many rows to read: one more tells whether there is more."""
        return self.size + 1


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Items in the list's own order, each with its cursor, and where to go on in either direction."""

    items: Sequence[T]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool
    start: str | None
    end: str | None


class Cursors:
    """Writes and reads the cursors of one tenant's lists."""

    def __init__(self, authenticator: Authenticator, tenant: bytes) -> None:
        self._authenticator = authenticator
        self._tenant = tenant

    def window(self, of: Listing, paging: Paging) -> Window:
        """What to read.

        Raises:
            InvalidInput: both directions at once, a size outside of 1 to 100, or a cursor that this list never gave.
        """
        backward = _is_backward(paging)
        name, size = ("last", paging.last) if backward else ("first", paging.first)
        cursor_name, cursor = ("before", paging.before) if backward else ("after", paging.after)
        place = self.read(of, cursor, cursor_name) if cursor is not None else None
        return Window(page_size(size, name), place, backward)

    def page(
        self,
        of: Listing,
        window: Window,
        rows: Sequence[T],
        place_of: Callable[[T], bytes],
        spent_at: bytes | None = None,
    ) -> Page[T]:
        """The page out of at most `window.limit` rows in reading order.

        Args:
            spent_at: the last place that was looked at, where looking ended before the page was full or the list at
                its end: the page goes on there, however few items it has.
        """
        more = len(rows) > window.size or spent_at is not None
        items = list(rows[: window.size])
        places = [place_of(item) for item in items]
        cursors = [self.write(of, place) for place in places]
        ends = [*cursors[:1], *cursors[-1:]]
        if spent_at is not None and len(rows) <= window.size:
            ends = [*cursors[:1], self.write(of, spent_at)]
        if window.backward:
            items.reverse()
            cursors.reverse()
            ends.reverse()
        before = window.place is not None
        has_next, has_previous = (before, more) if window.backward else (more, before)
        return Page(items, cursors, has_next, has_previous, ends[0] if ends else None, ends[-1] if ends else None)

    def write(self, of: Listing, place: bytes) -> str:
        """The opaque text of a place: URL-safe, without padding."""
        form = _VERSION + of.kind.value[0] + place
        return urlsafe_b64encode(form + self._authenticator.mac(PURPOSE, self._bound(of, form))).rstrip(b"=").decode()

    def read(self, of: Listing, text: str, name: str = "after") -> bytes:
        """The place behind a cursor.

        Raises:
            InvalidInput: this list never gave it; the path is `name`.
        """
        letter, size = of.kind.value
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError as error:
            raise foreign_cursor(name) from error
        form, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if form[:2] != _VERSION + letter or len(form) != 2 + size:
            raise foreign_cursor(name)
        if not self._authenticator.verify_mac(PURPOSE, self._bound(of, form), mac) or self._text(raw) != text:
            raise foreign_cursor(name)
        return form[2:]

    def _bound(self, of: Listing, form: bytes) -> bytes:
        return form + self._tenant + of.scope

    @staticmethod
    def _text(raw: bytes) -> str:
        """A cursor has one spelling."""
        return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _is_backward(paging: Paging) -> bool:
    """The direction.

    Raises:
        InvalidInput: both; the path is the argument of the second.
    """
    backward = [name for name in ("last", "before") if getattr(paging, name) is not None]
    if backward and (paging.first is not None or paging.after is not None):
        raise InvalidInput(
            "expected first and after, to go forward, or last and before, to go backward, but not both",
            path=(backward[0],),
        )
    return bool(backward)


def page_size(size: int | None, name: str = "first") -> int:
    """How many items to give.

    Raises:
        InvalidInput: outside of 1 to 100.
    """
    if size is None:
        return DEFAULT_SIZE
    if not 1 <= size <= LARGEST_SIZE:
        raise InvalidInput(f"expected 1 to {LARGEST_SIZE}, got {size}", path=(name,))
    return size


def foreign_cursor(name: str = "after") -> InvalidInput:
    """The error about a cursor that the list never gave."""
    return InvalidInput(
        "expected a cursor that this list gave for the same filter; begin without one if the filter is new",
        path=(name,),
    )
