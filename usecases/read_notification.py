"""Read one notification with what became of it: counts by state, and a page of its deliveries. Used by REST."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from engines.store.base import Store
from engines.store.queries import (
    DeliveriesOf,
    DeliveryRow,
    NotificationRow,
    NotificationsById,
    StateCountRow,
    StateCounts,
)
from errors import NotFound
from models.clock import Clock
from models.paging import Authenticator, Cursors, ListKind, Paging, listing
from models.principal import Permission, Principal

_START = bytes(18)


class NotificationFound(msgspec.Struct, frozen=True):
    """A notification as it stands at `now_us`."""

    row: NotificationRow
    counts: Sequence[StateCountRow]
    deliveries: Sequence[DeliveryRow]
    """A page, in the order of users' ids."""
    next_cursor: str | None
    now_us: int


class ReadNotification:
    """Gives a notification of the caller's tenant.

    Args:
        authenticator: guards the cursors of the deliveries.
    """

    def __init__(self, store: Store, authenticator: Authenticator, clock: Clock) -> None:
        self._store = store
        self._authenticator = authenticator
        self._clock = clock

    async def __call__(self, caller: Principal, id_: bytes, size: int, after: str | None) -> NotificationFound:
        """The notification, and at most `size` deliveries after the cursor `after`.

        Raises:
            Forbidden: the caller may not follow notifications.
            InvalidInput: `after` is no cursor of this notification's deliveries.
            NotFound: there is none, or it is another tenant's.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_NOTIFICATIONS)
        tenants = (caller.tenant,)
        cursors, of = Cursors(self._authenticator, caller.tenant), listing(ListKind.DELIVERIES, id_)
        window = cursors.window(of, Paging(first=size, after=after))
        place = window.place or _START
        user, step = place[:16], int.from_bytes(place[16:])
        found, counts, rows = await asyncio.gather(
            self._store.read(NotificationsById(tenants, (id_,))),
            self._store.read(StateCounts(tenants, (id_,))),
            self._store.read(DeliveriesOf(tenants, id_, user, step, window.limit)),
        )
        if not found:
            raise NotFound("there is no such notification", path=("id",))
        page = cursors.page(of, window, rows, _place)
        next_cursor = page.end if page.has_next else None
        return NotificationFound(found[0], counts, page.items, next_cursor, self._clock.now_us())

    async def waited(self, caller: Principal, id_: bytes) -> bool:
        """Whether a notification of the caller's tenant was to wait for its time when it was accepted.

        Raises:
            Unavailable: the store does not answer.
        """
        found = await self._store.read(NotificationsById((caller.tenant,), (id_,)))
        return any(row.send_at is not None for row in found)

    async def progress(self, caller: Principal, rows: Sequence[NotificationRow]) -> list[NotificationFound]:
        """How far notifications of the caller's tenant are, in order; without their deliveries.

        Raises:
            Unavailable: the store does not answer.
        """
        ids = tuple([row.id for row in rows])
        found = await self._store.read(StateCounts((caller.tenant,), ids)) if ids else ()
        counts: defaultdict[bytes, list[StateCountRow]] = defaultdict(list)
        for one in found:
            counts[one.notification].append(one)
        now_us = self._clock.now_us()
        return [NotificationFound(row, counts[row.id], (), None, now_us) for row in rows]


def _place(row: DeliveryRow) -> bytes:
    return row.user + row.step.to_bytes(2)
