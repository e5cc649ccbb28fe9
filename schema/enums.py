"""The closed lists as GraphQL shows them: the models' own enums, each value with its sentence. Used by every type.

Strawberry keeps its definition on the class itself, so the models' enums are the GraphQL enums: nothing is translated.
"""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import has_enum_definition

from errors import ErrorCode
from models.principal import Permission
from models.states import DeliveryState, NotificationState, Outcome, ReasonCode
from models.vocabulary import AuditAction, Channel, InboxMark, Priority, Role, TenantKind, WhenUnknown


def _describe(enum: type[Enum], description: str, values: Mapping[str, str]) -> None:
    """Make a model's enum a GraphQL enum. A value without a sentence is found by the drift test."""
    strawberry.enum(enum, description=f"{description} Expect values that you do not know yet.")
    if has_enum_definition(enum):
        for value in enum.__strawberry_definition__.values:
            value.description = values.get(value.name)


_describe(
    Channel,
    "A medium by which somebody is reached.",
    {
        "EMAIL": "A mail to the user's e-mail address.",
        "SMS": "A text message. Not accepted yet.",
        "PUSH": "A push notification to the user's devices. Not accepted yet.",
        "IN_APP": "An item in the user's inbox, shown live.",
    },
)
_describe(
    Priority,
    "How urgent a notification is: urgent ones overtake others, and retries end sooner.",
    {
        "CRITICAL": "Before everything else; retried for 15 minutes.",
        "HIGH": "Before normal ones; retried for an hour.",
        "NORMAL": "Retried for a day.",
        "BULK": "When nothing else waits; retried for three days.",
    },
)
_describe(
    Role,
    "What a caller is, which decides what it may do.",
    {
        "ADMIN": "May do everything within its tenant.",
        "DEVELOPER": "May send, read, and manage users.",
        "VIEWER": "May follow notifications, but sees neither content nor addresses.",
        "SERVICE_ACCOUNT": "A program that may send, read, and manage users.",
        "END_USER": "A browser that speaks for one user: it sees and marks that user's inbox.",
    },
)
_describe(
    Permission,
    "One thing that a caller may do.",
    {
        "SEND_NOTIFICATIONS": "Send notifications, and read what they say.",
        "READ_NOTIFICATIONS": "Follow notifications, their deliveries and attempts.",
        "MANAGE_USERS": "Make and change users, and read their addresses.",
        "READ_INBOX": "Read and follow the own inbox.",
        "MARK_INBOX": "Mark items of the own inbox.",
        "READ_RULES": "Read categories, the names of templates, and the tenant's own defaults.",
        "MANAGE_TEMPLATES": "Draft and publish templates, and read what they say.",
        "MANAGE_CATEGORIES": "Change categories and the tenant's own defaults.",
        "MANAGE_PREFERENCES": "Read and set what any user wants to receive.",
        "SET_OWN_PREFERENCES": "Read and set what the user that the token speaks for wants to receive.",
        "REPLAY_DEAD_LETTERS": "Send again what was given up.",
        "MANAGE_ACCESS": "Manage API keys, members and tenants.",
        "READ_AUDIT_LOG": "Read who changed what.",
    },
)
_describe(
    NotificationState,
    "How far a notification is as a whole, derived from its deliveries at the moment of asking.",
    {
        "SCHEDULED": "It waits for its sendAt.",
        "ACCEPTED": "It is stored, and its recipients are not worked out yet.",
        "PROCESSING": "At least one delivery still waits or is under way.",
        "COMPLETED": "Every delivery has reached a final state.",
        "CANCELLED": "It was taken back: what had not left by then is not sent.",
        "EXPIRED": "Its expiresAt passed before anything went out.",
    },
)
_describe(
    DeliveryState,
    "The state of one delivery.",
    {
        "HELD": "It waits for a moment that suits the recipient.",
        "QUEUED": "It waits for its turn.",
        "SENDING": "An attempt is under way.",
        "RETRY_WAIT": "The last attempt failed for the time being; the next one is planned.",
        "UNKNOWN": "It may or may not have been sent: no answer came back. It is being cleared up.",
        "SENT": "The provider took it.",
        "DELIVERED": "It arrived.",
        "BOUNCED": "The provider took it first, and returned it later.",
        "FAILED": "The provider refused it for good.",
        "DEAD": "Given up after the last retry.",
        "SUPPRESSED": "Not sent: the address is on the opt-out list.",
        "SKIPPED": "Not sent, for the given reason.",
        "MERGED": "It went out as a part of another delivery.",
        "SUPERSEDED": "A later notification took its place.",
        "CANCELLED": "Its notification was taken back.",
        "EXPIRED": "Its notification's expiresAt passed first.",
    },
)
_describe(
    Outcome,
    "How one attempt ended.",
    {
        "SENT": "The provider took the message.",
        "REFUSED": "A permanent no: trying again would get the same answer.",
        "BUSY": "Not now: another attempt follows.",
        "UNKNOWN": "The message may have left, and no answer came back.",
        "NOT_CALLED": "The provider was never called: nothing left.",
    },
)
_describe(
    ReasonCode,
    "Why something is in any state other than the happy path. The same codes stand in logs and metrics.",
    {
        "NO_ADDRESS": "The user has no address for this channel.",
        "UNKNOWN_USER": "The user was gone when the notification was worked out.",
        "CHANNEL_DISABLED": "Nothing serves this channel here.",
        "EXPIRED": "The notification's expiresAt passed first.",
        "ADDRESS_INVALID": "The provider does not take the address.",
        "MAILBOX_UNAVAILABLE": "There is no such mailbox, or it takes no mail.",
        "MAILBOX_FULL": "The mailbox is full.",
        "MESSAGE_REJECTED": "The provider does not take this message.",
        "MESSAGE_TOO_LARGE": "The message is too large for the provider.",
        "POLICY_REJECTED": "The provider's policy forbids it: spam, reputation, authentication.",
        "PROVIDER_BUSY": "The provider asks to come back later.",
        "PROVIDER_UNREACHABLE": "No connection to the provider.",
        "PROVIDER_REFUSED_LOGIN": "The provider does not accept our credentials.",
        "PROVIDER_PROTOCOL": "The provider's answer made no sense.",
        "ANSWER_TIMED_OUT": "No answer came in time; with outcome UNKNOWN the message may have been taken.",
        "CONNECTION_LOST": "The connection broke; with outcome UNKNOWN the message may have been taken.",
        "WORKER_LOST": "The process that made the attempt ended before the answer.",
        "RETRIES_EXHAUSTED": "Every retry failed.",
        "OUTCOME_UNKNOWN": "Whether it was sent could not be cleared up.",
        "UNDECODABLE": "Its stored work could not be read.",
        "CURSOR_TOO_OLD": "The inbox no longer holds what came after the cursor: load it again.",
        "CURSOR_FOREIGN": "The cursor does not belong to this inbox: load it again.",
        "OPTED_OUT": "The user does not want this category, this channel, or anything at all.",
        "SWITCHED_OFF": "The user chose nothing, and the category or the tenant's defaults do not use this channel.",
        "THROTTLED": "The user has had as many notifications within the hour as the limit allows.",
        "CANCELLED": "The notification was taken back.",
        "NO_CONTENT": "The template says nothing on this channel.",
        "RENDERING_FAILED": "The template could not be filled with this data.",
    },
)
_describe(
    InboxMark,
    "What a user can do to inbox items.",
    {
        "SEEN": "It was on the screen.",
        "READ": "It was opened; it counts as seen too, and no longer as unread.",
        "UNREAD": "As if it had not been opened.",
        "ARCHIVED": "Put away: it leaves the inbox and no longer counts as unread.",
        "UNARCHIVED": "Back in the inbox.",
    },
)
_describe(
    ErrorCode,
    "What went wrong. The same codes stand in the extensions of errors, in logs and in metrics.",
    {
        "MALFORMED_REQUEST": "The request could not be read at all.",
        "INVALID_INPUT": "A field holds something else than expected; path leads to it.",
        "QUERY_INVALID": "The GraphQL document does not fit the schema.",
        "QUERY_TOO_COSTLY": "The GraphQL document asks for too much at once.",
        "UNAUTHENTICATED": "No token, or one that is not accepted.",
        "FORBIDDEN": "The caller's role does not allow it.",
        "NOT_FOUND": "It does not exist, or belongs to someone else.",
        "RATE_LIMITED": "Too many calls; come back later.",
        "IDEMPOTENCY_CONFLICT": "The idempotency key came with another input within 24 hours.",
        "CONFLICT": "What is there does not allow the change: it is too late for it, or the name is taken.",
        "FILTER_NOT_INDEXED": "No index serves this filter: add one that the message names.",
        "UNAVAILABLE": "Try again later; nothing was taken.",
        "CONFIGURATION": "The service is not set up for this.",
        "CORRUPT_DATA": "Stored data could not be read.",
        "INTERNAL": "A fault of ours; the trace id finds it in our logs.",
    },
)
_describe(
    TenantKind,
    "Whether what a tenant sends is meant.",
    {"LIVE": "It is: real people are reached.", "TEST": "It is not: for trying things out."},
)
_describe(
    AuditAction,
    "An administrative change.",
    {
        "KEY_CREATED": "An API key was made.",
        "KEY_REVOKED": "An API key was ended.",
        "KEY_ROTATED": "An API key was replaced by another.",
        "MEMBER_ADDED": "Somebody was put on the list of members.",
        "MEMBER_CHANGED": "A member got another role or name.",
        "MEMBER_REMOVED": "Somebody was taken off the list of members.",
        "TENANT_CREATED": "A tenant was made.",
        "RULES_CHANGED": "The tenant's own defaults were changed.",
        "CATEGORY_PUT": "A category was made or changed.",
        "TEMPLATE_DRAFTED": "A draft of a template was written.",
        "TEMPLATE_PUBLISHED": "A template's draft came into force.",
        "NOTIFICATION_CANCELLED": "A notification was taken back.",
        "DEAD_LETTERS_REPLAYED": "What was given up was sent again.",
        "PREFERENCES_SET": "Somebody else than the user set what they want to receive.",
    },
)

_describe(
    WhenUnknown,
    "What to do when nobody knows whether a message was taken.",
    {
        "RESEND": "Send it again: rather two copies than none.",
        "HOLD": "Send nothing: it waits among the dead letters until somebody decides.",
    },
)

__all__ = [
    "AuditAction",
    "Channel",
    "DeliveryState",
    "ErrorCode",
    "InboxMark",
    "NotificationState",
    "Outcome",
    "Permission",
    "Priority",
    "ReasonCode",
    "Role",
    "TenantKind",
    "WhenUnknown",
]
