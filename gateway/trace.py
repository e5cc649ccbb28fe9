"""Trace ids: taken from the caller's W3C `traceparent` or made anew, one per request. Used by every door."""

import re
from collections.abc import Callable
from typing import NamedTuple

from models import trace

# https://www.w3.org/TR/trace-context/ section 3.2: later versions may append, version 00 may not; ids are not all zero.
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?")


class Trace(NamedTuple):
    """`trace_id` is 32 hexadecimal digits; `traceparent` names the span that answers."""

    trace_id: str
    traceparent: str


class Traces:
    """Begins traces.

    Args:
        entropy: gives n random bytes.
    """

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy

    def begin(self, traceparent: str | None) -> Trace:
        """Continue a valid `traceparent`; anything else is ignored, as the standard asks.

        What this task does from here on, and the tasks that it starts, belongs to the trace: see models.trace.
        """
        begun = self._begun(traceparent)
        trace.enter(begun.traceparent)
        return begun

    def _begun(self, traceparent: str | None) -> Trace:
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if found is None or (found[1] == "00" and found[4]):
            digits = self._entropy(24).hex()
            return Trace(digits[:32], f"00-{digits[:32]}-{digits[32:]}-00")
        trace_id, flags = found[2], found[3]
        return Trace(trace_id, f"00-{trace_id}-{self._entropy(8).hex()}-{flags}")
