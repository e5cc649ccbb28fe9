"""Marks on inbox items."""

import msgspec

from engines.store.base import OfTenant
from models.ids import DeliveryKey
from models.vocabulary import InboxMark


class MarkInbox(OfTenant["Marked"], frozen=True):
    """Marks items of one user's inbox: those named, or up to `limit` older ones that the mark would change."""

    user: bytes
    mark: InboxMark
    at_us: int
    items: tuple[DeliveryKey, ...] = ()
    up_to_seq: int | None = None
    limit: int = 500


class Marked(msgspec.Struct, frozen=True):
    """How many items changed, what is unread now, and the places of `items` that name nothing of this user's."""

    changed: int
    unread: int
    missing: tuple[int, ...] = ()
