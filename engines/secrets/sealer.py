"""Seals, opens, indexes and authenticates bytes with keys derived from the key ring. Called by use cases and stages.

Every owner (a user, or a tenant for content that its recipients share) has a data key of 32 bytes, stored wrapped
beside the owner. Erasing the wrapped key makes all that the owner's key sealed unreadable. AES-256-GCM throughout
(NIST SP 800-38D), nonces random: good for 2^32 wraps by one key-encryption key and 2^32 records by one data key.

    wrapped key, 63 bytes:      0x01 | key-encryption key's id, 2 | nonce, 12 | encrypted data key, 32 | tag, 16
                                additional data: the first 3 bytes and the owner's id
    record, content + 29 bytes: 0x01 | nonce, 12 | encrypted content | tag, 16
                                additional data: purpose and the owner's id

A record names no key: an owner has one, and a rotation wraps that same key anew. Four keys come from each
key-encryption key by HKDF-SHA256 (RFC 5869) with the labels below, so that no key serves two ends.
"""

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engines.secrets.base import KEY_BYTES, KeyRing
from errors import CorruptData, InvalidInput
from models.vocabulary import HandleKind

NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_BYTES = 1 + 2 + NONCE_BYTES + KEY_BYTES + TAG_BYTES
RECORD_OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES
IDEMPOTENCY_HASH_BYTES = 16
MAC_BYTES = 12

_VERSION = b"\x01"
_WRAPPING = b"carillon/1/wrapping"
_BLIND_INDEX = b"carillon/1/blind-index"
_CURSOR_MAC = b"carillon/1/cursor-mac"
_IDEMPOTENCY = b"carillon/1/idempotency-hash"

WrappedKeyOf = tuple[bytes, bytes]
"""(wrapped key, id of its owner)."""
Handle = tuple[int, str]
"""(HandleKind, value as the tenant wrote it)."""


class Plain(msgspec.Struct, frozen=True, gc=False):
    """Content to seal."""

    wrapped_key: bytes
    owner: bytes
    purpose: bytes
    """What the content is, such as `b"email"`: a record does not open under another purpose."""
    content: bytes


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A record to open; owner and purpose as when it was sealed."""

    wrapped_key: bytes
    owner: bytes
    purpose: bytes
    record: bytes


class Sealer:
    """Safe to share between threads; takes batches, and one is a batch of one.

    Args:
        ring: key-encryption keys; the current one wraps, any of them unwraps.
        entropy: n random bytes, called once a batch. A source that repeats itself breaks AES-GCM: tests only.
        cached_keys: unwrapped keys kept for reuse, least recently used first out; about 2.5 kB each.
    """

    def __init__(self, ring: KeyRing, entropy: Callable[[int], bytes] = os.urandom, cached_keys: int = 4_096) -> None:
        self._entropy = entropy
        self._wrappers = {key_id: AESGCM(_derive(key, _WRAPPING)) for key_id, key in ring.keys.items()}
        self._current = ring.current
        lookup = ring.keys[ring.lookup]
        self._blind = HMAC(_derive(lookup, _BLIND_INDEX), hashes.SHA256())
        self._idempotency = hashlib.blake2b(key=_derive(lookup, _IDEMPOTENCY), digest_size=IDEMPOTENCY_HASH_BYTES)
        newest_first = sorted(ring.keys, key=lambda key_id: (key_id != ring.current, -key_id))
        self._macs = [
            hashlib.blake2b(key=_derive(ring.keys[key_id], _CURSOR_MAC), digest_size=MAC_BYTES)
            for key_id in newest_first
        ]
        # The owner is part of the cache key: a hit must refuse a foreign owner just as unwrapping does.
        self._cipher: Callable[[bytes, bytes], AESGCM] = lru_cache(maxsize=cached_keys)(self._unwrap)

    def new_keys(self, owners: Sequence[bytes]) -> list[bytes]:
        """A fresh wrapped data key for each owner id, in order."""
        head = _VERSION + self._current.to_bytes(2)
        encrypt = self._wrappers[self._current].encrypt
        size = KEY_BYTES + NONCE_BYTES
        fresh = self._entropy(size * len(owners))
        wrapped = []
        for at, owner in zip(range(0, len(fresh), size), owners, strict=True):
            nonce = fresh[at + KEY_BYTES : at + size]
            wrapped.append(head + nonce + encrypt(nonce, fresh[at : at + KEY_BYTES], head + owner))
        return wrapped

    def unwrap(self, wrapped_key: bytes, owner: bytes) -> AESGCM:
        """The cipher of an owner's data key, from the cache where it is there.

        Raises:
            CorruptData: damaged, another owner's, or wrapped by a key that the ring does not hold.
        """
        return self._cipher(wrapped_key, owner)

    def unwrap_many(self, keys: Sequence[WrappedKeyOf]) -> list[AESGCM]:
        """As `unwrap`, in order."""
        cipher_of = self._cipher
        return [cipher_of(wrapped_key, owner) for wrapped_key, owner in keys]

    def seal(self, wrapped_key: bytes, owner: bytes, purpose: bytes, content: bytes) -> bytes:
        """As `seal_many`, for one."""
        return self.seal_many((Plain(wrapped_key, owner, purpose, content),))[0]

    def seal_many(self, items: Sequence[Plain]) -> list[bytes]:
        """A record for each item, in order.

        Raises:
            CorruptData: an item's wrapped key does not open for its owner; `path` holds the item's index.
        """
        nonces = self._entropy(NONCE_BYTES * len(items))
        cipher_of = self._cipher
        records: list[bytes] = []
        try:
            for at, item in zip(range(0, len(nonces), NONCE_BYTES), items, strict=True):
                nonce, owner = nonces[at : at + NONCE_BYTES], item.owner
                encrypted = cipher_of(item.wrapped_key, owner).encrypt(nonce, item.content, item.purpose + owner)
                records.append(_VERSION + nonce + encrypted)
        except CorruptData as error:
            raise _at(len(records), error) from error
        return records

    def open(self, wrapped_key: bytes, owner: bytes, purpose: bytes, record: bytes) -> bytes:
        """As `open_many`, for one."""
        return self.open_many((Sealed(wrapped_key, owner, purpose, record),))[0]

    def open_many(self, items: Sequence[Sealed]) -> list[bytes]:
        """The content of each record, in order.

        Raises:
            CorruptData: damaged or cut, or another key's, owner's or purpose's; `path` holds the first such item's
                index.
        """
        contents: list[bytes] = []
        try:
            contents.extend(map(self._open, items))
        except CorruptData as error:
            raise _at(len(contents), error) from error
        return contents

    def blind(self, tenant: bytes, kind: int, value: str) -> bytes:
        """As `blind_many`, for one."""
        return self.blind_many(tenant, ((kind, value),))[0]

    def blind_many(self, tenant: bytes, handles: Sequence[Handle]) -> list[bytes]:
        """32 bytes (HMAC-SHA256) to find each handle by, equal for handles that `normalised` makes equal.

        Raises:
            InvalidInput: a value with half a surrogate pair; `path` holds its index.
        """
        of_tenant = self._blind.copy()
        of_tenant.update(_framed(tenant))
        indexes: list[bytes] = []
        try:
            for kind, value in handles:
                one = of_tenant.copy()
                one.update(kind.to_bytes(1) + normalised(kind, value).encode())
                indexes.append(one.finalize())
        except UnicodeEncodeError as error:
            raise _not_text(len(indexes)) from error
        return indexes

    def hash_key(self, tenant: bytes, operation: str, idempotency_key: str) -> bytes:
        """As `hash_keys`, for one."""
        return self.hash_keys(tenant, operation, (idempotency_key,))[0]

    def hash_keys(self, tenant: bytes, operation: str, idempotency_keys: Sequence[str]) -> list[bytes]:
        """16 bytes (keyed BLAKE2b, RFC 7693) to store in place of each idempotency key.

        Raises:
            InvalidInput: a key with half a surrogate pair; `path` holds its index.
        """
        of_operation = self._idempotency.copy()
        of_operation.update(_framed(tenant) + _framed(operation.encode()))
        hashed: list[bytes] = []
        try:
            for key in idempotency_keys:
                one = of_operation.copy()
                one.update(key.encode())
                hashed.append(one.digest())
        except UnicodeEncodeError as error:
            raise _not_text(len(hashed)) from error
        return hashed

    def mac(self, purpose: bytes, payload: bytes) -> bytes:
        """12 bytes (keyed BLAKE2b, RFC 7693) that only this ring can make for this purpose (at most 255 bytes)."""
        return _tag(self._macs[0], purpose, payload)

    def verify_mac(self, purpose: bytes, payload: bytes, mac: bytes) -> bool:
        """Whether any key of the ring made it; the time taken does not tell how much of it was right."""
        return any(hmac.compare_digest(_tag(key, purpose, payload), mac) for key in self._macs)

    def _open(self, item: Sealed) -> bytes:
        record, owner = item.record, item.owner
        if len(record) < RECORD_OVERHEAD_BYTES or record[:1] != _VERSION:
            raise CorruptData("a sealed record is cut short, or of an unknown version")
        cipher = self._cipher(item.wrapped_key, owner)
        try:
            return cipher.decrypt(record[1:13], record[13:], item.purpose + owner)
        except InvalidTag as error:
            raise CorruptData("a sealed record is not this owner's and purpose's") from error

    def _unwrap(self, wrapped_key: bytes, owner: bytes) -> AESGCM:
        if len(wrapped_key) != WRAPPED_BYTES or wrapped_key[:1] != _VERSION:
            raise CorruptData("a wrapped key is cut short, or of an unknown version")
        key_id = int.from_bytes(wrapped_key[1:3])
        wrapper = self._wrappers.get(key_id)
        if wrapper is None:
            raise CorruptData(f"a data key is wrapped by key-encryption key {key_id}, which is not in the key ring")
        try:
            return AESGCM(wrapper.decrypt(wrapped_key[3:15], wrapped_key[15:], wrapped_key[:3] + owner))
        except InvalidTag as error:
            raise CorruptData("a wrapped key is not this owner's, or another installation's") from error


def normalised(kind: int, value: str) -> str:
    """The one spelling of a handle that its blind index is made of.

    E-mail: surrounding white space goes, Unicode NFC, lower case on both sides of the @ (mailboxes that differ only in
    case belong to one person in practice; a suppression must not be dodged by a capital). The address written to is
    stored as given. International domains stay as written: their `xn--` form counts as another address.
    External ids and phone numbers: Unicode NFC, else exact.
    """
    if kind == HandleKind.EMAIL:
        value = value.strip().lower()
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _derive(key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=label).derive(key)


def _framed(part: bytes) -> bytes:
    """With its length in front, so that two parts never read as two others."""
    return len(part).to_bytes(1) + part


def _tag(key: "hashlib.blake2b", purpose: bytes, payload: bytes) -> bytes:
    one = key.copy()
    one.update(_framed(purpose) + payload)
    return one.digest()


def _at(index: int, error: CorruptData) -> CorruptData:
    return CorruptData(f"item {index} of the batch: {error.message}", path=(str(index),))


def _not_text(index: int) -> InvalidInput:
    return InvalidInput("expected Unicode text, got half a surrogate pair", path=(str(index),))
