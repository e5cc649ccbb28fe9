"""Read a tenant's audit log in pages, newest first, with a filter or without. Used by every door."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import AuditEntries, AuditHeads, AuditPage, AuditRow
from errors import InvalidInput
from models import ids
from models.paging import Cursors, ListKind, Page, Paging, Window, listing
from models.principal import Permission, Principal
from models.vocabulary import AuditAction

LOOKED_AT = 10_000
"""Entries that one page with a filter reads over at most; it may have fewer items then, and still go on."""
ACTORS = (ids.KEY, ids.MEMBER, ids.USER)
_BEYOND = 1 << 62


class AuditFilter(msgspec.Struct, frozen=True):
    """Which entries; None filters nothing. Times are microseconds since 1970 UTC: from, and before."""

    action: AuditAction | None = None
    actor: str | None = None
    subject: str | None = None
    from_us: int | None = None
    until_us: int | None = None


class ReadAuditLog:
    """Entries by page or by number.

    Args:
        looked_at: how many entries a page with a filter reads over at most.
    """

    def __init__(self, store: Store, sealer: Sealer, looked_at: int = LOOKED_AT) -> None:
        self._looked_at = looked_at
        self._store = store
        self._sealer = sealer

    async def __call__(self, caller: Principal, wanted: AuditFilter, paging: Paging) -> Page[AuditRow]:
        """A page.

        Raises:
            Forbidden: the caller may not read the audit log.
            InvalidInput: a filter or a cursor that is none of this list.
        """
        caller.require(Permission.READ_AUDIT_LOG)
        actor = _actor(wanted.actor)
        cursors, of = Cursors(self._sealer, caller.tenant), listing(ListKind.AUDIT_LOG, wanted)
        window = cursors.window(of, paging)
        after, before = await self._bounds(caller.tenant, wanted, window)
        rows = await self._store.read(
            AuditPage(
                tenant=caller.tenant,
                after_seq=after,
                before_seq=before,
                limit=window.limit,
                newest_first=not window.backward,
                action=wanted.action,
                actor=actor,
                subject=wanted.subject,
                from_us=wanted.from_us,
                until_us=wanted.until_us,
            )
        )
        return cursors.page(
            of, window, rows, lambda row: _place(row.seq), await self._spent(caller, window, after, before)
        )

    async def entries(self, caller: Principal, seqs: tuple[int, ...]) -> dict[int, AuditRow]:
        """Those of the entries that are there.

        Raises:
            Forbidden: the caller may not read the audit log.
        """
        caller.require(Permission.READ_AUDIT_LOG)
        return {row.seq: row for row in await self._store.read(AuditEntries(caller.tenant, seqs))}

    async def _bounds(self, tenant: bytes, wanted: AuditFilter, window: Window) -> tuple[int, int]:
        """Between which numbers the page is looked for."""
        place = None if window.place is None else int.from_bytes(window.place)
        filtered = wanted != AuditFilter()
        if window.backward:
            after = place or 0
            return after, after + 1 + self._looked_at if filtered else _BEYOND
        before = await self._head(tenant) + 1 if place is None else place
        return max(0, before - 1 - self._looked_at) if filtered else 0, before

    async def _spent(self, caller: Principal, window: Window, after: int, before: int) -> bytes | None:
        """The last place that was looked at, where the list goes on beyond it."""
        if not window.backward:
            return _place(after + 1) if after > 0 else None
        if before == _BEYOND:
            return None
        return _place(before - 1) if before - 1 < await self._head(caller.tenant) else None

    async def _head(self, tenant: bytes) -> int:
        heads = await self._store.read(AuditHeads((tenant,)))
        return heads[0].seq if heads else 0


def _place(seq: int) -> bytes:
    return seq.to_bytes(8)


def _actor(text: str | None) -> bytes | None:
    """The bytes of an actor's id.

    Raises:
        InvalidInput: nobody who acts has such an id.
    """
    if text is None:
        return None
    found = [raw for prefix in ACTORS if (raw := ids.try_decode(prefix, text)) is not None]
    if not found:
        kinds = ", ".join([f"{prefix}_…" for prefix in ACTORS])
        raise InvalidInput(f"expected an id as the API gave it ({kinds}), got {text[:80]!r}", path=("filter", "actor"))
    return found[0]
