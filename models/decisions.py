"""Why a delivery went the way it did: one rule a stage, two bytes each. Written by stages, read by the API."""

from collections.abc import Sequence
from enum import IntEnum


class StageName(IntEnum):
    """A stage of the orchestrator. Numbers are stored and never reused."""

    AUDIENCE = 1
    ADDRESS = 2
    ROUTE = 3
    COMPOSE = 4
    PREFERENCES = 5
    THROTTLE = 6


class Rule(IntEnum):
    """The rule that decided at a stage. Numbers are stored and never reused."""

    NAMED = 1
    """The caller named this user."""
    USER_UNKNOWN = 2
    """The user was gone when the notification was expanded."""
    ADDRESS_ON_FILE = 3
    NO_ADDRESS_NEEDED = 4
    NO_ADDRESS_ON_FILE = 5
    ALL_CHANNELS = 6
    """Every allowed channel is used."""
    CHANNEL_SWITCHED_OFF = 7
    """No provider serves this channel here."""
    INLINE_CONTENT = 8
    TOO_LATE = 9
    """The notification expired before it was expanded."""
    TAKEN_BACK = 10
    """The notification was cancelled before it was expanded."""
    MANDATORY_CATEGORY = 11
    """The category reaches everybody, whatever they chose."""
    CHOSEN = 12
    """The user said yes to this category or channel."""
    DECLINED = 13
    """The user said no to this category or channel."""
    DECLINED_EVERYTHING = 14
    """The user wants no notification at all."""
    ON_BY_DEFAULT = 15
    """The user chose nothing; the category, or the tenant's rules, send on this channel."""
    OFF_BY_DEFAULT = 16
    """The user chose nothing; the category, or the tenant's rules, do not send on this channel."""
    WITHIN_LIMIT = 17
    OVER_LIMIT = 18
    """The user has had as many notifications within the hour as the limit allows."""
    EXEMPT_FROM_LIMIT = 19
    """Critical, or of a category that the limit does not hold back."""
    TEMPLATE_PINNED = 20
    NO_CONTENT_FOR_CHANNEL = 21
    """The template says nothing on this channel."""


Decision = tuple[StageName, Rule]


def pack(decisions: Sequence[Decision]) -> bytes:
    """Two bytes a decision, in the order taken."""
    return bytes([number for decision in decisions for number in decision])


def unpack(packed: bytes) -> list[Decision]:
    """The reverse of `pack`."""
    return [(StageName(packed[at]), Rule(packed[at + 1])) for at in range(0, len(packed), 2)]
