"""The reference of codes: what each error and reason means, what brings it about, and what to do. Printed and served.

The meanings are those of the API's own enums; only what to do is written here. `docs/errors.md` is printed from it by
`python -m schema.reference`, and the gateway shows it at `/docs/errors`, where every error links to.
"""

import sys
from collections.abc import Mapping
from enum import Enum

import msgspec
from strawberry.types.enum import has_enum_definition

from errors import ErrorCode
from models.states import ReasonCode
from schema.enums import ReasonCode as _  # noqa: F401 (describes the enums)


class Entry(msgspec.Struct, frozen=True):
    """One code. `code` is also the anchor that links end with."""

    code: str
    meaning: str
    cure: str


ERROR_CURES: Mapping[ErrorCode, str] = {
    ErrorCode.MALFORMED_REQUEST: "Send UTF-8 JSON of the documented shape; the message names what could not be read.",
    ErrorCode.INVALID_INPUT: "Correct the field that path names; the message says what was expected and what came.",
    ErrorCode.QUERY_INVALID: "Check the document against schema.graphql; locations point at the place.",
    ErrorCode.QUERY_TOO_COSTLY: "Ask for smaller pages, fewer fields or less depth; the message names the limit.",
    ErrorCode.UNAUTHENTICATED: "Send Authorization: Bearer with a key or token that is in force. Why one is refused is "
    "never told: make a new one if in doubt.",
    ErrorCode.FORBIDDEN: "Use a key whose role has the permission that the message names, or ask an administrator.",
    ErrorCode.NOT_FOUND: "Check the id, and that the key belongs to the tenant that made it.",
    ErrorCode.RATE_LIMITED: "Wait as long as Retry-After (retryAfterSeconds) says, then repeat the same call.",
    ErrorCode.IDEMPOTENCY_CONFLICT: "Use a new key for a new input; keep the old one for repeating the old input.",
    ErrorCode.CONFLICT: "Read the thing again: the message says what stands in the way.",
    ErrorCode.FILTER_NOT_INDEXED: "Add the filter that the message names, or leave this one out.",
    ErrorCode.UNAVAILABLE: "Nothing was taken, or it is unknown: repeat the same call with the same idempotency key.",
    ErrorCode.CONFIGURATION: "For operators: the process did not start; the message lists every wrong setting.",
    ErrorCode.CORRUPT_DATA: "For operators: restore the key files or the database; traceId leads to the log line.",
    ErrorCode.INTERNAL: "A fault of ours. Report the traceId; repeating with the same idempotency key is safe.",
}
REASON_CURES: Mapping[ReasonCode, str] = {
    ReasonCode.NO_ADDRESS: "Store an address with upsertUsers, or allow another channel.",
    ReasonCode.UNKNOWN_USER: "Send to users that exist; this one was gone before the notification was worked out.",
    ReasonCode.CHANNEL_DISABLED: "Configure a provider for the channel, or leave the channel out.",
    ReasonCode.EXPIRED: "Nothing to do if it was meant; else give expiresAt (or the category) more time.",
    ReasonCode.ADDRESS_INVALID: "Ask the user for another address; this one will never work.",
    ReasonCode.MAILBOX_UNAVAILABLE: "Ask the user for another address.",
    ReasonCode.MAILBOX_FULL: "Try again later or another channel; the user must make room.",
    ReasonCode.MESSAGE_REJECTED: "Read the attempt's answer: the provider says what it dislikes.",
    ReasonCode.MESSAGE_TOO_LARGE: "Make the content smaller.",
    ReasonCode.POLICY_REJECTED: "Check the sender's domain (SPF, DKIM, DMARC) and its reputation.",
    ReasonCode.PROVIDER_BUSY: "Nothing: it is tried again by itself.",
    ReasonCode.PROVIDER_UNREACHABLE: "Check network, host and port of the provider; it is tried again by itself.",
    ReasonCode.PROVIDER_REFUSED_LOGIN: "Check the provider's credentials; it is tried again by itself.",
    ReasonCode.PROVIDER_PROTOCOL: "Check that the address is really the provider's; it is tried again by itself.",
    ReasonCode.ANSWER_TIMED_OUT: "Look at the outcome: UNKNOWN may mean that the message was taken.",
    ReasonCode.CONNECTION_LOST: "Look at the outcome: UNKNOWN may mean that the message was taken.",
    ReasonCode.WORKER_LOST: "Nothing: what it left undone is taken over by itself.",
    ReasonCode.RETRIES_EXHAUSTED: "Mend the cause that the last attempt names, then replayDeadLetters.",
    ReasonCode.OUTCOME_UNKNOWN: "Ask the provider or the recipient; replayDeadLetters sends it once more.",
    ReasonCode.UNDECODABLE: "For operators: stored work cannot be read; the log line has the details.",
    ReasonCode.CURSOR_TOO_OLD: "Load the inbox again and follow from its liveCursor.",
    ReasonCode.CURSOR_FOREIGN: "Load the inbox again and follow from its liveCursor.",
    ReasonCode.OPTED_OUT: "Respect it. What must reach everybody belongs to a mandatory category.",
    ReasonCode.SWITCHED_OFF: "Switch the channel on for the category or the tenant, or let the user choose it.",
    ReasonCode.THROTTLED: "Send less, raise the tenant's hourlyLimit, or use priority CRITICAL for what really is.",
    ReasonCode.CANCELLED: "Nothing: somebody called cancelNotification; the audit log says who.",
    ReasonCode.NO_CONTENT: "Publish a version of the template with content for the channel.",
    ReasonCode.RENDERING_FAILED: "Compare the data with the template's placeholders; publish a corrected version.",
}


def errors_listed() -> list[Entry]:
    """Every error code, in the order of the closed list."""
    return [Entry(code.value, _meaning(ErrorCode, code.name), ERROR_CURES[code]) for code in ErrorCode]


def reasons_listed() -> list[Entry]:
    """Every reason code, in the order of the closed list."""
    return [Entry(code.name, _meaning(ReasonCode, code.name), REASON_CURES[code]) for code in ReasonCode]


def _meaning(enum: type[Enum], name: str) -> str:
    if not has_enum_definition(enum):
        raise TypeError(f"{enum.__name__} is not described")
    values = {value.name: value.description for value in enum.__strawberry_definition__.values}
    return values[name] or ""


def markdown() -> str:
    """The whole reference, as it is kept in docs/errors.md."""
    parts = [
        "# Errors and reasons",
        "Printed by `python -m schema.reference` from the lists that API, logs and metrics share; failures link here.",
        "## Errors",
        "What a call is answered with: `code` in GraphQL failures and `extensions`, and in REST problem details.",
        *[_section(entry) for entry in errors_listed()],
        "## Reasons",
        "Why a delivery, an attempt or a stream is in any state other than the happy path: `reason`.",
        *[_section(entry) for entry in reasons_listed()],
    ]
    return "\n\n".join(parts) + "\n"


def _section(entry: Entry) -> str:
    return f'<a id="{entry.code}"></a>\n### {entry.code}\n\n{entry.meaning}\n\n*What to do:* {entry.cure}'


if __name__ == "__main__":
    sys.stdout.write(markdown())
