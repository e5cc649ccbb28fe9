"""Waking what waited for its time."""

from engines.store.base import Operation


class MakePartitions(Operation[None], frozen=True):
    """Makes room for the next days in tables that are split by time."""

    days: int


class Wake(Operation[int], frozen=True):
    """Puts due retries and schedules back on the bus. Answers how many there were."""

    now_us: int
    limit: int
