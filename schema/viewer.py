"""The caller, as it sees itself."""

import strawberry

from models import ids
from models.principal import Principal
from schema.context import Inform
from schema.enums import Permission, Role
from schema.fields import answered
from schema.users import User


@strawberry.type(description="The caller behind the token.")
class Viewer:
    """A principal."""

    role: Role = strawberry.field(description="What the caller is.")
    name: str | None = strawberry.field(description="The API key's name; null for a browser token.")
    tenant_id: strawberry.ID = strawberry.field(description="The tenant that everything belongs to.")
    permissions: list[Permission] = strawberry.field(description="What the caller may do.")

    @classmethod
    def of(cls, caller: Principal) -> "Viewer":
        """From the principal."""
        return cls(
            role=caller.role,
            name=caller.name or None,
            tenant_id=strawberry.ID(ids.encode(ids.TENANT, caller.tenant)),
            permissions=[one for one in Permission if one in caller.permissions],
        )

    @answered(description="The user that a browser token speaks for; null for an API key.")
    async def user(self, info: Inform) -> User | None:
        """Its own row."""
        own = info.context.caller.user
        row = await info.context.reads.person(own) if own is not None else None
        return User.of(row) if row is not None else None
