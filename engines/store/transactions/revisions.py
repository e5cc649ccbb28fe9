"""Revisions: what is cached is cached by its number, which the changing transaction raises. Called by other bodies."""

from collections.abc import Collection

from engines.store.dialect.base import Dialect, Row, Transaction
from models import tables
from models.vocabulary import RevisionKind

KEY = ("tenant_id", "kind")


def raise_revisions(d: Dialect, changed: Collection[tuple[bytes, RevisionKind]]) -> Transaction[None]:
    """One more for each (tenant, kind)."""
    keys: list[Row] = sorted({(tenant, int(kind)) for tenant, kind in changed})
    yield from d.insert_new(tables.revisions, (*KEY, "revision"), KEY, [(*key, 0) for key in keys])
    found = yield from d.lookup(tables.revisions, KEY, keys, (*KEY, "revision"), lock=True)
    raised: list[Row] = [(tenant, kind, revision + 1) for tenant, kind, revision in found]
    yield from d.update(tables.revisions, KEY, ("revision",), raised)
