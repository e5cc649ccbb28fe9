"""Tests of rows that no index serves, made on a bounded stretch of one. Called by the reads of history."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.queries.notifications import DeliveryRow
from engines.store.reads.deliveries import DELIVERY_COLUMNS, told_deliveries
from models import tables as t
from models.history import Span, Tests
from models.states import as_told

FACTS = ("tenant_id", "id", "category", "priority", "labels", "created_at", "template_version_id")
_LABELS = msgspec.json.Decoder(dict)
_CHANNEL, _REASON, _PROVIDER, _VERSION = [
    DELIVERY_COLUMNS.index(name) for name in ("channel", "reason", "provider", "template_version_id")
]


def sifted(d: Dialect, tenant: bytes, rows: Sequence[Row], tests: Tests, most: int) -> Transaction[list[DeliveryRow]]:
    """The first `most` of some deliveries (values of `DELIVERY_COLUMNS`) that pass, in their order."""
    kept = [row for row in rows if _passes(row, tests)]
    kept = yield from _of_template(d, tenant, kept, tests.template)
    if tests.ask_notification:
        facts = yield from facts_of(d, tenant, {row[1] for row in kept})
        kept = [row for row in kept if row[1] in facts and told_by(facts[row[1]], tests)]
    if tests.states is None:
        return (yield from told_deliveries(d, kept[:most]))
    found = yield from told_deliveries(d, kept)
    return [one for one in found if as_told(one.state, under_way=bool(one.under_way)) in tests.states][:most]


def _passes(row: Row, tests: Tests) -> bool:
    return (
        (tests.channels is None or row[_CHANNEL] in tests.channels)
        and (tests.reasons is None or row[_REASON] in tests.reasons)
        and (tests.provider is None or row[_PROVIDER] == tests.provider)
    )


def _of_template(d: Dialect, tenant: bytes, rows: list[Row], template: str | None) -> Transaction[list[Row]]:
    if template is None:
        return rows
    versions = yield from versions_of(d, tenant, template, {row[_VERSION] for row in rows})
    return [row for row in rows if row[_VERSION] in versions]


def versions_of(
    d: Dialect, tenant: bytes, template: str, versions: Collection[bytes | None]
) -> Transaction[frozenset[bytes]]:
    """Those of some versions that are of the template with this key."""
    named = yield from d.fetch("SELECT id FROM templates WHERE tenant_id = ? AND key = ?", (tenant, template))
    keys: list[Row] = [(tenant, version) for version in versions if version is not None] if named else []
    found = yield from d.lookup(t.template_versions, ("tenant_id", "id"), keys, ("id", "template_id"))
    return frozenset([version for version, of in found if of == named[0][0]])


def facts_of(d: Dialect, tenant: bytes, notifications: Collection[bytes]) -> Transaction[dict[bytes, Row]]:
    """Values of `FACTS` by notification."""
    keys: list[Row] = [(tenant, one) for one in notifications]
    rows = yield from d.lookup(t.notifications, ("tenant_id", "id"), keys, FACTS)
    return {row[1]: row for row in rows}


def told_by(facts: Row, tests: Tests) -> bool:
    """Whether what is known of a notification passes."""
    _, _, category, priority, labels, created_at, _ = facts
    return (
        (tests.categories is None or category in tests.categories)
        and (tests.priorities is None or priority in tests.priorities)
        and within(created_at, tests.accepted)
        and (tests.labels is None or (labels is not None and _holds(_LABELS.decode(labels), tests.labels)))
    )


def within(at_us: int, span: Span | None) -> bool:
    """Whether a time lies in a span."""
    return span is None or span.from_us <= at_us < span.until_us


def _holds(labels: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(name in labels and _same(labels[name], value) for name, value in wanted.items())


def _same(found: object, wanted: object) -> bool:
    """As JSON has it: true is not 1."""
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
