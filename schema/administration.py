"""API keys, members and tenants, as administrators see them."""

import strawberry

from engines.store.queries import KeyRow, TenantRow
from models import ids, members
from models.principal import Principal
from schema.enums import Role, TenantKind
from schema.node import Node
from schema.scalars import DateTime


def _time(at_us: int | None) -> DateTime | None:
    return None if at_us is None else DateTime(at_us)


@strawberry.type(description="A key with which a program or a developer calls the API.")
class ApiKey(Node):
    """A row of api_keys."""

    name: str = strawberry.field(description="What it is for.")
    role: Role = strawberry.field(description="What its holder may do.")
    quota_per_minute: int | None = strawberry.field(
        description="How many notifications its holder may send within a minute; null: as many as the service allows."
    )
    created_at: DateTime = strawberry.field(description="When it was made.")
    expires_at: DateTime | None = strawberry.field(description="When it ends by itself; null: never.")
    revoked_at: DateTime | None = strawberry.field(description="When it was ended by hand; null: it was not.")

    @classmethod
    def of(cls, row: KeyRow) -> "ApiKey":
        """From its row."""
        return cls(
            id=strawberry.ID(ids.encode(ids.KEY, row.id)),
            name=row.name,
            role=Role(row.role),
            quota_per_minute=row.quota_per_minute,
            created_at=DateTime(row.created_at),
            expires_at=_time(row.expires_at),
            revoked_at=_time(row.revoked_at),
        )


@strawberry.type(description="Somebody who signs in at your identity provider and whose role is kept here.")
class Member(Node):
    """models.members.Member."""

    issuer: str = strawberry.field(description="The identity provider, as its tokens name it in iss.")
    subject: str = strawberry.field(description="Who they are there, as its tokens say in sub.")
    name: str = strawberry.field(description="What people call them.")
    role: Role = strawberry.field(description="What they may do.")
    created_at: DateTime = strawberry.field(description="When they were added first.")
    updated_at: DateTime = strawberry.field(description="When they were added or changed last.")

    @classmethod
    def of(cls, one: members.Member) -> "Member":
        """From the opened row."""
        return cls(
            id=strawberry.ID(ids.encode(ids.MEMBER, one.id)),
            issuer=one.issuer,
            subject=one.subject,
            name=one.name,
            role=one.role,
            created_at=DateTime(one.created_at),
            updated_at=DateTime(one.updated_at),
        )


@strawberry.type(description="An isolated space of your account: its users, notifications and keys are its own.")
class Tenant(Node):
    """A row of tenants."""

    name: str = strawberry.field(description="What people call it.")
    kind: TenantKind = strawberry.field(description="Whether what it sends is meant.")
    is_current: bool = strawberry.field(description="Whether the token that you called with belongs to it.")
    created_at: DateTime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, row: TenantRow, caller: Principal) -> "Tenant":
        """From its row."""
        return cls(
            id=strawberry.ID(ids.encode(ids.TENANT, row.id)),
            name=row.name,
            kind=TenantKind(row.kind),
            is_current=row.id == caller.tenant,
            created_at=DateTime(row.created_at),
        )
