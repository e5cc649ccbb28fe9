"""What follows from an attempt's outcome: final, retry, unknown or dead. Pure; asked by delivery and by the sweep."""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from dispatchers.provider import Sent
from engines.store.queries import SendableRow
from models.states import (
    RETRY_DELAYS_S,
    RETRY_EVERY_S,
    RETRY_WINDOW_S,
    DeliveryState,
    Outcome,
    ReasonCode,
)
from models.vocabulary import Priority

SECOND_US = 1_000_000
JITTER = 0.2


class WhenUnknown(StrEnum):
    """What to do when nobody knows whether a message was taken."""

    RESEND = "resend"
    """Risk a second copy rather than none."""
    HOLD = "hold"
    """Risk none: an operator decides."""


class Aftermath(msgspec.Struct, frozen=True):
    """The delivery's next state, and when to try again or why it is dead."""

    state: DeliveryState
    reason: ReasonCode | None = None
    retry_at: int | None = None
    dead: ReasonCode | None = None


class Policy(msgspec.Struct, frozen=True):
    """How long to go on. `spread` gives a number from 0 to 1 for the jitter."""

    when_unknown: WhenUnknown
    unknown_resends: int
    """How many attempts may be repeated without knowing the outcome of the one before."""
    spread: Callable[[], float]

    def after(self, sent: Sent, attempt: int, row: SendableRow, now_us: int) -> Aftermath:
        """The consequence of the outcome of attempt number `attempt`."""
        match sent.outcome:
            case Outcome.SENT:
                return Aftermath(DeliveryState.SENT)
            case Outcome.REFUSED:
                return Aftermath(DeliveryState.FAILED, sent.reason, dead=sent.reason or ReasonCode.MESSAGE_REJECTED)
            case Outcome.UNKNOWN:
                return self._unknown(sent, attempt, row, now_us)
            case Outcome.BUSY | Outcome.NOT_CALLED:
                again_at = now_us + self._delay_us(attempt, sent.retry_after_s)
                return _retry(DeliveryState.RETRY_WAIT, sent.reason, again_at, row)

    def _unknown(self, sent: Sent, attempt: int, row: SendableRow, now_us: int) -> Aftermath:
        if self.when_unknown is WhenUnknown.HOLD:
            return Aftermath(DeliveryState.UNKNOWN, sent.reason, dead=ReasonCode.OUTCOME_UNKNOWN)
        if attempt > self.unknown_resends:
            return Aftermath(DeliveryState.DEAD, ReasonCode.OUTCOME_UNKNOWN, dead=ReasonCode.OUTCOME_UNKNOWN)
        return _retry(DeliveryState.UNKNOWN, sent.reason, now_us + self._delay_us(attempt, sent.retry_after_s), row)

    def _delay_us(self, attempt: int, retry_after_s: float | None) -> int:
        if retry_after_s is not None:
            return round(retry_after_s * SECOND_US)
        scheduled_s = RETRY_DELAYS_S[attempt - 1] if attempt <= len(RETRY_DELAYS_S) else RETRY_EVERY_S
        return round(scheduled_s * (1 + JITTER * (2 * self.spread() - 1)) * SECOND_US)


def _retry(state: DeliveryState, reason: ReasonCode | None, again_at: int, row: SendableRow) -> Aftermath:
    gives_up_at = row.begins_at + round(RETRY_WINDOW_S[Priority(row.priority)] * SECOND_US)
    if row.expires_at is not None and again_at >= min(row.expires_at, gives_up_at) and row.expires_at <= gives_up_at:
        return Aftermath(DeliveryState.EXPIRED, ReasonCode.EXPIRED)
    if again_at >= gives_up_at:
        return Aftermath(DeliveryState.DEAD, ReasonCode.RETRIES_EXHAUSTED, dead=ReasonCode.RETRIES_EXHAUSTED)
    return Aftermath(state, reason, retry_at=again_at)
