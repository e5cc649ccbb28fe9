"""Mark items of the caller's own inbox as seen, read, archived and back."""

from collections.abc import Sequence

import msgspec

from engines.broadcast.base import Broadcast
from engines.store.base import Store
from engines.store.operations import Marked
from engines.store.operations import MarkInbox as Write
from errors import InvalidInput
from models.clock import Clock
from models.ids import INBOX_ITEM, DeliveryKey, decode, delivery_key
from models.principal import Permission, Principal
from models.vocabulary import InboxMark
from usecases.inbox_cursor import InboxCursors

MAX_ITEMS = 500
EVERYTHING = (1 << 62) - 1


class Selection(msgspec.Struct, frozen=True):
    """Which items: exactly one field is filled."""

    ids: tuple[str, ...] | None = None
    all: bool | None = None
    before: str | None = None
    """A cursor: that event and all older ones."""


class MarkInbox:
    """Answers how many items changed, and what is unread after it."""

    def __init__(self, store: Store, broadcast: Broadcast, cursors: InboxCursors, clock: Clock) -> None:
        self._store = store
        self._broadcast = broadcast
        self._cursors = cursors
        self._clock = clock

    async def __call__(self, caller: Principal, which: Selection, mark: InboxMark) -> Marked:
        """Mark.

        Raises:
            Forbidden: the caller speaks for no user.
            InvalidInput: no or several selections, an id that is no item of this inbox (nothing is marked then only
                if no id is), or a cursor of another user.
        """
        caller.require(Permission.MARK_INBOX)
        if len([name for name in which.__struct_fields__ if getattr(which, name) is not None]) != 1:
            raise InvalidInput("expected exactly one of ids, all, before", path=("which",))
        user = caller.user or b""
        if which.ids is not None:
            marked = await self._mark_items(caller.tenant, user, which.ids, mark)
        else:
            marked = await self._mark_older(caller.tenant, user, self._up_to(caller.tenant, user, which), mark)
        if marked.changed:
            await self._broadcast.ring([(caller.tenant, user)])
        if marked.missing:
            raise InvalidInput("no item of this inbox", path=("which", "ids", str(marked.missing[0])))
        return marked

    async def _mark_items(self, tenant: bytes, user: bytes, ids: Sequence[str], mark: InboxMark) -> Marked:
        if not 1 <= len(ids) <= MAX_ITEMS:
            raise InvalidInput(f"expected 1 to {MAX_ITEMS} ids, got {len(ids)}", path=("which", "ids"))
        keys = tuple([_item(place, text, user) for place, text in enumerate(ids)])
        return await self._store.write(Write(tenant, user, mark, self._clock.now_us(), items=keys))

    async def _mark_older(self, tenant: bytes, user: bytes, up_to: int, mark: InboxMark) -> Marked:
        """All of them, in pieces, so that one large inbox never holds up the writer."""
        changed = 0
        while True:
            piece = Write(tenant, user, mark, self._clock.now_us(), up_to_seq=up_to, limit=MAX_ITEMS)
            marked = await self._store.write(piece)
            changed += marked.changed
            if marked.changed < MAX_ITEMS:
                return Marked(changed, marked.unread)

    def _up_to(self, tenant: bytes, user: bytes, which: Selection) -> int:
        if which.before is None:
            if not which.all:
                raise InvalidInput("expected true", path=("which", "all"))
            return EVERYTHING
        place = self._cursors.read(tenant, user, which.before)
        if place is None:
            raise InvalidInput("expected a cursor of this inbox", path=("which", "before"))
        return place.seq


def _item(place: int, text: str, user: bytes) -> DeliveryKey:
    path = ("which", "ids", str(place))
    try:
        key = delivery_key(decode(INBOX_ITEM, text))
    except InvalidInput as error:
        raise InvalidInput(error.message, path=path) from error
    if key[1] != user:
        raise InvalidInput("no item of this inbox", path=path)
    return key
