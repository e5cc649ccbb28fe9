"""Counts of operations and sockets, gathered here and handed on once per beat; `services` passes the receiver."""

from collections.abc import Mapping
from typing import Protocol

OK = "OK"
"""The outcome code of an operation without errors; any other is an `errors.ErrorCode`."""
UNKNOWN = "unknown"
"""The kind of an operation that was refused before its document was understood."""


class Metrics(Protocol):
    """Receives counts in batches."""

    def record(self, operations: Mapping[tuple[str, str], int], open_sockets: int) -> None:
        """Operations ended since the last call by (kind, outcome code), and the sockets open now.

        Kinds: query, mutation, subscription, unknown. An operation with several errors counts under its first.
        """


class Tally:
    """Counts until the next beat."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def count(self, kind: str, code: str) -> None:
        """One operation ended."""
        key = (kind, code)
        self._counts[key] = self._counts.get(key, 0) + 1

    def take(self) -> Mapping[tuple[str, str], int]:
        """What was counted since the last call."""
        taken, self._counts = self._counts, {}
        return taken
