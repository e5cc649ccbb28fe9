"""Identifiers: 16-byte UUIDv7 inside, prefix and base32 at the edge. Used by every layer.

Format: RFC 9562 section 5.7. The text form is Crockford's base32 in lower case, without padding. Ids of deliveries,
attempts and inbox items are the encoded keys of their rows, so these rows need no id column.
"""

import os
import struct
import threading
from collections.abc import Callable

from errors import InvalidInput

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_CHUNK = [ALPHABET[n >> 5] + ALPHABET[n & 31] for n in range(1024)]

NOTIFICATION = "ntf"
DELIVERY = "dlv"
ATTEMPT = "att"
USER = "usr"
INBOX_ITEM = "inb"
KEY = "key"
TENANT = "ten"
ACCOUNT = "acc"
CATEGORY = "cat"
TEMPLATE = "tpl"
TEMPLATE_VERSION = "tpv"
MEMBER = "mem"
AUDIT_ENTRY = "aud"

_PLAIN = (NOTIFICATION, USER, KEY, TENANT, ACCOUNT, CATEGORY, TEMPLATE, TEMPLATE_VERSION, MEMBER)
BYTES_OF = dict.fromkeys(_PLAIN, 16) | {DELIVERY: 34, INBOX_ITEM: 34, ATTEMPT: 36, AUDIT_ENTRY: 24}
"""How many bytes stand behind each prefix: delivery and inbox item = notification + user + step, attempt = + number,
audit entry = tenant + number."""
_SIGNED_AT = {DELIVERY: (32,), INBOX_ITEM: (32,), ATTEMPT: (32, 34), AUDIT_ENTRY: (16,)}
"""Where the 16-bit numbers stand behind each prefix (in the audit log one of 64): stores keep them with a sign, so none
of ours has the highest bit."""

DeliveryKey = tuple[bytes, bytes, int]
"""(notification id, user id, step)."""
AttemptKey = tuple[bytes, bytes, int, int]
"""(notification id, user id, step, attempt number from 1)."""


def encode(prefix: str, raw: bytes) -> str:
    """The public form of an id."""
    bits = len(raw) * 8
    padding = -bits % 10
    number = int.from_bytes(raw) << padding
    count = (bits + padding) // 10
    text = "".join([_CHUNK[(number >> shift) & 1023] for shift in range((count - 1) * 10, -1, -10)])
    return f"{prefix}_{text}"


def decode(prefix: str, text: str) -> bytes:
    """The bytes behind a public id.

    Raises:
        InvalidInput: another prefix, another length, or a letter outside the alphabet.
    """
    raw = try_decode(prefix, text)
    if raw is None:
        raise InvalidInput(f"expected an id like {prefix}_… as the API gave it, got {text[:80]!r}")
    return raw


def try_decode(prefix: str, text: str) -> bytes | None:
    """As `decode`, with None where the text is no such id."""
    head, _, body = text.partition("_")
    size = BYTES_OF.get(prefix, 0)
    padding = -size * 8 % 10
    if head != prefix or len(body) * 5 != size * 8 + padding:
        return None
    number = 0
    for letter in body:
        value = _VALUES.get(letter)
        if value is None:
            return None
        number = number << 5 | value
    if number & ((1 << padding) - 1):
        return None
    raw = (number >> padding).to_bytes(size)
    return None if any(raw[place] > 127 for place in _SIGNED_AT.get(prefix, ())) else raw


def prefix_of(text: str) -> str | None:
    """The known prefix that an id starts with, or None."""
    head = text.partition("_")[0]
    return head if head in BYTES_OF else None


def delivery_bytes(key: DeliveryKey) -> bytes:
    """A delivery key as the 34 bytes behind `dlv_` and `inb_` ids."""
    notification, user, step = key
    return notification + user + step.to_bytes(2)


def delivery_key(raw: bytes) -> DeliveryKey:
    """The reverse of `delivery_bytes`."""
    return raw[:16], raw[16:32], int.from_bytes(raw[32:34])


def attempt_bytes(key: AttemptKey) -> bytes:
    """An attempt key as the 36 bytes behind `att_` ids."""
    return delivery_bytes(key[:3]) + key[3].to_bytes(2)


def attempt_key(raw: bytes) -> AttemptKey:
    """The reverse of `attempt_bytes`."""
    return (*delivery_key(raw), int.from_bytes(raw[34:36]))


class Ids:
    """Makes UUIDv7s that grow strictly within one process.

    Args:
        now_us: microseconds since 1970 UTC, from the injected clock.
        entropy: n random bytes; tests pass a seeded source.
    """

    def __init__(self, now_us: Callable[[], int], entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._now_us = now_us
        self._entropy = entropy
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> bytes:
        """One id of 16 bytes."""
        return self.many(1)[0]

    def many(self, count: int) -> list[bytes]:
        """`count` ids in growing order: 48 bits of milliseconds, 12 of their fraction, 62 random ones."""
        now_us = self._now_us()
        milliseconds, fraction = divmod(now_us, 1000)
        stamp = milliseconds << 12 | (fraction * 4096 // 1000)
        with self._lock:
            first = max(stamp, self._last + 1)
            self._last = first + count - 1
        tails = self._entropy(8 * count)
        return [_uuid7(first + n, tails[8 * n : 8 * n + 8]) for n in range(count)]


def _uuid7(stamp: int, tail: bytes) -> bytes:
    high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0xFFF)
    low = int.from_bytes(tail) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return struct.pack(">QQ", high, low)


def time_us(raw: bytes) -> int:
    """When a UUIDv7 was made, in microseconds since 1970 UTC, exact to a millisecond."""
    return int.from_bytes(raw[:6]) * 1000


def first_at(at_us: int) -> bytes:
    """The least UUIDv7 that can be made at a time, which is taken into the years that such ids have."""
    milliseconds, fraction = divmod(min(max(at_us, 0), LAST_US), 1000)
    return struct.pack(">QQ", milliseconds << 16 | 0x7000 | fraction * 4096 // 1000, 0)


LAST_US = ((1 << 48) - 1) * 1000
"""The last millisecond of a UUIDv7, in microseconds since 1970 UTC."""
