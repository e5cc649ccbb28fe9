"""Pages and their cursors: both directions, ends that are told rightly, and nothing that a list never gave."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.secrets.base import KeyRing
from engines.secrets.sealer import Sealer
from errors import InvalidInput
from models.history import NotificationFilter, Tests
from models.paging import Cursors, ListKind, Page, Paging, listing

SEALER = Sealer(KeyRing(keys={1: b"k" * 32}, current=1, lookup=1))
OURS, THEIRS = Cursors(SEALER, b"o" * 16), Cursors(SEALER, b"t" * 16)
LIST = listing(ListKind.NOTIFICATIONS, NotificationFilter())


def place(number: int) -> bytes:
    return number.to_bytes(16)


def page(numbers: range, paging: Paging, spent_at: int | None = None) -> Page[int]:
    """A page of a list of numbers, as a store would read it."""
    window = OURS.window(LIST, paging)
    after = int.from_bytes(window.place) if window.place is not None else None
    order = list(reversed(numbers)) if window.backward else list(numbers)
    rows = [one for one in order if after is None or (one < after if window.backward else one > after)]
    spent = place(spent_at) if spent_at is not None else None
    return OURS.page(LIST, window, rows[: window.limit], place, spent)


@given(st.binary(min_size=16, max_size=16))
def test_a_cursor_leads_back_to_its_place_and_to_no_other(raw: bytes) -> None:
    text = OURS.write(LIST, raw)

    assert OURS.read(LIST, text) == raw
    for wrong in (text[:-1], text + "=", text + "A", text.swapcase(), ""):
        with pytest.raises(InvalidInput):
            OURS.read(LIST, wrong)


def test_a_cursor_belongs_to_one_list_of_one_tenant_with_one_filter() -> None:
    text = OURS.write(LIST, place(7))
    others = [
        listing(ListKind.NOTIFICATIONS, NotificationFilter(tests=Tests(categories=("orders",)))),
        listing(ListKind.NOTIFICATIONS),
        listing(ListKind.NOTIFICATIONS_OF_USER, NotificationFilter()),
    ]

    assert all(refused(OURS, other, text) for other in others)
    assert refused(THEIRS, LIST, text)


def refused(cursors: Cursors, of: object, text: str) -> bool:
    try:
        cursors.read(of, text, "before")  # type: ignore[arg-type]
    except InvalidInput as error:
        return error.path == ("before",)
    return False


def test_every_bit_of_a_cursor_counts() -> None:
    raw = urlsafe_b64decode(OURS.write(LIST, place(7)) + "==")

    for bit in range(len(raw) * 8):
        changed = (int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw))
        assert refused(OURS, LIST, urlsafe_b64encode(changed).rstrip(b"=").decode()), bit


@given(st.text())
def test_no_text_breaks_a_cursor(text: str) -> None:
    with pytest.raises(InvalidInput):
        OURS.read(LIST, text)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_walks_in_both_directions_see_each_item_once_and_know_their_ends(size: int) -> None:
    numbers = range(1, 11)
    forward: list[int] = []
    found = page(numbers, Paging(first=size))
    assert not found.has_previous
    while True:
        forward += found.items
        if not found.has_next:
            break
        found = page(numbers, Paging(first=size, after=found.end))
        assert found.has_previous
    backward: list[int] = []
    found = page(numbers, Paging(last=size))
    assert not found.has_next
    while True:
        backward = [*found.items, *backward]
        if not found.has_previous:
            break
        found = page(numbers, Paging(last=size, before=found.start))
        assert found.has_next

    assert forward == backward == list(numbers)


def test_a_page_that_was_not_looked_through_goes_on_where_looking_ended() -> None:
    short = page(range(1, 3), Paging(first=5), spent_at=90)
    empty = page(range(0), Paging(first=5), spent_at=90)
    back = page(range(1, 3), Paging(last=5), spent_at=0)

    assert (short.items, short.has_next, empty.items, empty.has_next) == ([1, 2], True, [], True)
    assert OURS.read(LIST, short.end or "") == OURS.read(LIST, empty.end or "") == place(90)
    assert OURS.read(LIST, short.start or "") == place(1)
    assert (back.items, back.has_previous) == ([1, 2], True)
    assert OURS.read(LIST, back.start or "") == place(0) and OURS.read(LIST, back.end or "") == place(2)


@pytest.mark.parametrize(
    ("paging", "wrong"),
    [
        (Paging(first=1, last=1), "last"),
        (Paging(first=1, before="x"), "before"),
        (Paging(after="x", last=1), "last"),
        (Paging(after="x", before="x"), "before"),
        (Paging(first=0), "first"),
        (Paging(last=101), "last"),
        (Paging(after="x"), "after"),
        (Paging(before="x"), "before"),
    ],
)
def test_what_is_no_page_says_which_argument_is_wrong(paging: Paging, wrong: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        OURS.window(LIST, paging)

    assert refusal.value.path == (wrong,)
