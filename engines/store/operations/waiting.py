"""Waking what waited for its time."""

from engines.store.base import Operation


class Wake(Operation[int], frozen=True):
    """Puts due retries and schedules back on the bus. Answers how many there were."""

    now_us: int
    limit: int
