"""Walk a tenant's audit log from first to last and say where it was tampered with. Called by the audit command."""

import msgspec

from engines.store.base import Store
from engines.store.operations.auditing import GENESIS, chained
from engines.store.queries import AuditHeads, AuditPage, AuditRow

PIECE = 1_000
"""Entries of one read."""


class Verdict(msgspec.Struct, frozen=True):
    """How many entries hold, the hash of the last of them, and what is wrong with the next, if anything is."""

    entries: int
    hash: bytes
    fault: str | None

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return self.fault is None


class VerifyAudit:
    """Reads in pieces, so that a long log holds nothing up. What is written meanwhile is left for the next time.

    Who can write to the database past its grants could make a whole new chain: keep a hash that was printed elsewhere.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, tenant: bytes) -> Verdict:
        """The first entry that breaks the chain, or how many there are."""
        heads = await self._store.read(AuditHeads((tenant,)))
        last, head = (heads[0].seq, heads[0].hash) if heads else (0, GENESIS)
        seq, previous = 0, GENESIS
        while rows := await self._store.read(AuditPage(tenant, seq, last + 1, PIECE, newest_first=False)):
            for row in rows:
                fault = _fault(row, seq + 1, previous)
                if fault is not None:
                    return Verdict(seq, previous, fault)
                seq, previous = row.seq, row.hash
        if (seq, previous) != (last, head):
            return Verdict(seq, previous, f"entry {seq + 1} is missing: the log should end with entry {last}")
        return Verdict(seq, previous, await self._beyond(tenant, last))

    async def _beyond(self, tenant: bytes, last: int) -> str | None:
        """What is there after the last entry although the head, read again, knows nothing of it."""
        rows = await self._store.read(AuditPage(tenant, last, 1 << 62, 1, newest_first=True))
        heads = await self._store.read(AuditHeads((tenant,)))
        known = heads[0].seq if heads else 0
        return f"entry {rows[0].seq} was slipped in at the end" if rows and rows[0].seq > known else None


def _fault(row: AuditRow, seq: int, previous: bytes) -> str | None:
    if row.seq != seq:
        return f"entry {seq} is missing"
    if row.previous != previous:
        return f"entry {seq} does not follow the one before it"
    try:
        made = chained(row.tenant, row.seq, row.previous, row.entry())
    except ValueError:
        return f"entry {seq} holds a role or an action that is none"
    return None if made == row.hash else f"entry {seq} was changed"
