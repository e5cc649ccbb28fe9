"""Reads of idempotency records. Run by the stores' readers."""

from engines.store import queries as q
from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.transactions.accepting import KEY, KEY_LIFETIME_US, SEND
from models import tables


def send_records(d: Dialect, query: q.SendRecords) -> Transaction[list[q.RecordRow]]:
    """Those younger than a day."""
    keys: set[Row] = {(query.tenant, SEND, key_hash) for key_hash in query.key_hashes}
    columns = ("key_hash", "fingerprint", "outcome_id", "created_at")
    rows = yield from d.lookup(tables.idempotency_keys, KEY, keys, columns)
    return [q.RecordRow(*row[:3]) for row in rows if int(row[3]) > query.now_us - KEY_LIFETIME_US]
