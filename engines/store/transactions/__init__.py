"""One transaction per operation, the same on every dialect; `BODIES` is the whole list. Run by the stores' writers."""

from typing import cast

from engines.store.committer import Body
from engines.store.operations import (
    Accept,
    Beat,
    Claim,
    DropOutbox,
    Expand,
    ForgetKeys,
    FreeOutbox,
    MakePartitions,
    MarkInbox,
    PutKey,
    PutTenant,
    Retire,
    RevokeKey,
    SetAside,
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
    directory,
    expanding,
    inbox,
    outbox,
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
        ForgetKeys: accepting.forget_keys,
    },
)
"""In the order in which a merged transaction runs them."""

LOCK_HEADS: frozenset[type] = frozenset((Expand, MarkInbox))
"""Each takes the heads of many inboxes in user order, so the two must not follow one another in one transaction."""
