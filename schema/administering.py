"""What administrators do with keys, members and tenants: what a caller writes and what comes back."""

from typing import Annotated

import strawberry

from schema.administration import ApiKey, Member, Tenant
from schema.enums import Role, TenantKind
from schema.failures import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from schema.inputs import input_type
from schema.scalars import DateTime

_TEXT = "The key itself. It is shown this once and kept nowhere: store it now."
_UNKNOWN = "Expect failures that you do not know yet."


# ------------------------------------------------------------------------------------------------------------- inputs


@input_type(description="An API key to be made.")
class CreateKeyInput:
    """usecases.create_key.KeyRequest."""

    name: str = strawberry.field(description="What it is for: 1 to 100 characters on one line. Not personal, please.")
    role: Role = strawberry.field(description="What its holder may do: any role but END_USER.")
    expires_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="When it ends by itself; never where it is left out."
    )
    quota_per_minute: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How many notifications its holder may send within a minute, from 1 on; as many as the service "
        "allows where it is left out.",
    )


@input_type(description="An API key to be ended.")
class RevokeKeyInput:
    """usecases.revoke_key."""

    key: strawberry.ID = strawberry.field(description="key_…")


@input_type(description="An API key to be replaced by a new one of the same name, role and quota.")
class RotateKeyInput:
    """usecases.rotate_key."""

    key: strawberry.ID = strawberry.field(description="The old one, key_….")
    grace_seconds: int = strawberry.field(
        default=86_400, description="How long the old one stays in force, up to 30 days; 0 ends it at once."
    )
    expires_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When the new one ends by itself. Left out: it lives as long as the old one was made for.",
    )


@input_type(description="Somebody to be put on the list of members.")
class AddMemberInput:
    """usecases.add_member.MemberRequest."""

    issuer: str = strawberry.field(description="The identity provider, exactly as its tokens name it in iss.")
    subject: str = strawberry.field(description="Who they are there, exactly as its tokens say in sub; kept encrypted.")
    name: str = strawberry.field(description="What people call them: 1 to 100 characters on one line; kept encrypted.")
    role: Role = strawberry.field(description="What they may do: any role but END_USER.")


@input_type(description="A member to be changed. What is left out stays as it is.")
class ChangeMemberInput:
    """usecases.change_member."""

    member: strawberry.ID = strawberry.field(description="mem_…")
    role: Role | None = strawberry.field(
        default=strawberry.UNSET, description="Another role: whatever they have open ends within 5 s."
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Another name.")


@input_type(description="A member to be taken off the list.")
class RemoveMemberInput:
    """usecases.remove_member."""

    member: strawberry.ID = strawberry.field(description="mem_…")


@input_type(description="Another tenant of your account.")
class CreateTenantInput:
    """usecases.create_tenant."""

    name: str = strawberry.field(description="What people call it: 1 to 100 characters on one line.")
    kind: TenantKind = strawberry.field(description="Whether what it sends is meant.")


@input_type(description="A user: exactly one of these.", one_of=True)
class UserReferenceInput:
    """Either id of a user."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="usr_…")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Your own id of the user.")


@input_type(description="A token with which a browser speaks for one user.")
class CreateUserTokenInput:
    """usecases.issue_user_token."""

    user: UserReferenceInput = strawberry.field(description="Whom it speaks for.")
    seconds: int = strawberry.field(default=900, description="How long it is good for: up to a day, 86,400.")


# ------------------------------------------------------------------------------------------------------------ results


@strawberry.type(description="The key is in force.")
class KeyCreated:
    """usecases.create_key.CreatedKey."""

    key: ApiKey = strawberry.field(description="What can be told of it later.")
    text: str = strawberry.field(description=_TEXT)


@strawberry.type(description="The key is ended: within a second everywhere, what it has open within five.")
class KeyRevoked:
    """The key as it stands now."""

    key: ApiKey = strawberry.field(description="The key, which nobody can use any more.")


@strawberry.type(description="The new key is in force, and the old one ends.")
class KeyRotated:
    """usecases.rotate_key.RotatedKey."""

    key: ApiKey = strawberry.field(description="The new one.")
    text: str = strawberry.field(description=_TEXT)
    old_key: ApiKey = strawberry.field(description="The old one, whose expiresAt says when it ends.")


@strawberry.type(description="They are on the list, and may sign in.")
class MemberAdded:
    """The member as one stands now."""

    member: Member = strawberry.field(description="The member. Who was removed before comes back under the first id.")


@strawberry.type(description="The member stands as asked.")
class MemberChanged:
    """The member as one stands now."""

    member: Member = strawberry.field(description="The member.")


@strawberry.type(description="They are off the list: within a second everywhere, what they have open within five.")
class MemberRemoved:
    """Who it was."""

    member_id: strawberry.ID = strawberry.field(description="The id that the member had.")


@strawberry.type(description="The tenant is ready for use.")
class TenantCreated:
    """usecases.create_tenant.CreatedTenant."""

    tenant: Tenant = strawberry.field(description="The tenant.")
    key: ApiKey = strawberry.field(description="Its first key, in role ADMIN.")
    text: str = strawberry.field(description=_TEXT)


@strawberry.type(description="The token counts from now.")
class UserTokenCreated:
    """usecases.issue_user_token.UserToken."""

    token: str = strawberry.field(description="Give it to the browser of this user and to nobody else.")
    expires_at: DateTime = strawberry.field(description="When it ends. Nothing ends it before, unless the user goes.")
    user_id: strawberry.ID = strawberry.field(description="Whom it speaks for.")


CreateKeyResult = Annotated[
    KeyCreated | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("CreateKeyResult", description=f"The key, or why there is none. {_UNKNOWN}"),
]
RevokeKeyResult = Annotated[
    KeyRevoked | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("RevokeKeyResult", description=f"The ended key, or why it is not. {_UNKNOWN}"),
]
RotateKeyResult = Annotated[
    KeyRotated | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("RotateKeyResult", description=f"Both keys, or why the old one stays as it is. {_UNKNOWN}"),
]
AddMemberResult = Annotated[
    MemberAdded | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("AddMemberResult", description=f"The member, or why there is none. {_UNKNOWN}"),
]
ChangeMemberResult = Annotated[
    MemberChanged | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("ChangeMemberResult", description=f"The member, or why they stay as they are. {_UNKNOWN}"),
]
RemoveMemberResult = Annotated[
    MemberRemoved | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("RemoveMemberResult", description=f"Who it was, or why they stay. {_UNKNOWN}"),
]
CreateTenantResult = Annotated[
    TenantCreated | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("CreateTenantResult", description=f"The tenant, or why there is none. {_UNKNOWN}"),
]
CreateUserTokenResult = Annotated[
    UserTokenCreated | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union("CreateUserTokenResult", description=f"The token, or why there is none. {_UNKNOWN}"),
]
