"""Keeps the mails that the simulated server took, newest in memory only. Filled by SMTP, read by pages and tests."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import msgspec

from simulator.content import Content, read_content
from simulator.headers import Head

READ_MAILS = 256
"""How many mails are kept in their read form."""


def machine_now_us() -> int:
    """Microseconds since 1970 UTC by the machine's clock."""
    return time.time_ns() // 1000


class Mail(msgspec.Struct, frozen=True):
    """One mail in one recipient's box."""

    id: int
    """Grows with every mail, across restarts too: microseconds since 1970 UTC, made unique."""
    at_us: int
    sender: str
    to: str
    head: Head
    raw: bytes
    """As it came over SMTP, dots removed, lines ending in CRLF."""


class Mailbox:
    """The boxes of all recipients together, bounded: the oldest mails make room for new ones.

    Args:
        limit: most mails kept.
        limit_bytes: most bytes of raw mail kept; the newest mail stays even if it alone is larger.
    """

    def __init__(
        self,
        *,
        limit: int = 50_000,
        limit_bytes: int = 32 * 1024 * 1024,
        now_us: Callable[[], int] = machine_now_us,
    ) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._now_us = now_us
        self._mails: OrderedDict[int, Mail] = OrderedDict()
        self._size_bytes = 0
        self._last_id = 0
        self._changed = asyncio.Event()
        self._read: OrderedDict[int, Content] = OrderedDict()

    def __len__(self) -> int:
        return len(self._mails)

    @property
    def oldest(self) -> int | None:
        """The id of the oldest mail still here."""
        return next(iter(self._mails), None)

    @property
    def newest(self) -> int | None:
        """The id of the newest mail here."""
        return next(reversed(self._mails), None)

    def next_id(self) -> int:
        """An id for the next mail."""
        self._last_id = max(self._now_us(), self._last_id + 1)
        return self._last_id

    def put(self, mails: Sequence[Mail]) -> None:
        """Add mails, whose ids come from `next_id` and in its order."""
        for mail in mails:
            self._mails[mail.id] = mail
            self._size_bytes += len(mail.raw)
        self._make_room()
        self._ring()

    def empty(self) -> None:
        """Forget every mail. Ids go on growing."""
        self._mails.clear()
        self._size_bytes = 0
        self._read.clear()
        self._ring()

    def get(self, mail_id: int) -> Mail | None:
        """One mail, or None if it is not here (any more)."""
        return self._mails.get(mail_id)

    def find(self, *, to: str = "", after: int = 0, before: int | None = None, limit: int = 50) -> list[Mail]:
        """Up to `limit` mails with `after` < id < `before`, newest first.

        `to` with an `@` is a whole address, without one a part of it; case is ignored.
        """
        return list(islice((mail for mail in self._between(after, before) if _matches(mail.to, to)), limit))

    def content(self, mail: Mail) -> Content:
        """What a person reads in the mail."""
        known = self._read.get(mail.id)
        if known is None:
            known = self._read[mail.id] = read_content(mail.raw)
            if len(self._read) > READ_MAILS:
                self._read.popitem(last=False)
        return known

    async def wait(self, *, to: str = "", count: int = 1) -> list[Mail]:
        """Return once `count` mails for `to` are here: the newest `count`, newest first. Has no time-out of its own."""
        while len(found := self.find(to=to, limit=count)) < count:
            await self._changed.wait()
        return found

    def _make_room(self) -> None:
        while len(self._mails) > 1 and (len(self._mails) > self._limit or self._size_bytes > self._limit_bytes):
            _, gone = self._mails.popitem(last=False)
            self._size_bytes -= len(gone.raw)

    def _between(self, after: int, before: int | None) -> Iterator[Mail]:
        for mail in reversed(self._mails.values()):
            if mail.id <= after:
                return
            if before is None or mail.id < before:
                yield mail

    def _ring(self) -> None:
        ringing, self._changed = self._changed, asyncio.Event()
        ringing.set()


def _matches(address: str, wanted: str) -> bool:
    address, wanted = address.lower(), wanted.lower()
    return address == wanted if "@" in wanted else wanted in address
