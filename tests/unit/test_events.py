"""Events: bytes written by any landed version are read by this one, and what is none of ours is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import CorruptData
from models.events.codec import decode, encode

TENANT, OTHER = bytes(range(16)), b"\xff" * 16
FIRST, SECOND, THIRD = bytes(range(16, 32)), bytes(range(32, 48)), b"\xee" * 16
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
GOLDEN = {
    1: (
        "01088080e2c4f2a29903123730302d61616161616161616161616161616161616161616161616161616161616161612d6262"
        "62626262626262626262626262622d30311a340a10000102030405060708090a0b0c0d0e0f1220101112131415161718191a"
        "1b1c1d1e1f202122232425262728292a2b2c2d2e2f1a240a10ffffffffffffffffffffffffffffffff1210eeeeeeeeeeeeee"
        "eeeeeeeeeeeeeeeeee"
    )
}
"""By version byte: what it wrote for the batch below. Never change an entry; add one."""

pointers = st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=36, max_size=36)), max_size=50)


@pytest.mark.parametrize("version", GOLDEN)
def test_golden_bytes_decode(version: int) -> None:
    raw = bytes.fromhex(GOLDEN[version])

    assert raw[0] == version
    assert decode(raw, 16) == [(TENANT, FIRST), (TENANT, SECOND), (OTHER, THIRD)]


def test_the_newest_golden_bytes_are_what_is_written_now() -> None:
    written = encode([(TENANT, FIRST), (TENANT, SECOND), (OTHER, THIRD)], 1_800_000_000_000_000, TRACE)

    assert written.hex() == GOLDEN[max(GOLDEN)]


@given(pointers)
def test_what_is_encoded_decodes_in_order(batch: list[tuple[bytes, bytes]]) -> None:
    assert decode(encode(batch, 1), 36) == batch


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x02",
        b"\x00\x08\x01",
        b"\x01\xff\xff\xff",
        encode([(TENANT, FIRST)], 1)[:-1],
        encode([(TENANT, FIRST[:-1])], 1),
        encode([(TENANT[:-1], FIRST)], 1),
    ],
)
def test_foreign_and_cut_events_are_refused(payload: bytes) -> None:
    with pytest.raises(CorruptData):
        decode(payload, 16)
