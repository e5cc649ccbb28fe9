"""What is sealed opens for its owner and purpose only, and what is searched for is found again."""

import random
import re
import unicodedata
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from engines.secrets.base import KeyRing
from engines.secrets.sealer import RECORD_OVERHEAD_BYTES, WRAPPED_BYTES, Plain, Sealed, Sealer, normalised
from errors import ConfigurationError, CorruptData, InvalidInput
from models.vocabulary import HandleKind

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32
TENANT, OTHER_TENANT = b"t" * 16, b"T" * 16
ADA, BOB = b"a" * 16, b"b" * 16
RING = KeyRing(current=1, lookup=1, keys={1: FIRST})
ROTATED = KeyRing(current=2, lookup=1, keys={1: FIRST, 2: SECOND})


class CountedEntropy:
    """Seeded randomness that remembers what it was asked for."""

    def __init__(self) -> None:
        self._random = random.Random(17)
        self.asked: list[int] = []

    def __call__(self, count: int) -> bytes:
        self.asked.append(count)
        return self._random.randbytes(count)


def key_of(sealer: Sealer, owner: bytes = ADA) -> bytes:
    return sealer.new_keys([owner])[0]


@given(content=st.binary(max_size=2_000), purpose=st.binary(max_size=20))
def test_what_was_sealed_opens_again(content: bytes, purpose: bytes) -> None:
    sealer = Sealer(RING)
    wrapped = key_of(sealer)

    assert sealer.open(wrapped, ADA, purpose, sealer.seal(wrapped, ADA, purpose, content)) == content


def test_a_batch_keeps_its_order_and_asks_once_for_randomness() -> None:
    entropy = CountedEntropy()
    sealer = Sealer(RING, entropy)
    owners = [bytes([n]) * 16 for n in range(100)]

    wrapped = sealer.new_keys(owners)
    records = sealer.seal_many(
        [
            Plain(key, owner, b"email", b"%d@example.org" % n)
            for n, (key, owner) in enumerate(zip(wrapped, owners, strict=True))
        ]
    )
    contents = sealer.open_many(
        [Sealed(key, owner, b"email", record) for key, owner, record in zip(wrapped, owners, records, strict=True)]
    )

    assert contents == [b"%d@example.org" % n for n in range(100)]
    assert entropy.asked == [44 * 100, 12 * 100]


def test_an_empty_batch_is_an_empty_answer() -> None:
    sealer = Sealer(RING)

    assert (sealer.new_keys([]), sealer.seal_many([]), sealer.open_many([]), sealer.unwrap_many([])) == ([], [], [], [])
    assert (sealer.blind_many(TENANT, []), sealer.hash_keys(TENANT, "send", [])) == ([], [])


def test_every_owner_gets_a_key_and_every_record_a_nonce_of_its_own() -> None:
    sealer = Sealer(RING)
    wrapped = sealer.new_keys([ADA] * 500)
    records = sealer.seal_many([Plain(wrapped[0], ADA, b"email", b"same")] * 500)

    data_keys = sealer.unwrap_many([(key, ADA) for key in wrapped])

    assert len({data_key.encrypt(bytes(12), b"same", None) for data_key in data_keys}) == 500
    assert len({key[3:15] for key in wrapped}) == len({key[15:] for key in wrapped}) == 500
    assert len({record[1:13] for record in records}) == 500
    assert {sealer.open(wrapped[0], ADA, b"email", record) for record in records} == {b"same"}


def test_the_formats_are_the_documented_ones() -> None:
    """Opened here by the cryptography library alone, from the words of the module's documentation."""
    sealer = Sealer(ROTATED)
    wrapped = key_of(sealer)
    record = sealer.seal(wrapped, ADA, b"email", b"ada@example.org")
    wrapping = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"carillon/1/wrapping").derive(SECOND)

    assert (len(wrapped), len(record)) == (63, len(b"ada@example.org") + 29)
    assert (wrapped[:3], record[:1]) == (b"\x01\x00\x02", b"\x01")
    data_key = AESGCM(wrapping).decrypt(wrapped[3:15], wrapped[15:], b"\x01\x00\x02" + ADA)
    assert AESGCM(data_key).decrypt(record[1:13], record[13:], b"email" + ADA) == b"ada@example.org"


@pytest.mark.parametrize(
    ("wrapped_of", "owner", "purpose"),
    [(BOB, BOB, b"email"), (ADA, BOB, b"email"), (BOB, ADA, b"email"), (ADA, ADA, b"phone"), (ADA, ADA, b"")],
    ids=["another owner and key", "another owner", "another key", "another purpose", "no purpose"],
)
@pytest.mark.parametrize("warm", [True, False], ids=["keys in the cache", "keys not in the cache"])
def test_a_record_opens_for_nobody_else_and_nothing_else(
    warm: bool, wrapped_of: bytes, owner: bytes, purpose: bytes
) -> None:
    sealer = Sealer(RING)
    keys = {ADA: key_of(sealer, ADA), BOB: key_of(sealer, BOB)}
    record = sealer.seal(keys[ADA], ADA, b"email", b"ada@example.org")
    reader = sealer if warm else Sealer(RING)

    with pytest.raises(CorruptData):
        reader.open(keys[wrapped_of], owner, purpose, record)


def test_sealing_for_a_foreign_owner_is_refused_even_when_the_key_is_in_the_cache() -> None:
    sealer = Sealer(RING)
    wrapped = key_of(sealer, ADA)
    sealer.seal(wrapped, ADA, b"email", b"ada@example.org")

    with pytest.raises(CorruptData, match="item 0 of the batch: a wrapped key is not this owner's"):
        sealer.seal(wrapped, BOB, b"email", b"bob@example.org")


def test_a_record_cut_anywhere_or_changed_in_any_byte_is_corrupt() -> None:
    sealer = Sealer(RING)
    wrapped = key_of(sealer)
    record = sealer.seal(wrapped, ADA, b"email", b"ada@example.org")
    cut = [record[:n] for n in range(len(record))]
    changed = [record[:n] + bytes([record[n] ^ 1]) + record[n + 1 :] for n in range(len(record))]

    assert refusals(lambda bad: sealer.open(wrapped, ADA, b"email", bad), [*cut, *changed, record + b"\0"]) == 89


def test_a_wrapped_key_cut_anywhere_or_changed_in_any_byte_is_corrupt() -> None:
    sealer = Sealer(ROTATED)
    wrapped = key_of(sealer)
    cut = [wrapped[:n] for n in range(WRAPPED_BYTES)]
    changed = [wrapped[:n] + bytes([wrapped[n] ^ 3]) + wrapped[n + 1 :] for n in range(WRAPPED_BYTES)]

    assert refusals(lambda bad: sealer.unwrap(bad, ADA), [*cut, *changed, wrapped + b"\0"]) == 127


def refusals(attempt: Callable[[bytes], object], forged: list[bytes]) -> int:
    for bad in forged:
        with pytest.raises(CorruptData):
            attempt(bad)
    return len(forged)


def test_a_bad_record_in_a_batch_is_named_by_its_index() -> None:
    sealer = Sealer(RING)
    wrapped = key_of(sealer)
    items = [Sealed(wrapped, ADA, b"email", sealer.seal(wrapped, ADA, b"email", b"x")) for _ in range(5)]
    items[3] = Sealed(wrapped, ADA, b"email", bytes(RECORD_OVERHEAD_BYTES))

    with pytest.raises(CorruptData) as caught:
        sealer.open_many(items)
    assert caught.value.path == ("3",)


def test_content_shared_by_recipients_is_sealed_by_the_tenants_own_key() -> None:
    sealer = Sealer(RING)
    wrapped = key_of(sealer, TENANT)
    record = sealer.seal(wrapped, TENANT, b"content", b"Your order left")

    assert Sealer(RING).open(wrapped, TENANT, b"content", record) == b"Your order left"


def test_after_a_rotation_old_keys_still_open_and_new_ones_are_wrapped_by_the_new_key() -> None:
    before, after = Sealer(RING), Sealer(ROTATED)
    wrapped = key_of(before)
    record = before.seal(wrapped, ADA, b"email", b"ada@example.org")

    assert after.open(wrapped, ADA, b"email", record) == b"ada@example.org"
    with pytest.raises(CorruptData, match="key-encryption key 2, which is not in the key ring"):
        before.unwrap(key_of(after), ADA)


def test_after_a_rotation_users_and_idempotency_keys_are_still_found_and_cursors_still_accepted() -> None:
    before, after = Sealer(RING), Sealer(ROTATED)
    cursor = before.mac(b"inbox", b"17")

    assert after.blind(TENANT, HandleKind.EXTERNAL_ID, "u1") == before.blind(TENANT, HandleKind.EXTERNAL_ID, "u1")
    assert after.hash_key(TENANT, "send", "order-17") == before.hash_key(TENANT, "send", "order-17")
    assert after.verify_mac(b"inbox", b"17", cursor)
    assert after.mac(b"inbox", b"17") != cursor
    assert not before.verify_mac(b"inbox", b"17", after.mac(b"inbox", b"17"))


def test_a_used_key_is_unwrapped_once_and_the_cache_stays_bounded() -> None:
    sealer = Sealer(RING, cached_keys=2)
    keys = sealer.new_keys([ADA, BOB, TENANT])
    first = sealer.unwrap(keys[0], ADA)
    assert sealer.unwrap_many([(keys[0], ADA), (keys[1], BOB)])[0] is first

    sealer.unwrap(keys[2], TENANT)

    assert sealer.unwrap(keys[0], ADA) is not first


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (HandleKind.EMAIL, "ada@example.org", "  Ada@EXAMPLE.org\n"),
        (HandleKind.EMAIL, "zoë@example.org", "ZOE\u0308@example.org"),
        (HandleKind.EMAIL, "info@bücher.example", "INFO@BÜCHER.example"),
        (HandleKind.EXTERNAL_ID, "zo\u00eb", "zoe\u0308"),
    ],
)
def test_handles_that_differ_only_in_spelling_have_one_index(kind: HandleKind, one: str, other: str) -> None:
    sealer = Sealer(RING)

    assert sealer.blind(TENANT, kind, one) == sealer.blind(TENANT, kind, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada", "Ada"), ("ada", "ada "), ("ada", ""), ("fi", "ﬁ"), ("1", "01")],
)
def test_external_ids_are_exact_but_for_their_unicode_form(one: str, other: str) -> None:
    sealer = Sealer(RING)

    assert sealer.blind(TENANT, HandleKind.EXTERNAL_ID, one) != sealer.blind(TENANT, HandleKind.EXTERNAL_ID, other)


@given(value=st.text(st.characters(codec="utf-8")), kind=st.sampled_from(HandleKind))
def test_normalising_twice_changes_nothing(value: str, kind: HandleKind) -> None:
    once = normalised(kind, value)

    assert normalised(kind, once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_an_index_tells_tenants_kinds_and_installations_apart() -> None:
    sealer = Sealer(RING)
    indexes = {
        sealer.blind(TENANT, HandleKind.EXTERNAL_ID, "a@b.example"),
        sealer.blind(TENANT, HandleKind.EMAIL, "a@b.example"),
        sealer.blind(OTHER_TENANT, HandleKind.EMAIL, "a@b.example"),
        sealer.blind(TENANT + b"\x02", HandleKind.EMAIL, "a@b.example"),
        Sealer(KeyRing(1, 1, {1: SECOND})).blind(TENANT, HandleKind.EMAIL, "a@b.example"),
    }

    assert len(indexes) == 5
    assert {len(index) for index in indexes} == {32}


def test_many_indexes_are_those_of_one_at_a_time() -> None:
    sealer = Sealer(RING)
    handles = [(HandleKind.EXTERNAL_ID, "u1"), (HandleKind.EMAIL, "Ada@example.org"), (HandleKind.PHONE, "+4930123")]

    assert sealer.blind_many(TENANT, handles) == [sealer.blind(TENANT, kind, value) for kind, value in handles]


def test_half_a_surrogate_pair_is_the_callers_mistake() -> None:
    sealer = Sealer(RING)

    with pytest.raises(InvalidInput) as caught:
        sealer.blind_many(TENANT, [(HandleKind.EXTERNAL_ID, "fine"), (HandleKind.EXTERNAL_ID, "\ud800")])
    assert caught.value.path == ("1",)
    with pytest.raises(InvalidInput):
        sealer.hash_key(TENANT, "send", "\udfff")


def test_idempotency_hashes_tell_tenants_operations_and_keys_apart() -> None:
    sealer = Sealer(RING)
    hashed = {
        sealer.hash_key(TENANT, "send", "order-17"),
        sealer.hash_key(TENANT, "send", "order-18"),
        sealer.hash_key(TENANT, "upsert", "order-17"),
        sealer.hash_key(TENANT, "sendo", "rder-17"),
        sealer.hash_key(OTHER_TENANT, "send", "order-17"),
        Sealer(KeyRing(1, 1, {1: SECOND})).hash_key(TENANT, "send", "order-17"),
    }

    assert len(hashed) == 6
    assert {len(one) for one in hashed} == {16}
    assert (
        sealer.hash_keys(TENANT, "send", ["order-17", "order-17"]) == [sealer.hash_key(TENANT, "send", "order-17")] * 2
    )


def test_a_mac_holds_for_its_purpose_and_payload_only() -> None:
    sealer = Sealer(RING)
    mac = sealer.mac(b"inbox", b"17")
    forged = [mac[:-1], mac + b"\0", b"", bytes(12), bytes([mac[0] ^ 1]) + mac[1:]]

    assert len(mac) == 12
    assert sealer.verify_mac(b"inbox", b"17", mac)
    assert not any(sealer.verify_mac(b"inbox", b"17", bad) for bad in forged)
    assert not sealer.verify_mac(b"inbo", b"x17", mac)
    assert not sealer.verify_mac(b"inbox", b"18", mac)
    assert not Sealer(KeyRing(1, 1, {1: SECOND})).verify_mac(b"inbox", b"17", mac)


@pytest.mark.parametrize(
    ("current", "lookup", "keys"),
    [
        (1, 1, {}),
        (2, 1, {1: FIRST}),
        (1, 2, {1: FIRST}),
        (1, 1, {1: b"short"}),
        (0, 0, {0: FIRST}),
        (65536, 65536, {65536: FIRST}),
    ],
)
def test_a_key_ring_that_cannot_work_is_refused(current: int, lookup: int, keys: dict[int, bytes]) -> None:
    with pytest.raises(ConfigurationError):
        KeyRing(current, lookup, keys)


def test_the_text_of_a_key_ring_shows_no_key() -> None:
    shown = f"{ROTATED} {ROTATED!r}"

    assert "ids=[1, 2]" in shown
    assert not re.search(r"\\x0|bytes|keys", shown)
