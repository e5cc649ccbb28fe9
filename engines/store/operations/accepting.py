"""Accepting notifications."""

import msgspec

from engines.store.base import OfTenant
from models.topics import Lane
from models.vocabulary import Channel, HandleKind, Priority


class Newcomer(msgspec.Struct, frozen=True):
    """A user who is known by an address only, made when nobody has that address yet."""

    id: bytes
    handle_kind: HandleKind
    handle_blind: bytes
    handle_sealed: bytes
    wrapped_key: bytes
    channel: Channel
    address_blind: bytes
    address_sealed: bytes


class NewNotification(msgspec.Struct, frozen=True):
    """A checked request. Exactly one of `users` and `handles` is filled."""

    id: bytes
    priority: Priority
    lane: Lane
    channels: int
    """Bit mask: bit n stands for Channel(n)."""
    category: str
    users: tuple[bytes, ...]
    handles: tuple[bytes, ...]
    """Blind indexes of external ids, or of one newcomer's address."""
    newcomer: Newcomer | None
    content_sealed: bytes
    labels: bytes | None
    send_at: int | None
    expires_at: int | None
    created_at: int
    created_by: bytes
    key_hash: bytes | None = None
    fingerprint: bytes | None = None
    template_version: bytes | None = None
    locale: str | None = None
    """The language asked for."""


class Accepted(msgspec.Struct, frozen=True):
    """Committed now, or by the first call with this key."""

    id: bytes
    duplicate: bool


class UnknownUsers(msgspec.Struct, frozen=True):
    """Nothing was written: these places of the audience name nobody."""

    places: tuple[int, ...]


class KeyConflict(msgspec.Struct, frozen=True):
    """Nothing was written: the key belongs to another input."""


Acceptance = Accepted | UnknownUsers | KeyConflict


class Accept(OfTenant[list[Acceptance]], frozen=True):
    """Stores notifications with the pointers that set them in motion. One answer per item, in order."""

    items: tuple[NewNotification, ...]
    traceparent: str = ""
    """Of the request that they came with."""

    def size(self) -> int:
        return len(self.items)
