"""What the body of one request may be. Each door's limits begin with these."""

import msgspec


class BodyLimits(msgspec.Struct, frozen=True):
    """Bounds of one JSON body."""

    body_bytes: int = 1_048_576
    body_within_s: float = 10.0
    json_nesting: int = 64
    json_values: int = 50_000
    """Objects, lists and what they hold; a thousand rich inputs have about 30,000."""
