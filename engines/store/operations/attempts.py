"""Claiming and settling attempts."""

import msgspec

from engines.store.base import Operation
from models.ids import AttemptKey
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import Lane
from models.vocabulary import Channel


class Claim(Operation[frozenset[AttemptKey]], frozen=True):
    """Wins the right to call a provider. Answers the attempts that are this worker's now.

    An attempt is not won where its row exists, or where its delivery no longer waits for it. Repeating a claim whose
    answer got lost gives the same answer again.
    """

    id: bytes
    worker: bytes
    provider: str
    attempts: tuple[tuple[bytes, AttemptKey], ...]
    """(tenant, key) pairs."""
    at_us: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset([tenant for tenant, _ in self.attempts])

    def size(self) -> int:
        return len(self.attempts)


class Settlement(msgspec.Struct, frozen=True):
    """What one attempt came to, and what follows for its delivery."""

    tenant: bytes
    attempt: AttemptKey
    worker: bytes
    """The worker that claimed it: another worker's attempt is not touched."""
    outcome: Outcome
    state: DeliveryState
    reason: ReasonCode | None
    """Why the delivery is in this state."""
    attempt_reason: ReasonCode | None
    """What the provider's answer meant."""
    provider: str
    provider_message_id: str | None
    answer: str | None
    at_us: int
    lane: Lane
    channel: Channel
    retry_at: int | None = None
    dead: ReasonCode | None = None
    """Filled: the delivery also goes to the dead letters for this reason."""


class Settle(Operation[frozenset[AttemptKey]], frozen=True):
    """Records outcomes with their consequences: retry, dead letter, final state. Answers the attempts it settled.

    The others had been settled by someone else; the late word is kept on the attempt as evidence only.
    """

    settlements: tuple[Settlement, ...]
    finished: tuple[bytes, ...] = ()
    """Claims that have no open attempt left after this."""

    def tenants(self) -> frozenset[bytes]:
        return frozenset([one.tenant for one in self.settlements])

    def size(self) -> int:
        return len(self.settlements) + len(self.finished)
