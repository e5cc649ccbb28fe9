"""What the throttle asks about a recipient, and who answers. Implemented by recipient_limits, handed in by services."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Asked(msgspec.Struct, frozen=True, gc=False):
    """One delivery that would go out."""

    tenant: bytes
    user: bytes
    notification: bytes
    step: int
    limit: int
    """Most deliveries an hour, at least 1."""
    is_exempt: bool
    """It goes out in any case, and counts."""


class RecipientLimits(Protocol):
    """Counts what recipients get."""

    async def admit(self, asked: Sequence[Asked]) -> Sequence[bool]:
        """Whether each may go out, in order; those that may are counted.

        Who asks again about one that was admitted gets the same answer, and it counts once.
        """
