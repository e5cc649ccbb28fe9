"""The time as everything but leases sees it. Services inject `SystemClock`; tests drive one of their own."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where due times come from. (Leases are judged by the database's clock instead.)"""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000


def to_datetime(at_us: int) -> datetime:
    """An aware UTC datetime."""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


def to_us(at: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime; a naive one is taken as UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)
