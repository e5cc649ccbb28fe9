"""Sending again what was given up."""

import msgspec

from engines.store.base import OfTenant
from engines.store.operations.auditing import AuditEntry
from models.ids import DeliveryKey
from models.states import DeliveryState, ReasonCode

REPLAYABLE = frozenset({DeliveryState.FAILED, DeliveryState.DEAD, DeliveryState.UNKNOWN})
"""States out of which a dead letter goes back to the queue; in any other one something has become of it meanwhile."""


def hindrance(expires_at: int | None, cancelled_at: int | None, at_us: int) -> ReasonCode | None:
    """Why a dead letter is not sent again, or None."""
    if cancelled_at is not None:
        return ReasonCode.CANCELLED
    return ReasonCode.EXPIRED if expires_at is not None and expires_at <= at_us else None


class Replayed(msgspec.Struct, frozen=True):
    """What became of the dead letters. Those that somebody else has replayed meanwhile are in neither list."""

    queued: tuple[DeliveryKey, ...]
    refused: tuple[tuple[DeliveryKey, ReasonCode], ...]


class Replay(OfTenant[Replayed], frozen=True):
    """Puts dead letters back in the queue, each once: attempts are counted on, retries have a new window."""

    keys: tuple[DeliveryKey, ...]
    at_us: int
    audit: AuditEntry

    def size(self) -> int:
        return 2 * len(self.keys)
