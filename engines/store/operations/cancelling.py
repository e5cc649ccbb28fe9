"""Taking notifications back."""

import msgspec

from engines.store.base import OfTenant
from engines.store.operations.auditing import AuditEntry


class Cancelled(msgspec.Struct, frozen=True):
    """The notification is taken back."""

    stopped: int
    """Deliveries that are CANCELLED."""
    left: int
    """Deliveries that had left, or may have."""
    repeated: bool
    """An earlier call took it back."""


class TooLate(msgspec.Struct, frozen=True):
    """Nothing was changed: every delivery has reached a final state."""


class Cancel(OfTenant[Cancelled | TooLate | None], frozen=True):
    """Takes a notification back as far as it has not left. None: there is no such notification.

    What waits for an attempt is CANCELLED, and no attempt of this notification can be claimed any more. An attempt that
    is under way ends as it ends, but nothing follows it. A delivery that may have been sent and waits to be sent again
    is given up as OUTCOME_UNKNOWN.
    """

    notification: bytes
    at_us: int
    audit: AuditEntry
