"""Categories, tenants' defaults, users' preferences, and what users have had lately."""

import msgspec

from engines.store.base import FromTenants
from models.ids import DeliveryKey


class CategoryRow(msgspec.Struct, frozen=True):
    """A category as stored; `mandatory` and `limited` may be 0 or 1."""

    tenant: bytes
    id: bytes
    key: str
    name: str
    description: str | None
    mandatory: bool
    channels: int
    priority: int | None
    expires_after_s: int | None
    when_unknown: int | None
    limited: bool
    created_at: int
    updated_at: int


class CategoriesOf(FromTenants[CategoryRow], frozen=True):
    """All categories of these tenants, by key."""


class TenantRulesRow(msgspec.Struct, frozen=True):
    """A tenant's defaults as stored."""

    tenant: bytes
    channels: int
    hourly_limit: int | None
    updated_at: int


class TenantRulesOf(FromTenants[TenantRulesRow], frozen=True):
    """The defaults of those of the tenants who set any."""


class PreferenceRow(msgspec.Struct, frozen=True, gc=False):
    """One choice of a user; `enabled` may be 0 or 1."""

    tenant: bytes
    user: bytes
    category: str
    channel: int
    enabled: bool


class PreferencesOf(FromTenants[PreferenceRow], frozen=True):
    """All choices of these users."""

    users: tuple[bytes, ...]


class RoutedRow(msgspec.Struct, frozen=True, gc=False):
    """A delivery that went on its way to a user."""

    tenant: bytes
    user: bytes
    notification: bytes
    step: int
    created_at: int

    @property
    def key(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step


class RecentDeliveries(FromTenants[RoutedRow], frozen=True):
    """What these users have had since `since_us`, each user's newest first, at most `most` for each.

    A delivery that a rule stopped, that was taken back or that came too late is none that the user has had.
    """

    users: tuple[bytes, ...]
    since_us: int
    most: int
