"""A tenant's templates, and the published versions of one: pages for readers. Used by every door."""

from engines.store.base import Store
from engines.store.queries import (
    TemplateByKey,
    TemplateRow,
    TemplatesAfter,
    TemplatesBefore,
    TemplateVersionRow,
    TemplateVersionsBelow,
)
from models.paging import Authenticator, Cursors, ListKind, Page, Paging, listing
from models.principal import Permission, Principal

_FIRST = bytes(16)
_BEHIND_LAST = b"\xff" * 16
_NEWEST = (1 << 31) - 1


class ListTemplates:
    """Rows only; what templates say is for those who may manage them.

    Args:
        authenticator: guards the cursors.
    """

    def __init__(self, store: Store, authenticator: Authenticator) -> None:
        self._store = store
        self._authenticator = authenticator

    async def __call__(self, caller: Principal, paging: Paging) -> Page[TemplateRow]:
        """A page in the order in which they were made.

        Raises:
            Forbidden: the caller may not read the tenant's rules.
            InvalidInput: `paging` goes both ways, or its cursor is none of this list.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_RULES)
        cursors, of = Cursors(self._authenticator, caller.tenant), listing(ListKind.TEMPLATES)
        window = cursors.window(of, paging)
        if window.backward:
            rows = await self._store.read(TemplatesBefore(caller.tenant, window.place or _BEHIND_LAST, window.limit))
        else:
            rows = await self._store.read(TemplatesAfter(caller.tenant, window.place or _FIRST, window.limit))
        return cursors.page(of, window, rows, lambda row: row.id)

    async def by_key(self, caller: Principal, key: str) -> TemplateRow | None:
        """The template with this key; None where there is none.

        Raises:
            Forbidden: the caller may not read the tenant's rules.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_RULES)
        rows = await self._store.read(TemplateByKey(caller.tenant, key))
        return rows[0] if rows else None

    async def versions(self, caller: Principal, template: bytes, paging: Paging) -> Page[TemplateVersionRow]:
        """Published versions, newest first, forward only.

        Raises:
            Forbidden: the caller may not read the tenant's rules.
            InvalidInput: the cursor is none of this list.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_RULES)
        cursors, of = Cursors(self._authenticator, caller.tenant), listing(ListKind.TEMPLATE_VERSIONS, template)
        window = cursors.window(of, paging)
        below = int.from_bytes(window.place) if window.place is not None else _NEWEST
        rows = await self._store.read(TemplateVersionsBelow(caller.tenant, template, below, window.limit))
        return cursors.page(of, window, rows, lambda row: row.number.to_bytes(4))
