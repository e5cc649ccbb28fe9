"""What a channel and a provider are: implemented in one folder per channel, called by delivery."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from models.content import Content
from models.ids import AttemptKey
from models.states import Outcome, ReasonCode


class EmailMessage(msgspec.Struct, frozen=True):
    """One composed e-mail, ready for a provider."""

    attempt: AttemptKey
    to: str
    subject: str
    text: str
    html: str | None
    message_id: str
    """Without angle brackets; one for all attempts of a delivery, so that a mailbox can recognise copies."""
    headers: tuple[tuple[str, str], ...] = ()


class Sent(msgspec.Struct, frozen=True):
    """A provider's answer about one message."""

    outcome: Outcome
    reason: ReasonCode | None = None
    provider_message_id: str | None = None
    answer: str | None = None
    """The provider's own words, at most 500 characters, without addresses."""
    retry_after_s: float | None = None


class Limits(msgspec.Struct, frozen=True):
    """How a provider wants to be called."""

    bulk: int
    """Most messages in one call (at most 100)."""
    concurrency: int
    """Most calls at once from one process."""


class Recipient(msgspec.Struct, frozen=True):
    """The person and address that one delivery goes to."""

    attempt: AttemptKey
    address: str
    locale: str | None
    category: str


M = TypeVar("M", contravariant=True)
Composed = TypeVar("Composed", covariant=True)


class Provider(Protocol[M]):
    """One vendor. It knows its API and nothing of Carillon's store or states."""

    name: str
    limits: Limits
    longest_call_s: float
    """No call takes longer, waiting for a connection included: nobody takes its work over before."""

    async def send(self, messages: Sequence[M]) -> Sequence[Sent]:
        """One answer per message, in order. Never raises for what a provider or a network can do: that is an answer.

        A call whose bytes may have left without an answer is UNKNOWN; one that never left is NOT_CALLED or BUSY.
        """

    async def aclose(self) -> None:
        """Give up idle connections; calls under way are finished by their callers first."""


class Channel(Protocol[Composed]):
    """A medium: how content becomes a message for it."""

    def compose(self, recipients: Sequence[tuple[Recipient, Content]]) -> Sequence[Composed]:
        """One message per recipient, in order."""
