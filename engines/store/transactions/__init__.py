"""One transaction per operation, the same on every dialect; `BODIES` is the whole list. Run by the stores' writers."""

from typing import cast

from engines.store.committer import Body
from engines.store.operations import (
    Accept,
    Beat,
    Cancel,
    ChangeMember,
    Claim,
    DraftTemplate,
    DropOutbox,
    Expand,
    ForgetKeys,
    FreeOutbox,
    MakePartitions,
    MarkInbox,
    PublishTemplate,
    PutCategories,
    PutKey,
    PutMember,
    PutTenant,
    RemoveMember,
    Replay,
    Retire,
    RevokeKey,
    RotateKey,
    SetAside,
    SetPreferences,
    SetTenantRules,
    Settle,
    TakeOutbox,
    TakeOver,
    UpsertUsers,
    Wake,
)
from engines.store.transactions import (
    accepting,
    access,
    attempts,
    cancelling,
    directory,
    expanding,
    inbox,
    members,
    outbox,
    preferences,
    replaying,
    rules,
    templates,
    waiting,
    workers,
)

BODIES: dict[type, Body] = cast(
    dict[type, Body],
    {
        Accept: accepting.accept,
        Expand: expanding.expand,
        Claim: attempts.claim,
        Settle: attempts.settle,
        Cancel: cancelling.cancel,
        Replay: replaying.replay,
        Wake: waiting.wake,
        MakePartitions: waiting.make_partitions,
        FreeOutbox: outbox.free,
        TakeOutbox: outbox.take,
        DropOutbox: outbox.drop,
        SetAside: outbox.set_aside,
        Beat: workers.beat,
        TakeOver: workers.take_over,
        Retire: workers.retire,
        MarkInbox: inbox.mark,
        UpsertUsers: directory.upsert_users,
        PutTenant: access.put_tenant,
        PutKey: access.put_key,
        RevokeKey: access.revoke_key,
        RotateKey: access.rotate_key,
        PutMember: members.put_member,
        ChangeMember: members.change_member,
        RemoveMember: members.remove_member,
        ForgetKeys: accepting.forget_keys,
        PutCategories: rules.put_categories,
        SetTenantRules: rules.set_tenant_rules,
        SetPreferences: preferences.set_preferences,
        DraftTemplate: templates.draft,
        PublishTemplate: templates.publish,
    },
)
"""In the order in which a merged transaction runs them."""

LOCK_HEADS: frozenset[type] = frozenset(
    (
        Expand,
        MarkInbox,
        PutTenant,
        PutKey,
        RevokeKey,
        RotateKey,
        PutMember,
        ChangeMember,
        RemoveMember,
        PutCategories,
        SetTenantRules,
        SetPreferences,
        DraftTemplate,
        PublishTemplate,
    )
)
"""Each takes the heads of many inboxes in user order, or of many audit chains in tenant order, so no two kinds of them
may follow one another in one transaction."""

ALONE: frozenset[type] = frozenset((Cancel, Replay))
"""Each has a transaction of its own: it locks rows that other kinds lock in another order, and it is rare."""
