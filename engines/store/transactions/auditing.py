"""The audit log: one hash chain a tenant, written in the transaction that makes the change. Called by other bodies.

Each entry's hash is SHA-256 over the hash before it and the entry's own fields, so an entry that is changed, removed or
slipped in breaks the chain from its place on. The head row is locked first: entries of a tenant have one order.
"""

from collections.abc import Collection, Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations.auditing import GENESIS, AuditEntry, chained, entry_values
from models import tables

HEAD = ("tenant_id", "seq", "hash")
COLUMNS = (
    "tenant_id", "seq", "at", "actor_role", "actor", "actor_name", "action", "subject", "before", "after", "previous",
    "hash",
)  # fmt: skip

Recorded = tuple[bytes, AuditEntry]
"""(tenant, entry)."""
Heads = dict[bytes, tuple[int, bytes]]
"""Tenant → number and hash of its last entry."""


def lock_heads(d: Dialect, tenants: Collection[bytes]) -> Transaction[Heads]:
    """The heads of these tenants' chains. Until the transaction ends, nobody else records anything in them."""
    ordered = sorted(set(tenants))
    newborn: list[Row] = [(tenant, 0, GENESIS) for tenant in ordered]
    yield from d.insert_new(tables.audit_heads, HEAD, ("tenant_id",), newborn)
    found = yield from d.lookup(tables.audit_heads, ("tenant_id",), [(one,) for one in ordered], HEAD, lock=True)
    return {tenant: (seq, hash_) for tenant, seq, hash_ in found}


def record(d: Dialect, entries: Sequence[Recorded]) -> Transaction[None]:
    """Append entries, each to its tenant's chain, in the order given."""
    if not entries:
        return
    heads = yield from lock_heads(d, {tenant for tenant, _ in entries})
    rows: list[Row] = []
    for tenant, entry in entries:
        seq, previous = heads[tenant]
        link = chained(tenant, seq + 1, previous, entry)
        heads[tenant] = (seq + 1, link)
        rows.append((tenant, seq + 1, *entry_values(entry), previous, link))
    yield from d.insert(tables.audit_log, COLUMNS, rows)
    yield from d.update(
        tables.audit_heads, ("tenant_id",), ("seq", "hash"), [(tenant, *head) for tenant, head in heads.items()]
    )
