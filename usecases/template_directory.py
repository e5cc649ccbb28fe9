"""Templates as they are in force, and versions ready to speak. Used by doors, stages, delivery and inbox alike.

What is in force is known anew within a second of its change; a published version never changes, so it is kept until
others need the room.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from engines.store.base import Store
from engines.store.queries import (
    TemplateByKey,
    TemplateRow,
    TemplatesOf,
    TemplateVersionRow,
    TemplateVersionsById,
    TemplateVersionsByNumber,
)
from errors import InvalidInput
from models.clock import Clock
from models.rendering import CompiledTemplate, compile_template
from models.template import TemplateBody, decode
from models.vocabulary import RevisionKind
from usecases.data_schemas import PATH as SCHEMA
from usecases.data_schemas import DataSchema, impossible
from usecases.requests import TemplateUse
from usecases.revised import Revised

MOST_BYTES = 32 * 1024 * 1024
"""What all versions in memory may take together, about."""
AT = ("message", "template")

Key = tuple[bytes, bytes]
"""(tenant, version id)."""


class Version(msgspec.Struct, frozen=True):
    """A version, ready to speak."""

    row: TemplateVersionRow
    body: TemplateBody
    compiled: CompiledTemplate
    schema: DataSchema | None
    problems: tuple[InvalidInput, ...]
    """Why it cannot be published, if it is a draft: the path is contents, language, channel and part, or dataSchema."""

    @classmethod
    def of(cls, row: TemplateVersionRow) -> "Version":
        """From its row."""
        body = decode(row.body)
        compiled, problems = compile_template(body)
        schema = DataSchema(body.data_schema) if body.data_schema is not None else None
        return cls(row, body, compiled, schema, _all(body, compiled, problems))

    @staticmethod
    def problems_of(body: TemplateBody) -> tuple[InvalidInput, ...]:
        """See `problems`, for one that is not stored yet."""
        return _all(body, *compile_template(body))

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return 2 * len(self.row.body) + self.compiled.size + 2_000


def _all(body: TemplateBody, compiled: CompiledTemplate, problems: Sequence[InvalidInput]) -> tuple[InvalidInput, ...]:
    found = [InvalidInput(one.message, path=("contents", *one.path)) for one in problems]
    return (*found, *_strangers(body, compiled))


def _strangers(body: TemplateBody, compiled: CompiledTemplate) -> list[InvalidInput]:
    """Placeholders for what the schema does not let data have."""
    if body.data_schema is None:
        return []
    strange = [steps for steps in sorted(compiled.needs(), key=str) if impossible(body.data_schema, steps)]
    paths = [".".join(map(str, steps)) for steps in strange]
    return [InvalidInput(f"the texts show {path}, which this schema does not allow", path=SCHEMA) for path in paths]


class TemplateDirectory:
    """One for a process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._in_force: Revised[Mapping[str, TemplateRow]] = Revised(store, RevisionKind.TEMPLATES, self._load, clock)
        self._versions: OrderedDict[Key, Version] = OrderedDict()
        self._size = 0

    async def find(self, tenant: bytes, uses: Sequence[TemplateUse]) -> list[Version | InvalidInput]:
        """The published version that each use means; the named number, or what is in force.

        Raises:
            Unavailable: the store does not answer.
        """
        known = await self._in_force.get(tenant)
        named = await self._numbered(tenant, known, uses)
        wanted = [_wanted(use, known.get(use.key), named) for use in uses]
        versions = await self.many([(tenant, one) for one in wanted if isinstance(one, bytes)])
        return [versions[tenant, one] if isinstance(one, bytes) else one for one in wanted]

    async def many(self, wanted: Collection[Key]) -> dict[Key, Version]:
        """Versions by id, drafts among them; what is not there is left out.

        Raises:
            Unavailable: the store does not answer.
        """
        found = {key: self._versions[key] for key in wanted if key in self._versions}
        missing = [key for key in dict.fromkeys(wanted) if key not in found]
        for key in found:
            self._versions.move_to_end(key)
        if missing:
            query = TemplateVersionsById(tuple({tenant for tenant, _ in missing}), tuple([id_ for _, id_ in missing]))
            found |= {(row.tenant, row.id): self._kept(row) for row in await self._store.read(query)}
        return found

    async def draft(self, tenant: bytes, key: str, number: int) -> Version | None:
        """A template's draft, if that is the number that it will have.

        Raises:
            InvalidInput: it has a fault: nothing can be said with it.
            Unavailable: the store does not answer.
        """
        rows = await self._store.read(TemplateByKey(tenant, key))
        if not rows or rows[0].draft is None or number != rows[0].last_number + 1:
            return None
        place = (tenant, rows[0].draft)
        version = (await self.many([place])).get(place)
        if version is not None and version.problems:
            raise version.problems[0]
        return version

    def forget(self, tenant: bytes) -> None:
        """For whoever changed a tenant's templates in this process: it is in force here at once."""
        self._in_force.forget(tenant)

    async def _load(self, tenants: Sequence[bytes]) -> dict[bytes, Mapping[str, TemplateRow]]:
        found: dict[bytes, dict[str, TemplateRow]] = {tenant: {} for tenant in tenants}
        for row in await self._store.read(TemplatesOf(tuple(tenants))):
            found[row.tenant][row.key] = row
        return {**found}

    async def _numbered(
        self, tenant: bytes, known: Mapping[str, TemplateRow], uses: Sequence[TemplateUse]
    ) -> dict[tuple[bytes, int], bytes]:
        """The published versions that are named by their numbers."""
        places = {
            (tenant, known[use.key].id, use.version) for use in uses if use.version is not None and use.key in known
        }
        rows = await self._store.read(TemplateVersionsByNumber((tenant,), tuple(places))) if places else ()
        return {(row.template, row.number): self._kept(row).row.id for row in rows if row.published_at is not None}

    def _kept(self, row: TemplateVersionRow) -> Version:
        key = (row.tenant, row.id)
        version = self._versions.get(key) or Version.of(row)
        if row.published_at is not None and key not in self._versions:
            self._versions[key] = version
            self._size += version.size
            while self._size > MOST_BYTES and len(self._versions) > 1:
                self._size -= self._versions.popitem(last=False)[1].size
        return version


def _wanted(
    use: TemplateUse, template: TemplateRow | None, named: Mapping[tuple[bytes, int], bytes]
) -> bytes | InvalidInput:
    if template is None:
        return InvalidInput(f"expected the key of a template, got {use.key[:80]!r}", path=(*AT, "key"))
    if template.published is None:
        return InvalidInput(f"template {use.key!r} is a draft still: publish it first", path=(*AT, "key"))
    if use.version is None:
        return template.published
    found = named.get((template.id, use.version))
    if found is None:
        expected = f"expected a published version, 1 to {template.last_number}, or none for the latest"
        return InvalidInput(f"{expected}; got {use.version}", path=(*AT, "version"))
    return found
