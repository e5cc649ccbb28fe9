"""List notifications: a tenant's by time, or a user's. Used by every door."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import NotificationRow, NotificationsOfUser, NotificationsPage, Stretch, UsersNotification
from models.history import NotificationFilter, Span
from models.paging import Cursors, Listing, ListKind, Page, Paging, Window, listing
from models.principal import Permission, Principal
from usecases.find_user import FindUser
from usecases.history_filters import check_notifications


class ListNotifications:
    """A page, newest first; what comes in while a caller pages forward stands before the first page."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._find_user = FindUser(store, sealer)

    async def __call__(self, caller: Principal, wanted: NotificationFilter, paging: Paging) -> Page[NotificationRow]:
        """Notifications by id, which is by the time of acceptance; a user's by the time they were worked out.

        Raises:
            Forbidden: the caller may not follow notifications, or not look for users by externalId.
            FilterNotIndexed: see `usecases.history_filters`.
            InvalidInput: a value that cannot be, or a cursor of another list.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_NOTIFICATIONS)
        check_notifications(wanted)
        cursors = Cursors(self._sealer, caller.tenant)
        if wanted.user is None and wanted.external_id is None:
            return await self._of_tenant(caller.tenant, wanted, cursors, paging)
        return await self._of_user(caller, wanted, cursors, paging)

    async def _of_tenant(
        self, tenant: bytes, wanted: NotificationFilter, cursors: Cursors, paging: Paging
    ) -> Page[NotificationRow]:
        of = listing(ListKind.NOTIFICATIONS, wanted)
        window = cursors.window(of, paging)
        span = wanted.tests.accepted or Span()
        [found] = await self._store.read(NotificationsPage(tenant, span, window.place, window.limit, window.backward))
        return cursors.page(of, window, found.rows, _id)

    async def _of_user(
        self, caller: Principal, wanted: NotificationFilter, cursors: Cursors, paging: Paging
    ) -> Page[NotificationRow]:
        of = listing(ListKind.NOTIFICATIONS_OF_USER, wanted)
        window = cursors.window(of, paging)
        user = await self._find_user(caller, wanted.user, wanted.external_id, "filter")
        found = await self._read(caller.tenant, user, wanted, window)
        return _without_times(cursors, of, window, found)

    async def _read(
        self, tenant: bytes, user: bytes | None, wanted: NotificationFilter, window: Window
    ) -> Stretch[UsersNotification]:
        if user is None:
            return Stretch(())
        query = NotificationsOfUser(tenant, user, window.place, window.limit, window.backward, wanted.tests)
        [found] = await self._store.read(query)
        return found


def _without_times(
    cursors: Cursors, of: Listing, window: Window, found: Stretch[UsersNotification]
) -> Page[NotificationRow]:
    page = cursors.page(of, window, found.rows, _place, found.spent_at)
    return Page([one.row for one in page.items], *msgspec.structs.astuple(page)[1:])


def _id(row: NotificationRow) -> bytes:
    return row.id


def _place(one: UsersNotification) -> bytes:
    return one.place
