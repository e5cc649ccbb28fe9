"""What a GraphQL field may ask for beyond its own object. Called by the types; resolvers give the implementation."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec
from strawberry.types import Info

from engines.store.queries import AttemptRow, DeliveryRow, NotificationRow, PersonRow, StateCountRow
from models.content import Content
from models.ids import DeliveryKey
from models.principal import Principal


class DeliveryPage(msgspec.Struct, frozen=True):
    """A page of a notification's deliveries: at most `limit` after (user, step)."""

    notification: bytes
    after_user: bytes
    after_step: int
    limit: int


class Reads(Protocol):
    """Reads of one operation within the caller's tenant: every thing once, and what is asked together is read together.

    Absent and another tenant's are the same: None, or no rows.
    """

    def notification(self, id_: bytes) -> Awaitable[NotificationRow | None]:
        """A notification."""

    def content(self, notification: bytes) -> Awaitable[Content | None]:
        """What a notification says, opened."""

    def counts(self, notification: bytes) -> Awaitable[Sequence[StateCountRow]]:
        """How many of a notification's deliveries are in which state."""

    def deliveries(self, page: DeliveryPage) -> Awaitable[Sequence[DeliveryRow]]:
        """A page of a notification's deliveries."""

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
