"""How many notifications a minute each caller may send: one token bucket a key. Asked by sending and by doors.

A bucket holds a minute's allowance and fills evenly. Each process counts by itself: behind several gateways a caller
has the allowance once at each, until they share a limiter.
"""

import math

import msgspec

from errors import InvalidInput, RateLimited
from models.clock import Clock
from models.principal import Principal

MINUTE_S = 60.0
SECOND_US = 1_000_000
TINY = 1e-6
"""What sums of fractions may lack."""
MOST_KEPT = 10_000
"""Callers in memory; when there are more, those whose bucket is full are forgotten, which changes nothing."""


class QuotaStanding(msgspec.Struct, frozen=True):
    """Where a caller stands."""

    limit: int
    """Notifications a minute."""
    remaining: int
    """Notifications that would be taken now."""
    reset_s: float
    """Seconds until all of the allowance is there again."""


class _Bucket(msgspec.Struct):
    limit: int
    tokens: float
    at_us: int

    def fill(self, now_us: int) -> None:
        passed_s = max(0, now_us - self.at_us) / SECOND_US
        self.tokens = min(self.limit, self.tokens + passed_s * self.limit / MINUTE_S)
        self.at_us = now_us

    @property
    def whole(self) -> int:
        return max(0, math.floor(self.tokens + TINY))

    def seconds_until(self, tokens: float) -> float:
        return max(0.0, (tokens - self.tokens) * MINUTE_S / self.limit)


class Quotas:
    """Counts accepted notifications by caller.

    Args:
        default_per_minute: for keys without an allowance of their own; 0: no limit.
    """

    def __init__(self, clock: Clock, default_per_minute: int) -> None:
        self._clock = clock
        self._default = default_per_minute
        self._buckets: dict[bytes, _Bucket] = {}

    def take(self, caller: Principal, count: int) -> None:
        """Take the allowance for `count` notifications, or for none of them.

        Raises:
            RateLimited: they would be more than is left; it says when to come back.
            InvalidInput: they are more than a whole minute's allowance: waiting would not help.
        """
        bucket = self._bucket(caller)
        if bucket is None:
            return
        if count > bucket.limit:
            raise InvalidInput(
                f"expected at most {bucket.limit} notifications at once, this key's allowance a minute, got {count}",
                path=("inputs",),
            )
        if count > bucket.tokens + TINY:
            wait_s = math.ceil(bucket.seconds_until(count) * 1_000) / 1_000
            raise RateLimited(
                f"this key may send {bucket.limit} notifications a minute, and {bucket.whole} are left",
                retry_after_s=wait_s,
            )
        bucket.tokens -= count

    def give_back(self, caller: Principal, count: int) -> None:
        """Of what was taken, `count` came to nothing: refused, or known already."""
        bucket = self._bucket(caller)
        if bucket is not None:
            bucket.tokens = min(bucket.limit, bucket.tokens + count)

    def standing(self, caller: Principal) -> QuotaStanding | None:
        """Where the caller stands; None without a limit."""
        bucket = self._bucket(caller)
        if bucket is None:
            return None
        return QuotaStanding(bucket.limit, bucket.whole, bucket.seconds_until(bucket.limit))

    def _bucket(self, caller: Principal) -> _Bucket | None:
        limit = self._default if caller.quota_per_minute is None else caller.quota_per_minute
        if limit <= 0:
            return None
        now_us = self._clock.now_us()
        bucket = self._buckets.get(caller.id)
        if bucket is None or bucket.limit != limit:
            self._make_room(now_us)
            bucket = self._buckets[caller.id] = _Bucket(limit, limit, now_us)
        bucket.fill(now_us)
        return bucket

    def _make_room(self, now_us: int) -> None:
        if len(self._buckets) < MOST_KEPT:
            return
        for bucket in self._buckets.values():
            bucket.fill(now_us)
        self._buckets = {caller: one for caller, one in self._buckets.items() if one.tokens < one.limit}
