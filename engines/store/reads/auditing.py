"""Reads of the audit log. Each walks the tenant's chain by its number; what a filter leaves out is read over."""

from collections.abc import Iterator

from engines.store import queries as q
from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.transactions.auditing import COLUMNS
from models import tables as t


def audit_page(d: Dialect, query: q.AuditPage) -> Transaction[list[q.AuditRow]]:
    """Entries between two places."""
    conditions = dict(_conditions(query))
    order = "DESC" if query.newest_first else "ASC"
    text = f"SELECT {', '.join(COLUMNS)} FROM audit_log WHERE {' AND '.join(conditions)} ORDER BY seq {order} LIMIT ?"
    rows = yield from d.fetch(text, (*conditions.values(), query.limit))
    return [q.AuditRow(*row) for row in rows]


def _conditions(query: q.AuditPage) -> Iterator[tuple[str, object]]:
    yield "tenant_id = ?", query.tenant
    yield "seq > ?", query.after_seq
    yield "seq < ?", query.before_seq
    filters = {
        "action = ?": query.action,
        "actor = ?": query.actor,
        "subject = ?": query.subject,
        "at >= ?": query.from_us,
        "at < ?": query.until_us,
    }
    yield from ((condition, value) for condition, value in filters.items() if value is not None)


def audit_entries(d: Dialect, query: q.AuditEntries) -> Transaction[list[q.AuditRow]]:
    """Entries by number."""
    keys: set[Row] = {(query.tenant, seq) for seq in query.seqs}
    rows = yield from d.lookup(t.audit_log, ("tenant_id", "seq"), keys, COLUMNS)
    return [q.AuditRow(*row) for row in rows]
