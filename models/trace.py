"""Whose requests the current task works for (W3C trace context): set by doors and the consumer loop, read by logs.

It is a context variable, so that not every call on the way to the next commit has to pass it on; whatever leaves the
task, an operation or an event on the bus, carries it as a field.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice

import msgspec

from models.ids import NOTIFICATION, encode

SAMPLED = 5
"""Notifications that a log line names."""


class Link(msgspec.Struct, frozen=True):
    """One traced request, and the notification that stands for it in a batch (empty in a door, where there is none)."""

    traceparent: str
    """https://www.w3.org/TR/trace-context/ section 3.2."""
    notification: bytes = b""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self.traceparent[3:35]


_CURRENT: ContextVar[tuple[Link, ...]] = ContextVar("carillon_links", default=())


def enter(traceparent: str) -> None:
    """From here to the end of this task, it works for this request."""
    _CURRENT.set((Link(traceparent),))


@contextmanager
def carrying(links: Sequence[Link]) -> Iterator[None]:
    """Work for a batch; of each of its parts one request is known."""
    token = _CURRENT.set(tuple(links))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def links() -> tuple[Link, ...]:
    """What is known of the requests that are worked for."""
    return _CURRENT.get()


def links_about(notifications: Collection[bytes]) -> tuple[Link, ...]:
    """Those that stand for one of these notifications."""
    return tuple([link for link in links() if link.notification in notifications])


def traceparent() -> str:
    """Of the first request; empty where none is known."""
    found = links()
    return found[0].traceparent if found else ""


def sampled(notifications: Iterable[bytes]) -> list[str]:
    """The first few of them by their public ids, for the one log line that a batch may have."""
    first = islice(dict.fromkeys(notifications), SAMPLED)
    return [encode(NOTIFICATION, notification) for notification in first]
