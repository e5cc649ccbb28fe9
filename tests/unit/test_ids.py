"""Ids: what the edge shows, and the order in which they are made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InvalidInput
from models import ids


@given(st.sampled_from(sorted(ids.BYTES_OF)), st.data())
def test_an_id_comes_back_as_it_went(prefix: str, data: st.DataObject) -> None:
    size = ids.BYTES_OF[prefix]
    uuids, numbers = divmod(size, 16)
    parts = [data.draw(st.binary(min_size=16, max_size=16)) for _ in range(uuids)]
    parts += [data.draw(st.integers(0, 32_767)).to_bytes(2) for _ in range(numbers // 2)]
    raw = b"".join(parts)

    text = ids.encode(prefix, raw)

    assert ids.decode(prefix, text) == raw
    assert ids.prefix_of(text) == prefix


@given(st.text(max_size=60))
def test_other_text_is_no_id(text: str) -> None:
    raw = ids.try_decode(ids.USER, text)

    assert raw is None or ids.encode(ids.USER, raw) == text


@pytest.mark.parametrize("change", ["usr_", "ntf_" + "0" * 26, "usr_" + "0" * 25, "usr_" + "u" * 26, "USR_" + "0" * 26])
def test_near_misses_are_refused_with_what_was_expected(change: str) -> None:
    with pytest.raises(InvalidInput, match="expected an id like usr_"):
        ids.decode(ids.USER, change)


@pytest.mark.parametrize(
    ("prefix", "raw"),
    [
        (ids.DELIVERY, bytes(32) + b"\x80\x00"),
        (ids.INBOX_ITEM, bytes(32) + b"\xff\xff"),
        (ids.ATTEMPT, bytes(32) + b"\x00\x01\x80\x00"),
    ],
)
def test_a_number_that_no_store_can_hold_makes_no_id(prefix: str, raw: bytes) -> None:
    assert ids.try_decode(prefix, ids.encode(prefix, raw)) is None


def test_each_id_has_one_spelling() -> None:
    text = ids.encode(ids.USER, bytes(16))

    assert ids.try_decode(ids.USER, text[:-1] + "1") is None


def test_ids_grow_even_when_the_clock_stands_or_goes_back() -> None:
    times = iter([5_000_000, 5_000_000, 4_000_000, 6_000_000])
    source = ids.Ids(lambda: next(times))

    made = [one for count in (3, 3, 3, 3) for one in source.many(count)]

    assert made == sorted(made) and len(set(made)) == 12


def test_an_id_is_a_uuid_version_7_that_knows_its_time() -> None:
    raw = ids.Ids(lambda: 1_800_000_000_123_456).new()

    assert (raw[6] >> 4, raw[8] >> 6) == (7, 2)
    assert ids.time_us(raw) == 1_800_000_000_123_000


@given(st.binary(min_size=32, max_size=32), st.integers(0, 65_535), st.integers(1, 65_535))
def test_composite_keys_come_back(raw: bytes, step: int, number: int) -> None:
    key = (raw[:16], raw[16:], step, number)

    assert ids.attempt_key(ids.attempt_bytes(key)) == key
    assert ids.delivery_key(ids.delivery_bytes(key[:3])) == key[:3]
