"""Making and changing users: what a caller writes and what comes back."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from errors import NotFound
from schema.context import Context, Inform
from schema.failures import Forbidden, InvalidInput, Unavailable
from schema.fields import answered
from schema.inputs import input_type
from schema.node import Node
from schema.scalars import JSONObject
from schema.selection import selects_only_id
from schema.users import User, user_id


@input_type(description="A user to be made or changed. What is left out stays as it is.")
class UpsertUserInput:
    """usecases.requests.UserRequest."""

    external_id: str = strawberry.field(description="Your own id of the user, up to 256 characters; kept encrypted.")
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="A language tag like pt-BR (BCP 47).")
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="A time zone like Europe/Berlin (IANA)."
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description="The address that mails go to.")
    data: JSONObject | None = strawberry.field(
        default=strawberry.UNSET, description="Your own facts about the user, up to 16 kB; kept encrypted."
    )


@strawberry.type(description="The user stands as asked.")
class UserUpserted:
    """engines.store.operations.Upserted."""

    upserted: strawberry.Private[bytes]
    created: bool = strawberry.field(description="Whether the user is new.")

    @answered(description="The user.", graphql_type=User)
    def user(self, info: Inform) -> Node | Awaitable[User]:
        """Read only where more than the id is asked for."""
        if selects_only_id(info):
            return Node(id=user_id(self.upserted))
        return _read(self.upserted, info.context)


async def _read(id_: bytes, context: Context) -> User:
    row = await context.reads.person(id_)
    if row is None:
        raise NotFound("the user is gone already")
    return User.of(row)


UpsertUserResult = Annotated[
    UserUpserted | InvalidInput,
    strawberry.union(
        "UpsertUserResult", description="What became of one input. Expect failures that you do not know yet."
    ),
]


@strawberry.type(description="One result for each input.")
class UpsertUsersAnswer:
    """Good inputs are written whatever becomes of their neighbours."""

    results: list[UpsertUserResult] = strawberry.field(description="In the order of the inputs.")


UpsertUsersResult = Annotated[
    UpsertUsersAnswer | InvalidInput | Forbidden | Unavailable,
    strawberry.union(
        "UpsertUsersResult",
        description="Results for each input, or why none was looked at. Expect failures that you do not know yet.",
    ),
]
