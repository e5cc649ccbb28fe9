"""Categories and tenants' defaults. Whoever changes a tenant's rules holds its revision: one at a time."""

from collections.abc import Collection, Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import (
    AuditEntry,
    CategoryPut,
    NewCategory,
    PutCategories,
    SetTenantRules,
    TooManyCategories,
)
from engines.store.transactions.auditing import Recorded, record
from engines.store.transactions.revisions import raise_revisions
from models import tables
from models.rules import Category, TenantRules, category_json, tenant_rules_json
from models.vocabulary import Priority, RevisionKind, WhenUnknown

KEY = ("tenant_id", "id")
POLICY = (
    "name", "description", "mandatory", "channels", "priority", "expires_after_s", "when_unknown", "limited",
    "updated_at",
)  # fmt: skip
COLUMNS = (*KEY, "key", "created_at", *POLICY)
TENANT = ("tenant_id",)
DEFAULTS = ("channels", "hourly_limit", "updated_at")

Known = dict[str, tuple[bytes, Category]]
"""A tenant's categories: key → (id, category)."""


def put_categories(
    d: Dialect, operations: Sequence[PutCategories]
) -> Transaction[list[tuple[CategoryPut, ...] | TooManyCategories]]:
    """Each operation finds what those before it made."""
    tenants = {one.tenant for one in operations}
    yield from raise_revisions(d, [(tenant, RevisionKind.RULES) for tenant in tenants])
    known = yield from _known(d, tenants)
    there = {(tenant, key) for tenant, of_tenant in known.items() for key in of_tenant}
    answers: list[tuple[CategoryPut, ...] | TooManyCategories] = []
    written: dict[tuple[bytes, str], Row] = {}
    entries: list[Recorded] = []
    for one in operations:
        of_tenant = known[one.tenant]
        if len(of_tenant.keys() | {new.category.key for new in one.categories}) > one.most:
            answers.append(TooManyCategories())
            continue
        entries += [(one.tenant, _entry(new, of_tenant)) for new in one.categories]
        answers.append(tuple([_put(new, of_tenant) for new in one.categories]))
        written |= {(one.tenant, new.category.key): _values(new.category, one.at_us) for new in one.categories}
    yield from _write(d, written, known, there)
    yield from record(d, entries)
    return answers


def _known(d: Dialect, tenants: Collection[bytes]) -> Transaction[dict[bytes, Known]]:
    rows = yield from d.lookup(tables.categories, TENANT, [(tenant,) for tenant in tenants], (*KEY, "key", *POLICY))
    known: dict[bytes, Known] = {tenant: {} for tenant in tenants}
    for tenant, id_, key, name, description, mandatory, channels, priority, expires, unknown, limited, _ in rows:
        known[tenant][key] = (
            id_,
            Category(
                key,
                name,
                description,
                bool(mandatory),
                channels,
                Priority(priority) if priority is not None else None,
                expires,
                WhenUnknown(unknown) if unknown is not None else None,
                bool(limited),
            ),
        )
    return known


def _put(new: NewCategory, known: Known) -> CategoryPut:
    key = new.category.key
    id_, created = (known[key][0], False) if key in known else (new.id, True)
    known[key] = (id_, new.category)
    return CategoryPut(id_, created)


def _entry(new: NewCategory, known: Known) -> AuditEntry:
    before = known.get(new.category.key)
    return msgspec.structs.replace(new.entry, before=category_json(before[1]) if before else None)


def _values(one: Category, at_us: int) -> Row:
    return (
        one.name, one.description, one.mandatory, one.channels, one.priority, one.expires_after_s, one.when_unknown,
        one.limited, at_us,
    )  # fmt: skip


def _write(
    d: Dialect, written: dict[tuple[bytes, str], Row], known: dict[bytes, Known], there: set[tuple[bytes, str]]
) -> Transaction[None]:
    rows = {place: (place[0], known[place[0]][place[1]][0], values) for place, values in written.items()}
    made: list[Row] = [
        (tenant, id_, place[1], values[-1], *values)
        for place, (tenant, id_, values) in rows.items()
        if place not in there
    ]
    changed: list[Row] = [(tenant, id_, *values) for place, (tenant, id_, values) in rows.items() if place in there]
    yield from d.insert(tables.categories, COLUMNS, made)
    yield from d.update(tables.categories, KEY, POLICY, changed)


def set_tenant_rules(d: Dialect, operations: Sequence[SetTenantRules]) -> Transaction[list[None]]:
    """The last of several for one tenant stays; each has its entry."""
    tenants: list[Row] = [(tenant,) for tenant in {one.tenant for one in operations}]
    yield from raise_revisions(d, [(tenant, RevisionKind.RULES) for (tenant,) in tenants])
    found = yield from d.lookup(tables.tenant_rules, TENANT, tenants, (*TENANT, "channels", "hourly_limit"))
    rules = {tenant: TenantRules(channels, limit) for tenant, channels, limit in found}
    entries: list[Recorded] = []
    rows: dict[bytes, Row] = {}
    for one in operations:
        before = rules.get(one.tenant)
        entry = msgspec.structs.replace(one.entry, before=tenant_rules_json(before) if before else None)
        entries.append((one.tenant, entry))
        rules[one.tenant] = one.rules
        rows[one.tenant] = (one.tenant, one.rules.channels, one.rules.hourly_limit, one.at_us)
    made = yield from d.insert_new(tables.tenant_rules, (*TENANT, *DEFAULTS), TENANT, list(rows.values()))
    yield from d.update(tables.tenant_rules, TENANT, DEFAULTS, [row for row in rows.values() if row[:1] not in made])
    yield from record(d, entries)
    return [None] * len(operations)
