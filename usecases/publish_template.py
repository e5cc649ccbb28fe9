"""Put a template's draft in force: its next version, which never changes again."""

import msgspec

from engines.store.base import Store
from engines.store.operations import Published
from engines.store.operations import PublishTemplate as Write
from engines.store.queries import TemplateByKey, TemplateRow
from errors import Conflict, NotFound, Unavailable
from models import ids
from models.clock import Clock
from models.principal import Permission, Principal
from models.vocabulary import AuditAction
from usecases.audit_entries import audit_entry
from usecases.template_directory import TemplateDirectory

TRIES = 4
"""How often the draft may be replaced by somebody else between looking at it and publishing it."""


class PublishTemplate:
    """In force at once in this process, and within a second everywhere. What was accepted before keeps its version."""

    def __init__(self, store: Store, templates: TemplateDirectory, clock: Clock) -> None:
        self._store = store
        self._templates = templates
        self._clock = clock

    async def __call__(self, caller: Principal, key: str) -> bytes:
        """The id of the version that is in force now.

        Raises:
            Forbidden: the caller may not manage templates.
            NotFound: there is no such template.
            Conflict: it has no draft.
            InvalidInput: the draft has a fault; the path is that of `Version.problems`, the message names the place.
            Unavailable: the store does not answer, or the draft was being changed all the time.
        """
        caller.require(Permission.MANAGE_TEMPLATES)
        for _ in range(TRIES):
            template, draft = await self._draft(caller.tenant, key)
            if await self._published(caller, template, draft) is not None:
                self._templates.forget(caller.tenant)
                return draft
        raise Unavailable("this draft is being changed by others; try again")

    async def _draft(self, tenant: bytes, key: str) -> tuple[TemplateRow, bytes]:
        """The template and its draft, which could be published."""
        rows = await self._store.read(TemplateByKey(tenant, key))
        if not rows:
            raise NotFound("no template of this tenant has this key", path=("key",))
        [template] = rows
        if template.draft is None:
            raise Conflict(f"template {key!r} has no draft: draft it first", path=("key",))
        version = (await self._templates.many([(tenant, template.draft)])).get((tenant, template.draft))
        if version is not None and version.problems:
            raise version.problems[0]
        return template, template.draft

    async def _published(self, caller: Principal, template: TemplateRow, draft: bytes) -> Published | None:
        now_us = self._clock.now_us()
        after = msgspec.json.encode({"version": ids.encode(ids.TEMPLATE_VERSION, draft)})
        entry = audit_entry(caller, AuditAction.TEMPLATE_PUBLISHED, template.key, now_us, after)
        return await self._store.write(Write(caller.tenant, template.id, draft, now_us, entry))
