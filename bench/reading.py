"""Reads two journals of a run: mails that the SMTP server took, and deliveries at rest. Used by feeds and drills."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from bench.api import Api
from bench.expected import delivery_key_of
from bench.journals import DeliveryEntry, Mail
from bench.patience import patiently
from models.states import FINAL_FROM, DeliveryState

QUIET_S = 8.0
"""The SMTP server heard nothing for so long: longer than a call and the pause before the third attempt together."""
AT_ONCE = 50
CONNECTIONS = 8
LOOK_AGAIN_S = 1.0


class _Line(msgspec.Struct, frozen=True):
    at: int
    to: str
    taken: bool
    subject: str | None = None
    headers: dict[str, str] = {}


def mails(journal: Path) -> list[Mail]:
    """Every copy that the SMTP server took, in its order; a last line without its end is left out."""
    decoder = msgspec.json.Decoder(_Line)
    lines = [decoder.decode(line) for line in journal.read_bytes().split(b"\n")[:-1]]
    return [
        Mail(
            to=line.to,
            subject=line.subject,
            delivery=line.headers.get("X-Carillon-Delivery"),
            attempt=line.headers.get("X-Carillon-Attempt"),
            at_us=line.at,
        )
        for line in lines
        if line.taken
    ]


async def quiet(journal: Path, within_s: float, moved: Callable[[int], None]) -> None:
    """Wait until the SMTP server has nothing more to write for a while, so that nobody is asked in vain.

    Args:
        journal: the server's.
        within_s: then it is not waited any longer.
        moved: told how many outcomes there are.
    """
    deadline_s = time.monotonic() + within_s
    outcomes, since_s = -1, time.monotonic()
    while time.monotonic() < min(deadline_s, since_s + QUIET_S):
        found = _lines(journal)
        if found > outcomes:
            outcomes, since_s = found, time.monotonic()
            moved(outcomes)
        await asyncio.sleep(LOOK_AGAIN_S)


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n")


class Log(msgspec.Struct, frozen=True):
    """The deliveries of many notifications, each read once nothing more was to come of it soon."""

    deliveries: dict[str, list[DeliveryEntry]]
    read_at_us: dict[str, int]
    restless: frozenset[str] = frozenset()
    """Notifications that did not come to rest in time."""

    def covers(self, mail: Mail) -> bool:
        """The mail was taken before its notification's deliveries were read, or belongs to none of them."""
        key = delivery_key_of(mail.delivery or "")
        return key is None or mail.at_us <= self.read_at_us.get(key[0], mail.at_us)


async def deliveries_at_rest(
    url: str, key: str, notifications: Sequence[str], *, far_s: float, within_s: float, moved: Callable[[int], None]
) -> Log:
    """Read deliveries until each is final, or waits for a moment that is more than `far_s` away.

    Args:
        url: of the product.
        key: an API key that may read.
        notifications: whose deliveries.
        far_s: more than one request takes.
        within_s: then what is still restless is given as it is.
        moved: told how many are at rest.
    """
    deadline_s = time.monotonic() + within_s
    watch = _Watch(url, key, far_s, moved)
    while True:
        left = [one for one in notifications if one not in watch.resting]
        await watch.look(left)
        if len(watch.resting) == len(set(notifications)) or time.monotonic() > deadline_s:
            restless = frozenset(notifications) - watch.resting
            return Log(watch.deliveries, watch.read_at_us, restless)
        await asyncio.sleep(LOOK_AGAIN_S)


def at_rest(deliveries: Sequence[DeliveryEntry], far_s: float) -> bool:
    """There are deliveries, and nothing more comes of them within `far_s`."""
    soon_s = time.time() + far_s
    return bool(deliveries) and all(
        DeliveryState[one.state] >= FINAL_FROM or (one.next_attempt_at or 0.0) > soon_s for one in deliveries
    )


class _Watch:
    """Looks at deliveries over several connections, as often as it is asked to."""

    def __init__(self, url: str, key: str, far_s: float, moved: Callable[[int], None]) -> None:
        self._url = url
        self._key = key
        self._far_s = far_s
        self._moved = moved
        self.deliveries: dict[str, list[DeliveryEntry]] = {}
        self.read_at_us: dict[str, int] = {}
        self.resting: set[str] = set()

    async def look(self, notifications: Sequence[str]) -> None:
        """Read them all once."""
        parts = iter([notifications[at : at + AT_ONCE] for at in range(0, len(notifications), AT_ONCE)])
        await asyncio.gather(*[self._look_at(parts) for _ in range(CONNECTIONS)])

    async def _look_at(self, parts: Iterator[Sequence[str]]) -> None:
        api = Api(self._url, self._key)
        try:
            for part in parts:
                found = await patiently(api.deliveries, part)
                self.deliveries.update(found)
                self.read_at_us.update(dict.fromkeys(part, time.time_ns() // 1_000))
                self.resting.update([one for one, deliveries in found.items() if at_rest(deliveries, self._far_s)])
                self._moved(len(self.resting))
        finally:
            api.close()
