"""Every write the product makes, as frozen data: one class a transaction. Built by use cases and dispatchers."""

from engines.store.operations.accepting import (
    Accept,
    Acceptance,
    Accepted,
    KeyConflict,
    Newcomer,
    NewNotification,
    UnknownUsers,
)
from engines.store.operations.access import (
    ChangeMember,
    ForgetKeys,
    LastAdmin,
    MemberPut,
    MemberThere,
    NewKey,
    PutKey,
    PutMember,
    PutTenant,
    RemoveMember,
    RevokeKey,
    Rotated,
    RotateKey,
)
from engines.store.operations.attempts import Claim, Settle, Settlement
from engines.store.operations.auditing import AuditEntry
from engines.store.operations.cancelling import Cancel, Cancelled, TooLate
from engines.store.operations.directory import StaleKey, Upserted, UpsertUsers, UserRow
from engines.store.operations.expanding import Expand, NewDelivery
from engines.store.operations.inbox import Marked, MarkInbox
from engines.store.operations.outbox import DropOutbox, FreeOutbox, OutboxRow, SetAside, TakeOutbox
from engines.store.operations.replaying import Replay, Replayed
from engines.store.operations.rules import (
    CategoryPut,
    NewCategory,
    PutCategories,
    SetPreferences,
    SetTenantRules,
    TooManyCategories,
    UserChoices,
)
from engines.store.operations.templates import (
    Drafted,
    DraftTemplate,
    Published,
    PublishTemplate,
    TooManyTemplates,
)
from engines.store.operations.waiting import MakePartitions, Wake
from engines.store.operations.workers import Beat, OrphanClaim, Retire, TakeOver

__all__ = [
    "Accept",
    "Acceptance",
    "Accepted",
    "AuditEntry",
    "Beat",
    "Cancel",
    "Cancelled",
    "CategoryPut",
    "ChangeMember",
    "Claim",
    "DraftTemplate",
    "Drafted",
    "DropOutbox",
    "Expand",
    "ForgetKeys",
    "FreeOutbox",
    "KeyConflict",
    "LastAdmin",
    "MakePartitions",
    "MarkInbox",
    "Marked",
    "MemberPut",
    "MemberThere",
    "NewCategory",
    "NewDelivery",
    "NewKey",
    "NewNotification",
    "Newcomer",
    "OrphanClaim",
    "OutboxRow",
    "PublishTemplate",
    "Published",
    "PutCategories",
    "PutKey",
    "PutMember",
    "PutTenant",
    "RemoveMember",
    "Replay",
    "Replayed",
    "Retire",
    "RevokeKey",
    "RotateKey",
    "Rotated",
    "SetAside",
    "SetPreferences",
    "SetTenantRules",
    "Settle",
    "Settlement",
    "StaleKey",
    "TakeOutbox",
    "TakeOver",
    "TooLate",
    "TooManyCategories",
    "TooManyTemplates",
    "UnknownUsers",
    "UpsertUsers",
    "Upserted",
    "UserChoices",
    "UserRow",
    "Wake",
]
