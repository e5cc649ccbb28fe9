"""Templates. Whoever changes a tenant's templates holds their revision: one at a time."""

from collections.abc import Collection, Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import AuditEntry, Drafted, DraftTemplate, Published, PublishTemplate, TooManyTemplates
from engines.store.transactions.auditing import Recorded, record
from engines.store.transactions.revisions import raise_revisions
from models import ids, tables
from models.vocabulary import RevisionKind

TENANT = ("tenant_id",)
KEY = ("tenant_id", "id")
CHANGED = ("name", "draft_id", "published_id", "last_number", "updated_at")
COLUMNS = (*KEY, "key", "created_at", *CHANGED)
VERSION_COLUMNS = (*KEY, "template_id", "number", "body", "created_by", "created_at")


class _Template(msgspec.Struct):
    """A template as it stands while a batch is worked through."""

    id: bytes
    key: str
    created_at: int
    name: str
    draft: bytes | None
    published: bytes | None
    last_number: int
    updated_at: int
    is_new: bool = False
    is_changed: bool = False

    def row(self, tenant: bytes) -> Row:
        return (
            tenant, self.id, self.key, self.created_at, self.name, self.draft, self.published, self.last_number,
            self.updated_at,
        )  # fmt: skip


Known = dict[bytes, dict[bytes, _Template]]
"""Tenant → template id → template."""


def draft(d: Dialect, operations: Sequence[DraftTemplate]) -> Transaction[list[Drafted | TooManyTemplates]]:
    """Of several drafts of one template the last one stays; each has its entry."""
    known = yield from _known(d, {one.tenant for one in operations})
    versions: dict[tuple[bytes, bytes], Row] = {}
    outdated: list[Row] = []
    entries: list[Recorded] = []
    answers: list[Drafted | TooManyTemplates] = []
    for one in operations:
        template = _drafted(known[one.tenant], one)
        if template is None:
            answers.append(TooManyTemplates())
            continue
        entries.append((one.tenant, _entry(one.entry, template.draft)))
        if template.draft is not None and versions.pop((one.tenant, template.draft), None) is None:
            outdated.append((one.tenant, template.draft))
        number = template.last_number + 1
        versions[one.tenant, one.version] = (
            one.tenant, one.version, template.id, number, one.body, one.created_by, one.at_us,
        )  # fmt: skip
        answers.append(Drafted(template.id, template.draft is None and template.is_new, number))
        template.draft = one.version
    yield from d.delete(tables.template_versions, KEY, outdated)
    yield from d.insert(tables.template_versions, VERSION_COLUMNS, list(versions.values()))
    yield from _write(d, known)
    yield from record(d, entries)
    return answers


def publish(d: Dialect, operations: Sequence[PublishTemplate]) -> Transaction[list[Published | None]]:
    """A draft is published once."""
    known = yield from _known(d, {one.tenant for one in operations})
    versions: list[Row] = []
    entries: list[Recorded] = []
    answers: list[Published | None] = []
    for one in operations:
        template = known[one.tenant].get(one.template)
        if template is None or template.draft != one.version:
            answers.append(None)
            continue
        entries.append((one.tenant, _entry(one.entry, template.published)))
        template.draft, template.published = None, one.version
        template.last_number += 1
        template.updated_at, template.is_changed = one.at_us, True
        versions.append((one.tenant, one.version, one.at_us))
        answers.append(Published(template.last_number))
    yield from d.update(tables.template_versions, KEY, ("published_at",), versions)
    yield from _write(d, known)
    yield from record(d, entries)
    return answers


def _known(d: Dialect, tenants: Collection[bytes]) -> Transaction[Known]:
    yield from raise_revisions(d, [(tenant, RevisionKind.TEMPLATES) for tenant in tenants])
    rows = yield from d.lookup(tables.templates, TENANT, [(tenant,) for tenant in tenants], COLUMNS)
    known: Known = {tenant: {} for tenant in tenants}
    for tenant, id_, *values in rows:
        known[tenant][id_] = _Template(id_, *values)
    return known


def _drafted(of_tenant: dict[bytes, _Template], one: DraftTemplate) -> _Template | None:
    """The template that the draft is for, named as asked; None where there are too many already."""
    template = next((template for template in of_tenant.values() if template.key == one.key), None)
    if template is None:
        if len(of_tenant) >= one.most:
            return None
        template = _Template(one.id, one.key, one.at_us, one.name or one.key, None, None, 0, one.at_us, is_new=True)
        of_tenant[one.id] = template
    template.name = one.name or template.name
    template.updated_at, template.is_changed = one.at_us, True
    return template


def _entry(entry: AuditEntry, version: bytes | None) -> AuditEntry:
    """With the version that was in its place before."""
    if version is None:
        return entry
    before = msgspec.json.encode({"version": ids.encode(ids.TEMPLATE_VERSION, version)})
    return msgspec.structs.replace(entry, before=before)


def _write(d: Dialect, known: Known) -> Transaction[None]:
    made = [(tenant, one) for tenant, of_tenant in known.items() for one in of_tenant.values() if one.is_changed]
    yield from d.insert(tables.templates, COLUMNS, [one.row(tenant) for tenant, one in made if one.is_new])
    changed: list[Row] = [
        (tenant, one.id, one.name, one.draft, one.published, one.last_number, one.updated_at)
        for tenant, one in made
        if not one.is_new
    ]
    yield from d.update(tables.templates, KEY, CHANGED, changed)
