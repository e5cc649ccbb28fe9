"""What history is filtered by, as every door hands it over: plain values. Checked by use cases, run by the store."""

import msgspec

EVER = 1 << 62
"""Microseconds since 1970 UTC that nothing reaches."""


class Span(msgspec.Struct, frozen=True):
    """A stretch of time: `from_us` is within, `until_us` is not; microseconds since 1970 UTC."""

    from_us: int = 0
    until_us: int = EVER


class Tests(msgspec.Struct, frozen=True):
    """What rows are tested for; None tests nothing. All that is given must hold."""

    states: tuple[int, ...] | None = None
    """States of deliveries as told: SENDING is one of them."""
    reasons: tuple[int, ...] | None = None
    channels: tuple[int, ...] | None = None
    provider: str | None = None
    categories: tuple[str, ...] | None = None
    priorities: tuple[int, ...] | None = None
    template: str | None = None
    """A template's key."""
    labels: dict[str, object] | None = None
    """Each of these must be there with this value."""
    accepted: Span | None = None
    """When the notification was accepted."""

    @property
    def ask_notification(self) -> bool:
        """Whether a delivery's notification has to be read."""
        return any(one is not None for one in (self.categories, self.priorities, self.labels, self.accepted))

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__struct_fields__)


class NotificationFilter(msgspec.Struct, frozen=True):
    """Which notifications. A user is named by `usr_…` or by the tenant's own id, not by both."""

    user: str | None = None
    external_id: str | None = None
    tests: Tests = Tests()


class DeliveryFilter(msgspec.Struct, frozen=True):
    """Which deliveries."""

    notification: str | None = None
    user: str | None = None
    external_id: str | None = None
    tests: Tests = Tests()


class DeadLetterFilter(msgspec.Struct, frozen=True):
    """Which dead letters."""

    notification: str | None = None
    user: str | None = None
    external_id: str | None = None
    deliveries: tuple[str, ...] | None = None
    """`dlv_…`"""
    reasons: tuple[int, ...] | None = None
    created: Span | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__struct_fields__)
