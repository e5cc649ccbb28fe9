"""All that administrators of a tenant do, together: built by services, asked by doors and by commands."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from models.clock import Clock
from models.ids import Ids
from usecases.add_member import AddMember
from usecases.change_member import ChangeMember
from usecases.create_key import CreateKey
from usecases.create_tenant import CreateTenant
from usecases.credentials import NewKeyText, UserTokens
from usecases.issue_user_token import IssueUserToken
from usecases.list_access import ListAccess
from usecases.member_directory import MemberDirectory
from usecases.read_audit_log import ReadAuditLog
from usecases.remove_member import RemoveMember
from usecases.revoke_key import RevokeKey
from usecases.rotate_key import RotateKey
from usecases.tenant_directory import TenantDirectory


class Administration(msgspec.Struct, frozen=True, kw_only=True):
    """One of each."""

    create_key: CreateKey
    revoke_key: RevokeKey
    rotate_key: RotateKey
    add_member: AddMember
    change_member: ChangeMember
    remove_member: RemoveMember
    create_tenant: CreateTenant
    issue_user_token: IssueUserToken
    lists: ListAccess
    audit_log: ReadAuditLog
    members: MemberDirectory


def administration(
    *,
    store: Store,
    sealer: Sealer,
    tenants: TenantDirectory,
    new_key_text: NewKeyText,
    tokens: UserTokens,
    clock: Clock,
    new_ids: Ids,
) -> Administration:
    """All of them over one store."""
    members = MemberDirectory(store, sealer)
    return Administration(
        create_key=CreateKey(store, tenants, new_key_text, clock, new_ids),
        revoke_key=RevokeKey(store, clock),
        rotate_key=RotateKey(store, tenants, new_key_text, clock, new_ids),
        add_member=AddMember(store, sealer, tenants, members, clock, new_ids),
        change_member=ChangeMember(store, tenants, members, clock),
        remove_member=RemoveMember(store, clock),
        create_tenant=CreateTenant(store, sealer, tenants, new_key_text, clock, new_ids),
        issue_user_token=IssueUserToken(store, sealer, tokens, clock),
        lists=ListAccess(store, tenants, members, clock),
        audit_log=ReadAuditLog(store, sealer),
        members=members,
    )
