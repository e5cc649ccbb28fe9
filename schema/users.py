"""A user, as callers see one."""

import strawberry

from engines.store.queries import PersonRow
from models import ids
from models.vocabulary import HandleKind
from schema.access import may_see
from schema.context import Inform
from schema.fields import answered
from schema.node import Node
from schema.scalars import DateTime


@strawberry.type(description="A person who is reached.")
class User(Node):
    """A row of users; what is sealed is opened only when it is asked for."""

    row: strawberry.Private[PersonRow]
    locale: str | None = strawberry.field(description="The user's language, like pt-BR (BCP 47).")
    time_zone: str | None = strawberry.field(description="Where the user's day is, like Europe/Berlin (IANA).")
    created_at: DateTime = strawberry.field(description="When the user became known.")

    @classmethod
    def of(cls, row: PersonRow) -> "User":
        """From its row."""
        return cls(
            id=user_id(row.id),
            row=row,
            locale=row.locale,
            time_zone=row.time_zone,
            created_at=DateTime(row.created_at),
        )

    @answered(
        description="Your own id of the user; null for one who is known by an address only, "
        "and for callers who may not manage users."
    )
    def external_id(self, info: Inform) -> str | None:
        """Opened here: it lies in the row."""
        if self.row.handle_kind != HandleKind.EXTERNAL_ID or not may_see(
            info.context.caller, "User.externalId", self.row.id
        ):
            return None
        return info.context.reads.handle(self.row)

    @answered(description="The e-mail address; null without one, and for callers who may not manage users.")
    async def email(self, info: Inform) -> str | None:
        """Read and opened together with those of other users."""
        if not may_see(info.context.caller, "User.email", self.row.id):
            return None
        return await info.context.reads.email(self.row)


def user_id(raw: bytes) -> strawberry.ID:
    """`usr_…`"""
    return strawberry.ID(ids.encode(ids.USER, raw))
