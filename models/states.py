"""The states of a delivery, their ranks, and the closed list of reasons. Read by everything, changed with care."""

from enum import IntEnum

from models.vocabulary import Priority


class DeliveryState(IntEnum):
    """A delivery's state, as stored. `rank` says which of two reports about one delivery wins."""

    HELD = 5
    QUEUED = 10
    SENDING = 20
    UNKNOWN = 25
    RETRY_WAIT = 27
    SKIPPED = 40
    SUPPRESSED = 41
    MERGED = 42
    SUPERSEDED = 43
    CANCELLED = 44
    EXPIRED = 46
    FAILED = 47
    DEAD = 48
    SENT = 50
    DELIVERED = 60
    BOUNCED = 70


FINAL_FROM = DeliveryState.SKIPPED
"""States from this one on are final until a receipt outranks them; those below are waiting."""

STOPPED = (
    DeliveryState.SKIPPED,
    DeliveryState.SUPPRESSED,
    DeliveryState.MERGED,
    DeliveryState.SUPERSEDED,
    DeliveryState.CANCELLED,
    DeliveryState.EXPIRED,
)
"""States in which the recipient got nothing because a rule, the caller or the time said so."""

_RANKS = {
    DeliveryState.SUPPRESSED: 40,
    DeliveryState.MERGED: 40,
    DeliveryState.SUPERSEDED: 40,
    DeliveryState.CANCELLED: 40,
    DeliveryState.EXPIRED: 40,
    DeliveryState.FAILED: 45,
    DeliveryState.DEAD: 45,
}


def rank(state: DeliveryState) -> int:
    """The rank that decides between two reports about one delivery (0–99)."""
    return _RANKS.get(state, int(state))


_BETWEEN_ATTEMPTS = frozenset({DeliveryState.QUEUED, DeliveryState.RETRY_WAIT, DeliveryState.UNKNOWN})


def as_told(stored: int, *, under_way: bool) -> DeliveryState:
    """A delivery's state as callers see it: SENDING while an attempt of a waiting delivery has no outcome."""
    state = DeliveryState(stored)
    return DeliveryState.SENDING if under_way and state in _BETWEEN_ATTEMPTS else state


class NotificationState(IntEnum):
    """Derived when read, never stored."""

    SCHEDULED = 1
    ACCEPTED = 2
    PROCESSING = 3
    COMPLETED = 4
    CANCELLED = 5
    EXPIRED = 6


class Outcome(IntEnum):
    """How one attempt ended. An attempt without an outcome is under way."""

    SENT = 1
    """The provider took it."""
    REFUSED = 2
    """A permanent answer: trying again would get the same."""
    BUSY = 3
    """Not now: try again later."""
    UNKNOWN = 4
    """Bytes may have left, and no answer came back."""
    NOT_CALLED = 5
    """The call never happened: nothing left this process."""


class ReasonCode(IntEnum):
    """Why a delivery is in any other state than the happy path. Numbers are stored, names are shown."""

    # the recipient or the route
    NO_ADDRESS = 1
    UNKNOWN_USER = 2
    CHANNEL_DISABLED = 3
    EXPIRED = 4
    # the provider's answer
    ADDRESS_INVALID = 5
    MAILBOX_UNAVAILABLE = 6
    MAILBOX_FULL = 7
    MESSAGE_REJECTED = 8
    MESSAGE_TOO_LARGE = 9
    POLICY_REJECTED = 10
    PROVIDER_BUSY = 11
    PROVIDER_UNREACHABLE = 12
    PROVIDER_REFUSED_LOGIN = 13
    PROVIDER_PROTOCOL = 14
    # not known
    ANSWER_TIMED_OUT = 15
    CONNECTION_LOST = 16
    WORKER_LOST = 17
    # given up
    RETRIES_EXHAUSTED = 18
    OUTCOME_UNKNOWN = 19
    UNDECODABLE = 20
    # the inbox stream
    CURSOR_TOO_OLD = 21
    CURSOR_FOREIGN = 22
    # the rules
    OPTED_OUT = 23
    SWITCHED_OFF = 24
    THROTTLED = 25
    CANCELLED = 26
    NO_CONTENT = 27
    RENDERING_FAILED = 28


RETRY_DELAYS_S: tuple[float, ...] = (0.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds before attempt 2, 3 …; after the last one, RETRY_EVERY_S again and again until the window closes."""
RETRY_EVERY_S = 900.0
RETRY_WINDOW_S: dict[Priority, float] = {
    Priority.CRITICAL: 900.0,
    Priority.HIGH: 3_600.0,
    Priority.NORMAL: 86_400.0,
    Priority.BULK: 259_200.0,
}
