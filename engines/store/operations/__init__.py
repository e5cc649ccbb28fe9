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
from engines.store.operations.access import ForgetKeys, PutKey, PutTenant, RevokeKey
from engines.store.operations.attempts import Claim, Settle, Settlement
from engines.store.operations.directory import StaleKey, Upserted, UpsertUsers, UserRow
from engines.store.operations.expanding import Expand, NewDelivery
from engines.store.operations.inbox import Marked, MarkInbox
from engines.store.operations.outbox import DropOutbox, FreeOutbox, OutboxRow, SetAside, TakeOutbox
from engines.store.operations.waiting import MakePartitions, Wake
from engines.store.operations.workers import Beat, OrphanClaim, Retire, TakeOver

__all__ = [
    "Accept",
    "Acceptance",
    "Accepted",
    "Beat",
    "Claim",
    "DropOutbox",
    "Expand",
    "ForgetKeys",
    "FreeOutbox",
    "KeyConflict",
    "MakePartitions",
    "MarkInbox",
    "Marked",
    "NewDelivery",
    "NewNotification",
    "Newcomer",
    "OrphanClaim",
    "OutboxRow",
    "PutKey",
    "PutTenant",
    "Retire",
    "RevokeKey",
    "SetAside",
    "Settle",
    "Settlement",
    "StaleKey",
    "TakeOutbox",
    "TakeOver",
    "UnknownUsers",
    "UpsertUsers",
    "Upserted",
    "UserRow",
    "Wake",
]
