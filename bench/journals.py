"""What the outside journals hold: of senders, the SMTP server and inbox readers, and the attempt log as the API has it.

Written by feeds and drills, judged by `bench.balance`.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

EMAIL = "EMAIL"
IN_APP = "IN_APP"


class Person(msgspec.Struct, frozen=True):
    """A made-up user, once the product knows it."""

    id: str
    """usr_…"""
    external_id: str
    address: str | None
    declined: frozenset[tuple[str, str]] = frozenset()
    """What the person does not want: (category, channel), where nothing means every one."""


class Send(msgspec.Struct, frozen=True):
    """One notification that somebody wants sent. Its title is like no other's."""

    number: int
    title: str
    body: str
    url: str | None
    category: str
    audience: tuple[str, ...]
    """External ids."""
    channels: tuple[str, ...]
    keyed: bool
    """Sent with an idempotency key, so that it can be repeated when no answer came."""
    template: str | None = None
    """The key of a template that says title and text; nothing: they are sent as they are."""


class Fate(Enum):
    """What a sender knows about a send at the end."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer came, and without a key it could not be asked again."""


class SenderEntry(msgspec.Struct, frozen=True):
    """A send and what came of it."""

    send: Send
    fate: Fate
    notification: str | None = None
    """ntf_…, where accepted."""
    note: str = ""


class Mail(msgspec.Struct, frozen=True):
    """A copy of a mail that the SMTP server took."""

    to: str
    subject: str | None
    delivery: str | None
    """dlv_… from its header."""
    attempt: str | None
    """att_… from its header."""
    at_us: int = 0


class InboxEntry(msgspec.Struct, frozen=True):
    """An item in the log of one reader, in the order in which the reader got it."""

    seq: int
    item: str
    """inb_…"""
    title: str | None


class AttemptEntry(msgspec.Struct, frozen=True):
    """One call to a provider, in the product's own words."""

    id: str
    number: int
    outcome: str | None
    started_at: float
    """Seconds since 1970."""
    settled_at: float | None = None


class DeliveryEntry(msgspec.Struct, frozen=True):
    """One delivery, in the product's own words."""

    id: str
    channel: str
    state: str
    reason: str | None
    next_attempt_at: float | None
    """Seconds since 1970."""
    created_at: float = 0.0
    attempts: tuple[AttemptEntry, ...] = ()


class Journals(msgspec.Struct, frozen=True):
    """Everything that is compared."""

    people: Sequence[Person]
    sends: Sequence[SenderEntry]
    mails: Sequence[Mail]
    """Taken ones only."""
    inboxes: Mapping[str, Sequence[InboxEntry]]
    """By the reader's usr_…; a user without an entry was not read, one with an empty list had nothing."""
    deliveries: Mapping[str, Sequence[DeliveryEntry]]
    """By ntf_…."""
    hourly_limit: int | None = None
    """Deliveries an hour for each person; None: nobody is held back."""
