"""What follows from an attempt's outcome: final, retry, unknown or dead. Asked by delivery and by the sweep."""

from collections.abc import Callable, Collection, Mapping

import msgspec

from dispatchers.provider import Sent
from engines.store.queries import SendableRow
from models.rules import Rules
from models.states import (
    RETRY_DELAYS_S,
    RETRY_EVERY_S,
    RETRY_WINDOW_S,
    DeliveryState,
    Outcome,
    ReasonCode,
)
from models.vocabulary import Priority, WhenUnknown
from usecases.rules_directory import RulesDirectory

SECOND_US = 1_000_000
JITTER = 0.2


class Aftermath(msgspec.Struct, frozen=True):
    """The delivery's next state, and when to try again or why it is dead."""

    state: DeliveryState
    reason: ReasonCode | None = None
    retry_at: int | None = None
    dead: ReasonCode | None = None


class Policy(msgspec.Struct, frozen=True):
    """How long to go on. `spread` gives a number from 0 to 1 for the jitter."""

    when_unknown: WhenUnknown
    """For categories that do not say it themselves."""
    unknown_resends: int
    """How often a delivery may be sent again without knowing the outcome of an attempt before."""
    spread: Callable[[], float]
    rules: Mapping[bytes, Rules] = {}
    """By tenant: what categories say themselves."""

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
        if self._when_unknown(row) is WhenUnknown.HOLD:
            return Aftermath(DeliveryState.UNKNOWN, sent.reason, dead=ReasonCode.OUTCOME_UNKNOWN)
        if row.unknowns >= self.unknown_resends:
            return Aftermath(DeliveryState.DEAD, ReasonCode.OUTCOME_UNKNOWN, dead=ReasonCode.OUTCOME_UNKNOWN)
        return _retry(DeliveryState.UNKNOWN, sent.reason, now_us + self._delay_us(attempt, sent.retry_after_s), row)

    def _when_unknown(self, row: SendableRow) -> WhenUnknown:
        rules = self.rules.get(row.tenant)
        own = rules.of(row.category).when_unknown if rules is not None else None
        return own or self.when_unknown

    def _delay_us(self, attempt: int, retry_after_s: float | None) -> int:
        if retry_after_s is not None:
            return round(retry_after_s * SECOND_US)
        scheduled_s = RETRY_DELAYS_S[attempt - 1] if attempt <= len(RETRY_DELAYS_S) else RETRY_EVERY_S
        return round(scheduled_s * (1 + JITTER * (2 * self.spread() - 1)) * SECOND_US)


class Policies:
    """The policy of each batch: the installation's, with what the categories of its tenants say."""

    def __init__(self, rules: RulesDirectory, installation: Policy) -> None:
        self._rules = rules
        self._installation = installation

    async def of(self, rows: Collection[SendableRow]) -> Policy:
        """For these deliveries.

        Raises:
            Unavailable: the store does not answer.
        """
        rules = await self._rules.get_many({row.tenant for row in rows})
        return msgspec.structs.replace(self._installation, rules=rules)


def _retry(state: DeliveryState, reason: ReasonCode | None, again_at: int, row: SendableRow) -> Aftermath:
    gives_up_at = row.begins_at + round(RETRY_WINDOW_S[Priority(row.priority)] * SECOND_US)
    if row.expires_at is not None and again_at >= min(row.expires_at, gives_up_at) and row.expires_at <= gives_up_at:
        return Aftermath(DeliveryState.EXPIRED, ReasonCode.EXPIRED)
    if again_at >= gives_up_at:
        return Aftermath(DeliveryState.DEAD, ReasonCode.RETRIES_EXHAUSTED, dead=ReasonCode.RETRIES_EXHAUSTED)
    return Aftermath(state, reason, retry_at=again_at)
