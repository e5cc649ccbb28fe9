"""What dispatchers count, as a small protocol; services pass an implementation that a scraper can read."""

from typing import Protocol


class Counts(Protocol):
    """Counters, called once a batch and never once an item."""

    def taken(self, topic: str, pointers: int) -> None:
        """Pointers polled."""

    def set_aside(self, topic: str, pointers: int) -> None:
        """Pointers that could not be handled."""

    def expanded(self, state: str, reason: str, deliveries: int) -> None:
        """Deliveries written by the orchestrator."""

    def settled(self, channel: str, state: str, reason: str, attempts: int) -> None:
        """Attempts with an outcome."""
