"""The logs of inboxes."""

import msgspec

from engines.store.base import FromTenant, FromTenants
from models.ids import DeliveryKey


class HeadRow(msgspec.Struct, frozen=True):
    """Where a user's log stands."""

    tenant: bytes
    user: bytes
    epoch: int
    seq: int
    floor: int
    unread: int


class Heads(FromTenants[HeadRow], frozen=True):
    """Heads of these users; who never had an event has none."""

    users: tuple[bytes, ...]


class InboxRow(msgspec.Struct, frozen=True):
    """One event of a user's log with the item as it stands now."""

    tenant: bytes
    user: bytes
    seq: int
    kind: int
    notification: bytes
    step: int
    at: int
    category: str
    content_sealed: bytes
    created_at: int
    seen_at: int | None
    read_at: int | None
    archived_at: int | None
    template_version: bytes | None = None
    locale: str | None = None

    @property
    def key(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step


class InboxPage(FromTenant[InboxRow], frozen=True):
    """Items that are not archived, newest first, below `before_seq`."""

    user: bytes
    before_seq: int
    limit: int


class InboxAfter(FromTenant[InboxRow], frozen=True):
    """Events of one user's log after `after_seq`, oldest first."""

    user: bytes
    after_seq: int
    limit: int


class InboxEvents(FromTenants[InboxRow], frozen=True):
    """Just these events of several users' logs, each user's oldest first; those of items that are gone are left out."""

    places: tuple[tuple[bytes, bytes, int], ...]
    """(tenant, user, seq)."""
