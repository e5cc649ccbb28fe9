"""Templates and their versions."""

import msgspec

from engines.store.base import FromTenant, FromTenants


class TemplateRow(msgspec.Struct, frozen=True):
    """A template; what it says is in its versions."""

    tenant: bytes
    id: bytes
    key: str
    name: str
    draft: bytes | None
    published: bytes | None
    last_number: int
    created_at: int
    updated_at: int


class TemplatesOf(FromTenants[TemplateRow], frozen=True):
    """All templates of these tenants."""


class TemplateByKey(FromTenant[TemplateRow], frozen=True):
    """The template with this key."""

    key: str


class TemplatesById(FromTenants[TemplateRow], frozen=True):
    """Templates by id."""

    ids: tuple[bytes, ...]


class TemplatesAfter(FromTenant[TemplateRow], frozen=True):
    """A tenant's templates with ids above `after`, oldest first."""

    after: bytes
    limit: int


class TemplatesBefore(FromTenant[TemplateRow], frozen=True):
    """A tenant's templates with ids below `before`, newest first."""

    before: bytes
    limit: int


class TemplateVersionRow(msgspec.Struct, frozen=True):
    """What a template said, says or shall say; nothing of it changes once it is published."""

    tenant: bytes
    id: bytes
    template: bytes
    number: int
    body: bytes
    created_by: bytes
    created_at: int
    published_at: int | None
    """None: it is the draft."""
    key: str
    """The template's."""


class TemplateVersionsById(FromTenants[TemplateVersionRow], frozen=True):
    """Versions by id."""

    ids: tuple[bytes, ...]


class TemplateVersionsByNumber(FromTenants[TemplateVersionRow], frozen=True):
    """Just these versions, drafts among them."""

    places: tuple[tuple[bytes, bytes, int], ...]
    """(tenant, template id, number)."""


class TemplateVersionsBelow(FromTenant[TemplateVersionRow], frozen=True):
    """Published versions of a template with numbers below `number`, newest first."""

    template: bytes
    number: int
    limit: int
