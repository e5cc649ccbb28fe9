"""What a GraphQL field may ask for beyond its own object. Called by the types; resolvers give the implementation."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec
from strawberry.types import Info

from engines.store.queries import (
    AttemptRow,
    DeliveryRow,
    NotificationRow,
    PersonRow,
    StateCountRow,
    TemplateRow,
    TemplateVersionRow,
)
from models.content import Content
from models.history import DeliveryFilter
from models.ids import DeliveryKey
from models.paging import Cursors, Page, Paging
from models.principal import Principal
from models.vocabulary import Channel


class Said(msgspec.Struct, frozen=True):
    """Which words of a notification: those for a channel, in the version and language that a delivery is held to."""

    notification: bytes
    channel: Channel
    version: bytes | None
    locale: str | None


class Reads(Protocol):
    """Reads of one operation within the caller's tenant: every thing once, and what is asked together is read together.

    Absent and another tenant's are the same: None, or no rows.
    """

    def notification(self, id_: bytes) -> Awaitable[NotificationRow | None]:
        """A notification."""

    def content(self, said: Said) -> Awaitable[Content | None]:
        """What a notification says to somebody, opened or filled."""

    def template(self, id_: bytes) -> Awaitable[TemplateRow | None]:
        """A template."""

    def template_version(self, id_: bytes) -> Awaitable[TemplateVersionRow | None]:
        """A version of a template."""

    def template_versions(self, template: bytes, paging: Paging) -> Awaitable[Page[TemplateVersionRow]]:
        """Published versions of a template, newest first."""

    def counts(self, notification: bytes) -> Awaitable[Sequence[StateCountRow]]:
        """How many of a notification's deliveries are in which state."""

    def deliveries(self, notification: bytes, wanted: DeliveryFilter, paging: Paging) -> Awaitable[Page[DeliveryRow]]:
        """A page of a notification's deliveries, read together with those of others that ask alike.

        Raises:
            Forbidden: the caller may not look for users by externalId.
            InvalidInput: a value that cannot be, or a cursor of another list.
        """

    def delivery(self, key: DeliveryKey) -> Awaitable[DeliveryRow | None]:
        """A delivery."""

    def attempts(self, key: DeliveryKey) -> Awaitable[Sequence[AttemptRow]]:
        """All attempts of a delivery, by number."""

    def person(self, id_: bytes) -> Awaitable[PersonRow | None]:
        """A user, sealed."""

    def handle(self, person: PersonRow) -> str:
        """What the tenant knows a user by, opened."""

    def email(self, person: PersonRow) -> Awaitable[str | None]:
        """A user's e-mail address, opened."""


class Context(Protocol):
    """What `info.context` is: made anew for every operation."""

    @property
    def caller(self) -> Principal:
        """Whose operation this is."""

    @property
    def trace_id(self) -> str:
        """By which the operation is found in our logs."""

    @property
    def documentation(self) -> str:
        """The address of the page on errors; `#CODE` is the part about one."""

    @property
    def list_cursors(self) -> Cursors:
        """The cursors of lists, as this caller's tenant has them."""

    @property
    def reads(self) -> Reads:
        """The operation's reads."""

    def now_us(self) -> int:
        """Microseconds since 1970 UTC."""

    def count_items(self, items: int) -> None:
        """Note that so many items are handed out.

        Raises:
            QueryTooCostly: too many together for one operation.
        """


Inform = Info[Context, None]
