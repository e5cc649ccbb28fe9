"""What verified tokens said, remembered by their SHA-256. Used by both verifiers of tokens."""

import hashlib
from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Verified(Generic[V]):
    """At most `limit` findings, least recently used first out. It forgets nothing by itself: callers judge the time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: OrderedDict[bytes, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, token: str) -> V | None:
        """What was found in this very token. It must be ASCII."""
        digest = _digest(token)
        found = self._found.get(digest)
        if found is not None:
            self._found.move_to_end(digest)
        return found

    def put(self, token: str, found: V) -> None:
        """Remember it as the most recent one."""
        digest = _digest(token)
        self._found[digest] = found
        self._found.move_to_end(digest)
        if len(self._found) > self._limit:
            self._found.popitem(last=False)

    def drop(self, token: str) -> None:
        """Forget it, if it is there."""
        self._found.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
