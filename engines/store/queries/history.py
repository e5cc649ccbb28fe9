"""History: pages of notifications, deliveries and dead letters. Each is a stretch of an index, in either direction.

What no index serves is tested row by row within such a stretch, and no more than `LOOKED_AT` rows of it are looked at
for one page: a page that ends there says so, and the next one goes on behind it.
"""

from typing import Generic, TypeVar

import msgspec

from engines.store.base import FromTenant
from engines.store.queries.notifications import DeliveryRow, NotificationRow
from models.history import Span, Tests
from models.ids import DeliveryKey

R = TypeVar("R")

LOOKED_AT = 2_000
"""Rows that are looked at for a page whose rows are tested."""
LOOKED_AT_TOGETHER = 10_000
"""Rows that are looked at for all pages of one read."""
PASSED_OVER = 2_000
"""Notifications that are looked at for one page of a tenant's deliveries."""
LEAST_ID, GREATEST_ID = bytes(16), b"\xff" * 16
LEAST_STEP, GREATEST_STEP = -1, (1 << 15) - 1


class Stretch(msgspec.Struct, Generic[R], frozen=True):
    """Rows in reading order that passed their tests, at most as many as asked for."""

    rows: tuple[R, ...]
    spent_at: bytes | None = None
    """The place of the last row looked at, where that was the last one that may be."""


class NotificationsPage(FromTenant[Stretch[NotificationRow]], frozen=True):
    """Notifications of a tenant by id, newest first or, with `backward`, oldest first. One stretch."""

    span: Span
    place: bytes | None
    """The id that the rows follow."""
    limit: int
    backward: bool


class NotificationsOfUser(FromTenant[Stretch["UsersNotification"]], frozen=True):
    """Notifications that were worked out for a user, by (time of that, id), newest first or backward. One stretch."""

    user: bytes
    place: bytes | None
    limit: int
    backward: bool
    tests: Tests = Tests()
    look_at: int = LOOKED_AT


class UsersNotification(msgspec.Struct, frozen=True):
    """A notification, and when it was worked out for the user."""

    row: NotificationRow
    expanded_at: int

    @property
    def place(self) -> bytes:
        """24 bytes."""
        return self.expanded_at.to_bytes(8) + self.row.id


class DeliveriesPage(msgspec.Struct, frozen=True):
    """What to read of one notification: the deliveries that follow a place, of all users or of one."""

    notification: bytes
    place: bytes | None
    user: bytes | None = None


class DeliveriesPages(FromTenant[Stretch[DeliveryRow]], frozen=True):
    """Deliveries of several notifications by (user, step), forward or backward. A stretch for each page, in order."""

    pages: tuple[DeliveriesPage, ...]
    limit: int
    backward: bool
    tests: Tests = Tests()
    look_at: int = LOOKED_AT


class DeliveriesOfUser(FromTenant[Stretch[DeliveryRow]], frozen=True):
    """Deliveries of a user by (created, notification, step), newest first or backward. One stretch."""

    user: bytes
    place: bytes | None
    limit: int
    backward: bool
    tests: Tests = Tests()
    look_at: int = LOOKED_AT


class DeliveriesOfTenant(FromTenant[Stretch[DeliveryRow]], frozen=True):
    """Deliveries of a tenant by (notification, user, step), newest first or backward. One stretch."""

    span: Span
    """Of acceptance."""
    place: bytes | None
    limit: int
    backward: bool
    pass_over: int = PASSED_OVER
    """Notifications at the most; those that wait have no deliveries yet."""


class DeadLetterRow(msgspec.Struct, frozen=True):
    """A delivery that was given up, refused for good, or is in doubt."""

    tenant: bytes
    notification: bytes
    user: bytes
    step: int
    reason: int
    created_at: int

    @property
    def key(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step

    @property
    def place(self) -> bytes:
        """42 bytes."""
        return self.created_at.to_bytes(8) + self.notification + self.user + self.step.to_bytes(2)


class DeadLettersPage(FromTenant[Stretch[DeadLetterRow]], frozen=True):
    """Dead letters by (time, notification, user, step), newest first or backward. One stretch.

    Of one notification, or of named deliveries, all are looked at.
    """

    span: Span
    place: bytes | None
    limit: int
    backward: bool
    notification: bytes | None = None
    deliveries: tuple[DeliveryKey, ...] | None = None
    user: bytes | None = None
    reasons: tuple[int, ...] | None = None
    look_at: int = LOOKED_AT


class Replayable(FromTenant["ReplayableRow"], frozen=True):
    """What decides whether these deliveries can be sent again; those that are gone are left out."""

    keys: tuple[DeliveryKey, ...]


class ReplayableRow(msgspec.Struct, frozen=True):
    """A delivery with what its notification says about sending it again."""

    notification: bytes
    user: bytes
    step: int
    state: int
    expires_at: int | None
    cancelled_at: int | None

    @property
    def key(self) -> DeliveryKey:
        """(notification, user, step)."""
        return self.notification, self.user, self.step
