"""Idempotency records."""

import msgspec

from engines.store.base import FromTenant


class RecordRow(msgspec.Struct, frozen=True):
    """What a key's first call came to."""

    key_hash: bytes
    fingerprint: bytes
    outcome: bytes


class SendRecords(FromTenant[RecordRow], frozen=True):
    """The live records of these keys among those of sending."""

    key_hashes: tuple[bytes, ...]
    now_us: int
