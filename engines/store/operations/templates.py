"""Drafting and publishing templates."""

import msgspec

from engines.store.base import OfTenant
from engines.store.operations.auditing import AuditEntry


class Drafted(msgspec.Struct, frozen=True):
    """The draft stands."""

    template: bytes
    created: bool
    """Whether the template is new."""
    number: int
    """That the draft will have when it is published."""


class TooManyTemplates(msgspec.Struct, frozen=True):
    """Nothing was written: the tenant would have more templates than it may."""


class DraftTemplate(OfTenant[Drafted | TooManyTemplates], frozen=True):
    """Makes a template by its key, or puts another draft in the place of the one that it has."""

    key: str
    name: str | None
    """None leaves the name that it has; a new template is named like its key."""
    id: bytes
    """For a template whose key is new."""
    version: bytes
    """The draft's id. What it says never changes under it: the next draft has another."""
    body: bytes
    most: int
    """How many templates the tenant may have."""
    created_by: bytes
    at_us: int
    entry: AuditEntry

    def size(self) -> int:
        return 3


class Published(msgspec.Struct, frozen=True):
    """The version is in force from now on."""

    number: int


class PublishTemplate(OfTenant[Published | None], frozen=True):
    """Puts a draft in force. None: it is not, or no longer, the template's draft."""

    template: bytes
    version: bytes
    at_us: int
    entry: AuditEntry

    def size(self) -> int:
        return 3
