"""List dead letters: deliveries that were given up, refused for good, or are held in doubt. Used by every door."""

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import DeadLetterRow, DeadLettersPage, Stretch
from models.history import DeadLetterFilter, Span
from models.paging import Cursors, ListKind, Page, Paging, listing
from models.principal import Permission, Principal
from usecases.find_user import FindUser
from usecases.history_filters import check_dead_letters, deliveries_of, notification_of


class DeadLetters:
    """Finds dead letters, newest first. Used by the listing and by the replay."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._find_user = FindUser(store, sealer)

    async def __call__(
        self, caller: Principal, wanted: DeadLetterFilter, place: bytes | None, limit: int, *, backward: bool = False
    ) -> Stretch[DeadLetterRow]:
        """At most `limit` of them, behind a place.

        Raises:
            Forbidden: the caller may not look for users by externalId.
            InvalidInput: a value that cannot be.
        """
        check_dead_letters(wanted)
        told = notification_of(wanted.notification, ("filter", "notification")) if wanted.notification else None
        named = deliveries_of(wanted)
        by_user = wanted.user is not None or wanted.external_id is not None
        user = await self._find_user(caller, wanted.user, wanted.external_id, "filter") if by_user else None
        if by_user and user is None:
            return Stretch(())
        span = wanted.created or Span()
        query = DeadLettersPage(
            caller.tenant, span, place, limit, backward, notification=told, deliveries=named, user=user,
            reasons=wanted.reasons,
        )  # fmt: skip
        [found] = await self._store.read(query)
        return found


class ListDeadLetters:
    """A page, newest first."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._sealer = sealer
        self._find = DeadLetters(store, sealer)

    async def __call__(self, caller: Principal, wanted: DeadLetterFilter, paging: Paging) -> Page[DeadLetterRow]:
        """Dead letters.

        Raises:
            Forbidden: the caller may not follow notifications, or not look for users by externalId.
            InvalidInput: a value that cannot be, or a cursor of another list.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_NOTIFICATIONS)
        cursors, of = Cursors(self._sealer, caller.tenant), listing(ListKind.DEAD_LETTERS, wanted)
        window = cursors.window(of, paging)
        found = await self._find(caller, wanted, window.place, window.limit, backward=window.backward)
        return cursors.page(of, window, found.rows, _place, found.spent_at)


def _place(row: DeadLetterRow) -> bytes:
    return row.place
