"""Queries and mutations for administrators: keys, members, tenants, the audit log; and tokens for users' browsers."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import strawberry

import errors
from models import ids
from resolvers.context import Context, Inform
from resolvers.requests import given
from schema import administering as given_back
from schema.access import QUERIES
from schema.administering import (
    AddMemberInput,
    AddMemberResult,
    ChangeMemberInput,
    ChangeMemberResult,
    CreateKeyInput,
    CreateKeyResult,
    CreateTenantInput,
    CreateTenantResult,
    CreateUserTokenInput,
    CreateUserTokenResult,
    RemoveMemberInput,
    RemoveMemberResult,
    RevokeKeyInput,
    RevokeKeyResult,
    RotateKeyInput,
    RotateKeyResult,
)
from schema.administration import ApiKey, Member, Tenant
from schema.audit import AuditConnection, AuditFilter
from schema.failures import Denial, Denied, denial
from schema.fields import answered
from schema.pages import After, Before, First, Last, paging
from schema.scalars import DateTime
from schema.users import user_id
from usecases import read_audit_log
from usecases.add_member import MemberRequest
from usecases.create_key import KeyRequest

T = TypeVar("T")

KeyInput = Annotated[CreateKeyInput, strawberry.argument(name="input", description="The key.")]
RevokeInput = Annotated[RevokeKeyInput, strawberry.argument(name="input", description="Which key.")]
RotateInput = Annotated[RotateKeyInput, strawberry.argument(name="input", description="Which key, and how.")]
AddInput = Annotated[AddMemberInput, strawberry.argument(name="input", description="The member.")]
ChangeInput = Annotated[ChangeMemberInput, strawberry.argument(name="input", description="Which member, and how.")]
RemoveInput = Annotated[RemoveMemberInput, strawberry.argument(name="input", description="Which member.")]
TenantInput = Annotated[CreateTenantInput, strawberry.argument(name="input", description="The tenant.")]
TokenInput = Annotated[CreateUserTokenInput, strawberry.argument(name="input", description="For whom, how long.")]
Ended = Annotated[
    bool, strawberry.argument(description="Whether to list those too that are no longer in force; no where left out.")
]
Filter = Annotated[
    AuditFilter | None, strawberry.argument(name="filter", description="Which entries; all of them without it.")
]


@strawberry.type(description="What administrators can read.")
class AdministrationQueries:
    """Bases of `Query`."""

    @answered(description="The tenant's API keys, newest first; at most 1,000.")
    async def api_keys(self, info: Inform, ended: Ended = False) -> list[ApiKey] | None:
        """usecases.list_access."""
        caller = info.context.caller
        caller.require(QUERIES["apiKeys"])
        return [ApiKey.of(row) for row in await info.context.backing.administration.lists.keys(caller, ended=ended)]

    @answered(description="The tenant's members, newest first; at most 1,000.")
    async def members(self, info: Inform) -> list[Member] | None:
        """usecases.list_access."""
        caller = info.context.caller
        caller.require(QUERIES["members"])
        return [Member.of(one) for one in await info.context.backing.administration.lists.members(caller)]

    @answered(description="The tenants of your account, newest first; at most 100.")
    async def tenants(self, info: Inform) -> list[Tenant] | None:
        """usecases.list_access."""
        caller = info.context.caller
        caller.require(QUERIES["tenants"])
        return [Tenant.of(row, caller) for row in await info.context.backing.administration.lists.tenants(caller)]

    @answered(description="Who changed what in the tenant, newest first.")
    async def audit_log(
        self,
        info: Inform,
        wanted: Filter = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> AuditConnection | None:
        """usecases.read_audit_log."""
        context = info.context
        context.caller.require(QUERIES["auditLog"])
        page = await context.backing.administration.audit_log(
            context.caller, _filter(given(wanted)), paging(first, after, last, before)
        )
        context.count_items(len(page.items))
        return AuditConnection.of(page)


@strawberry.type(description="What administrators can change.")
class AdministrationMutations:
    """Bases of `Mutation`."""

    @answered(description="Make an API key. Its text is in this answer and never shown again.")
    async def create_key(self, info: Inform, wanted: KeyInput) -> CreateKeyResult:
        """usecases.create_key."""
        context = info.context
        request = KeyRequest(wanted.name, wanted.role, given(wanted.expires_at), given(wanted.quota_per_minute))
        made = await _answer(context.backing.administration.create_key(context.caller, request), context)
        if isinstance(made, Denial):
            return made
        return given_back.KeyCreated(key=ApiKey.of(made.row), text=made.text)

    @answered(description="End an API key: within a second everywhere. The tenant's last administrator stays.")
    async def revoke_key(self, info: Inform, wanted: RevokeInput) -> RevokeKeyResult:
        """usecases.revoke_key."""
        context = info.context
        key = await _answer(context.backing.administration.revoke_key(context.caller, wanted.key), context)
        if isinstance(key, Denial):
            return key
        return given_back.KeyRevoked(key=await _key(context, key))

    @answered(description="Replace an API key by a new one like it; the old one ends after a while.")
    async def rotate_key(self, info: Inform, wanted: RotateInput) -> RotateKeyResult:
        """usecases.rotate_key."""
        context = info.context
        rotate = context.backing.administration.rotate_key
        made = await _answer(
            rotate(context.caller, wanted.key, wanted.grace_seconds, given(wanted.expires_at)), context
        )
        if isinstance(made, Denial):
            return made
        new, old = ApiKey.of(made.created.row), await _key(context, made.old)
        return given_back.KeyRotated(key=new, text=made.created.text, old_key=old)

    @answered(description="Let somebody in who signs in at your identity provider.")
    async def add_member(self, info: Inform, wanted: AddInput) -> AddMemberResult:
        """usecases.add_member."""
        context = info.context
        request = MemberRequest(wanted.issuer, wanted.subject, wanted.name, wanted.role)
        member = await _answer(context.backing.administration.add_member(context.caller, request), context)
        if isinstance(member, Denial):
            return member
        return given_back.MemberAdded(member=await _member(context, member))

    @answered(description="Give a member another role or name. The tenant's last administrator stays one.")
    async def change_member(self, info: Inform, wanted: ChangeInput) -> ChangeMemberResult:
        """usecases.change_member."""
        context = info.context
        change = context.backing.administration.change_member
        member = await _answer(change(context.caller, wanted.member, given(wanted.role), given(wanted.name)), context)
        if isinstance(member, Denial):
            return member
        return given_back.MemberChanged(member=await _member(context, member))

    @answered(description="Take a member off the list: within a second everywhere. The last administrator stays.")
    async def remove_member(self, info: Inform, wanted: RemoveInput) -> RemoveMemberResult:
        """usecases.remove_member."""
        context = info.context
        member = await _answer(context.backing.administration.remove_member(context.caller, wanted.member), context)
        if isinstance(member, Denial):
            return member
        return given_back.MemberRemoved(member_id=strawberry.ID(ids.encode(ids.MEMBER, member)))

    @answered(description="Make another tenant of your account, with a first key in role ADMIN.")
    async def create_tenant(self, info: Inform, wanted: TenantInput) -> CreateTenantResult:
        """usecases.create_tenant."""
        context = info.context
        create = context.backing.administration.create_tenant
        made = await _answer(create(context.caller, wanted.name, wanted.kind), context)
        if isinstance(made, Denial):
            return made
        tenant, key = Tenant.of(made.row, context.caller), ApiKey.of(made.key.row)
        return given_back.TenantCreated(tenant=tenant, key=key, text=made.key.text)

    @answered(description="Make a short-lived token with which a browser speaks for one user.")
    async def create_user_token(self, info: Inform, wanted: TokenInput) -> CreateUserTokenResult:
        """usecases.issue_user_token."""
        context = info.context
        issue = context.backing.administration.issue_user_token
        made = await _answer(
            issue(context.caller, given(wanted.user.id), given(wanted.user.external_id), wanted.seconds), context
        )
        if isinstance(made, Denial):
            return made
        return given_back.UserTokenCreated(
            token=made.text, expires_at=DateTime(made.expires_at), user_id=user_id(made.user)
        )


async def _answer(doing: Awaitable[T], context: Context) -> T | Denial:
    """What a use case gives, or the failure that its refusal becomes."""
    try:
        return await doing
    except Denied as error:
        return denial(error, context)


async def _key(context: Context, key: bytes) -> ApiKey:
    """A key that was there a moment ago; keys are never deleted."""
    found = await context.access.key(key)
    if found is None:
        raise errors.NotFound("the key is gone already")
    return found


async def _member(context: Context, member: bytes) -> Member:
    found = await context.access.member(member)
    if found is None:
        raise errors.NotFound("the member is gone already")
    return found


def _filter(wanted: AuditFilter | None) -> read_audit_log.AuditFilter:
    if wanted is None:
        return read_audit_log.AuditFilter()
    return read_audit_log.AuditFilter(
        action=given(wanted.action),
        actor=given(wanted.actor),
        subject=given(wanted.subject),
        from_us=given(wanted.from_),
        until_us=given(wanted.to),
    )
