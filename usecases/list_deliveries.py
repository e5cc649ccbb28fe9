"""List deliveries: of a notification, of a user, or a tenant's by time. Used by every door."""

from collections.abc import Callable

from engines.secrets.sealer import Sealer
from engines.store.base import Query, Store
from engines.store.queries import (
    DeliveriesOfTenant,
    DeliveriesOfUser,
    DeliveriesPage,
    DeliveriesPages,
    DeliveryRow,
    Stretch,
)
from models.history import DeliveryFilter, Span
from models.ids import delivery_bytes
from models.paging import Cursors, ListKind, Page, Paging, Window, listing
from models.principal import Permission, Principal
from usecases.find_user import FindUser
from usecases.history_filters import check_deliveries, notification_of


class ListDeliveries:
    """A page: of a notification in the order of its users' ids, else newest first."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._find_user = FindUser(store, sealer)

    async def __call__(self, caller: Principal, wanted: DeliveryFilter, paging: Paging) -> Page[DeliveryRow]:
        """Deliveries; a tenant's are those of its newest notifications first.

        Raises:
            Forbidden: the caller may not follow notifications, or not look for users by externalId.
            FilterNotIndexed: see `usecases.history_filters`.
            InvalidInput: a value that cannot be, or a cursor of another list.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_NOTIFICATIONS)
        check_deliveries(wanted)
        kind, place_of = _kind(wanted)
        cursors, of = Cursors(self._sealer, caller.tenant), listing(kind, wanted)
        window = cursors.window(of, paging)
        query = await self._query(caller, wanted, window)
        found = (await self._store.read(query))[0] if query is not None else Stretch[DeliveryRow](())
        return cursors.page(of, window, found.rows, place_of, found.spent_at)

    async def _query(
        self, caller: Principal, wanted: DeliveryFilter, window: Window
    ) -> Query[Stretch[DeliveryRow]] | None:
        """None: of somebody whom nobody knows."""
        tenant, limit, backward, tests = caller.tenant, window.limit, window.backward, wanted.tests
        by_user = wanted.user is not None or wanted.external_id is not None
        user = await self._find_user(caller, wanted.user, wanted.external_id, "filter") if by_user else None
        if by_user and user is None:
            return None
        if wanted.notification is not None:
            told = notification_of(wanted.notification, ("filter", "notification"))
            return DeliveriesPages(tenant, (DeliveriesPage(told, window.place, user),), limit, backward, tests)
        if user is not None:
            return DeliveriesOfUser(tenant, user, window.place, limit, backward, tests)
        return DeliveriesOfTenant(tenant, tests.accepted or Span(), window.place, limit, backward)


def _kind(wanted: DeliveryFilter) -> tuple[ListKind, Callable[[DeliveryRow], bytes]]:
    if wanted.notification is not None:
        return ListKind.DELIVERIES, place_in_notification
    if wanted.user is not None or wanted.external_id is not None:
        return ListKind.DELIVERIES_OF_USER, _of_user
    return ListKind.DELIVERIES_OF_TENANT, _of_tenant


def place_in_notification(row: DeliveryRow) -> bytes:
    """Where a delivery stands in its notification: 18 bytes."""
    return row.user + row.step.to_bytes(2)


def _of_user(row: DeliveryRow) -> bytes:
    return row.created_at.to_bytes(8) + row.notification + row.step.to_bytes(2)


def _of_tenant(row: DeliveryRow) -> bytes:
    return delivery_bytes(row.key)
