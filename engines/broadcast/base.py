"""The doorbell's port. Rung by whoever commits inbox events, heard by the gateways that follow inboxes."""

from collections.abc import Callable, Collection
from typing import Protocol

Bell = tuple[bytes, bytes]
"""(tenant, user)."""


class Broadcast(Protocol):
    """Carries rings, not events: a lost ring costs time, never an event, since listeners also look on their own."""

    async def ring(self, bells: Collection[Bell]) -> None:
        """Tell all listeners that these logs grew. Many rings of one bell may become one."""

    def listen(self, heard: Callable[[Collection[Bell]], None]) -> Callable[[], None]:
        """Call `heard` in this process's loop for every ring; the result ends it. `heard` returns at once."""
