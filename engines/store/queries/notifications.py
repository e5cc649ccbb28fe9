"""Notifications, deliveries and attempts."""

import msgspec

from engines.store.base import FromTenants
from models.ids import DeliveryKey


class NotificationRow(msgspec.Struct, frozen=True):
    """A notification as accepted; its content is sealed under the tenant's key."""

    tenant: bytes
    id: bytes
    priority: int
    channels: int
    category: str
    audience: bytes
    recipients: int
    content_sealed: bytes
    labels: bytes | None
    created_by: bytes
    created_at: int
    send_at: int | None
    expires_at: int | None
    cancelled_at: int | None
    template_version: bytes | None = None
    """Which fills what is sealed, where that is data for a template."""
    locale: str | None = None
    """The language that the caller asked for."""


class NotificationsById(FromTenants[NotificationRow], frozen=True):
    """Notifications by id."""

    ids: tuple[bytes, ...]


class PendingRow(msgspec.Struct, frozen=True, gc=False):
    """What the orchestrator must know of a notification."""

    tenant: bytes
    id: bytes
    priority: int
    channels: int
    category: str
    audience: bytes
    expires_at: int | None
    cancelled_at: int | None
    template_version: bytes | None = None
    locale: str | None = None
    """The language that the caller asked for."""


class Pending(FromTenants[PendingRow], frozen=True):
    """Notifications to be expanded."""

    ids: tuple[bytes, ...]


class SendableRow(msgspec.Struct, frozen=True, gc=False):
    """All that composing one delivery needs; sealed parts under the tenant's and the user's key."""

    tenant: bytes
    notification: bytes
    user: bytes
    step: int
    channel: int
    locale: str | None
    category: str
    priority: int
    begins_at: int
    """When it was due for the first time, or replayed: the retry window starts here."""
    expires_at: int | None
    content_sealed: bytes
    tenant_key: bytes
    user_key: bytes | None
    address_sealed: bytes | None
    unknowns: int = 0
    """How many earlier attempts, since the last replay, ended without anybody knowing how."""
    template_version: bytes | None = None

    @property
    def key(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step


class Sendable(FromTenants[SendableRow], frozen=True):
    """These deliveries, ready to be composed."""

    keys: tuple[tuple[bytes, DeliveryKey], ...]
    """(tenant, key) pairs."""


class StateCountRow(msgspec.Struct, frozen=True):
    """How many deliveries of a notification are in a state; those with an attempt under way count as their own."""

    notification: bytes
    state: int
    under_way: int
    count: int


class StateCounts(FromTenants[StateCountRow], frozen=True):
    """Counts by state of these notifications."""

    ids: tuple[bytes, ...]


class DeliveryRow(msgspec.Struct, frozen=True):
    """A delivery as stored. `under_way` is 1 while an attempt of it has no outcome."""

    tenant: bytes
    notification: bytes
    user: bytes
    step: int
    channel: int
    state: int
    reason: int | None
    decisions: bytes
    attempts: int
    locale: str | None
    provider: str | None
    created_at: int
    next_attempt_at: int | None
    sent_at: int | None
    delivered_at: int | None
    seen_at: int | None
    read_at: int | None
    archived_at: int | None
    under_way: int
    template_version: bytes | None = None

    @property
    def key(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step


class DeliveriesOf(FromTenants[DeliveryRow], frozen=True):
    """A page of one notification's deliveries by (user, step), after the given place."""

    notification: bytes
    after_user: bytes
    after_step: int
    limit: int


class DeliveriesByKey(FromTenants[DeliveryRow], frozen=True):
    """Just these deliveries, in any order."""

    keys: tuple[tuple[bytes, DeliveryKey], ...]
    """(tenant, key) pairs."""


class AttemptRow(msgspec.Struct, frozen=True):
    """One call to a provider, under way or settled."""

    tenant: bytes
    notification: bytes
    user: bytes
    step: int
    number: int
    worker: bytes
    provider: str
    claimed_at: int
    settled_at: int | None
    outcome: int | None
    reason: int | None
    provider_message_id: str | None
    answer: str | None
    late_outcome: int | None
    late_at: int | None

    @property
    def delivery(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step


class AttemptsOf(FromTenants[AttemptRow], frozen=True):
    """All attempts of just these deliveries, by number."""

    keys: tuple[tuple[bytes, DeliveryKey], ...]
    """(tenant, delivery key) pairs."""
