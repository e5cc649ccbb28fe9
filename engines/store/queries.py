"""Every read the product makes, as frozen data, with its rows. Built by use cases, resolvers and dispatchers."""

import msgspec

from engines.store.base import FromTenant, FromTenants
from models.ids import DeliveryKey

# ------------------------------------------------------------------------------------------------------------- access


class TenantRow(msgspec.Struct, frozen=True):
    """An isolated space of one customer."""

    id: bytes
    account: bytes
    name: str
    kind: int
    wrapped_key: bytes
    created_at: int


class Tenants(FromTenants[TenantRow], frozen=True):
    """The tenants with these ids."""


class KeyRow(msgspec.Struct, frozen=True):
    """An API key as stored; its text is known to its holder only."""

    tenant: bytes
    id: bytes
    hash: bytes
    name: str
    role: int
    created_at: int
    expires_at: int | None
    revoked_at: int | None


class Keys(FromTenant[KeyRow], frozen=True):
    """A tenant's keys, newest first."""


class KeysById(FromTenants[KeyRow], frozen=True):
    """Keys by id."""

    ids: tuple[bytes, ...]


# ------------------------------------------------------------------------------------------------------------- people


class PersonRow(msgspec.Struct, frozen=True):
    """A user with everything but the addresses, sealed under `wrapped_key`."""

    tenant: bytes
    id: bytes
    handle_kind: int
    handle_blind: bytes
    handle_sealed: bytes
    wrapped_key: bytes
    locale: str | None
    time_zone: str | None
    data_sealed: bytes | None
    created_at: int


class PeopleById(FromTenants[PersonRow], frozen=True):
    """Users by id."""

    ids: tuple[bytes, ...]


class PeopleByHandle(FromTenant[PersonRow], frozen=True):
    """Users by blind index."""

    handles: tuple[bytes, ...]


class AddressRow(msgspec.Struct, frozen=True):
    """An address of a user, sealed under the user's key."""

    tenant: bytes
    user: bytes
    channel: int
    address_blind: bytes
    address_sealed: bytes


class AddressesOf(FromTenants[AddressRow], frozen=True):
    """All addresses of these users."""

    users: tuple[bytes, ...]


class RecipientRow(msgspec.Struct, frozen=True, gc=False):
    """What the orchestrator must know of a person."""

    tenant: bytes
    id: bytes
    locale: str | None


class Recipients(FromTenants[RecipientRow], frozen=True):
    """Those of the users who exist."""

    ids: tuple[bytes, ...]


class ReachableRow(msgspec.Struct, frozen=True, gc=False):
    """A user has an address for a channel."""

    tenant: bytes
    user: bytes
    channel: int


class Reachable(FromTenants[ReachableRow], frozen=True):
    """For which channels these users have addresses."""

    users: tuple[bytes, ...]


# ------------------------------------------------------------------------------------------------------ notifications


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


class NotificationsById(FromTenants[NotificationRow], frozen=True):
    """Notifications by id."""

    ids: tuple[bytes, ...]


class PendingRow(msgspec.Struct, frozen=True, gc=False):
    """What the orchestrator must know of a notification."""

    tenant: bytes
    id: bytes
    priority: int
    channels: int
    audience: bytes
    expires_at: int | None


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
    """When it was due for the first time: the retry window starts here."""
    expires_at: int | None
    content_sealed: bytes
    tenant_key: bytes
    user_key: bytes | None
    address_sealed: bytes | None

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


# -------------------------------------------------------------------------------------------------------------- inbox


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
    """Just these events of several users' logs, each user's oldest first."""

    places: tuple[tuple[bytes, bytes, int], ...]
    """(tenant, user, seq)."""
