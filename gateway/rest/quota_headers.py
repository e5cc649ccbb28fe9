"""Tells a caller where it stands with its allowance, in the words of the IETF's draft. Used by the door.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (revision 10)
"""

import math

from gateway.bodies import Headers
from usecases.quotas import MINUTE_S, QuotaStanding

POLICY = '"notifications"'


def quota_headers(standing: QuotaStanding | None) -> Headers:
    """RateLimit-Policy (q: allowed in w seconds) and RateLimit (r: left, t: seconds until all of it is there again)."""
    if standing is None:
        return ()
    return (
        (b"ratelimit-policy", f"{POLICY};q={standing.limit};w={MINUTE_S:.0f}".encode()),
        (b"ratelimit", f"{POLICY};r={standing.remaining};t={math.ceil(standing.reset_s)}".encode()),
    )
