"""An issuer's public keys as they are now: read when first needed, renewed in use, kept while the issuer is away."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec
from joserfc.jwk import RSAKey

from errors import Unavailable
from gateway.jwks import Keys, read_keys, same_key
from models.clock import Clock

log = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024
JITTER = 0.1

Fetch = Callable[[str], Awaitable[bytes]]
"""GET of a URL: the body of a 200, of at most `MOST_BYTES`, within 5 s; redirects are not followed.

Raises errors.Unavailable for every other outcome. `dispatchers.transport` has one.
"""


class Source(Protocol):
    """Where a key set is published."""

    async def read(self) -> bytes:
        """The JWK set as it is now.

        Raises:
            Unavailable: it cannot be had.
        """


class Pace(msgspec.Struct, frozen=True):
    """How often a source is asked, in seconds. It is asked only while tokens come in."""

    renew_s: float
    """The age at which keys are read again, ±10 %; at twice that age nobody is let in before they are."""
    again_s: float
    """The least time between two tries, however many strange kids come in."""
    keep_s: float = 24 * 3_600
    """For how long keys count while the source is away."""


OVER_HTTP = Pace(renew_s=600, again_s=30)
FROM_FILE = Pace(renew_s=1, again_s=1)


class UrlSource:
    """A set that the issuer serves."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        self._url = url
        self._fetch = fetch

    async def read(self) -> bytes:
        """As the protocol says."""
        return await self._fetch(self._url)


class FileSource:
    """A set in a file that somebody keeps up to date; one of the same time, size and inode is not read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._content = b""

    async def read(self) -> bytes:
        """As the protocol says; file work runs on a thread."""
        return await asyncio.to_thread(self.read_now)

    def read_now(self) -> bytes:
        """As `read`, for a start that has no loop yet."""
        try:
            with open(self._path, "rb", opener=_without_waiting) as file:
                state = os.fstat(file.fileno())
                seen = (state.st_mtime_ns, state.st_size, state.st_ino)
                if seen != self._seen:
                    self._content = file.read(MOST_BYTES + 1)
                    self._seen = seen
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be read: {error.strerror}") from error
        if len(self._content) > MOST_BYTES:
            raise Unavailable(f"{self._path} is larger than {MOST_BYTES} bytes")
        return self._content


class KeySet:
    """Belongs to one event loop. Only one read is under way at a time; everybody who needs it waits for it.

    Args:
        name: of the issuer, for the log.
        spread: a number from 0 to 1 for the jitter, new at each call.
    """

    def __init__(self, name: str, source: Source, pace: Pace, clock: Clock, spread: Callable[[], float]) -> None:
        self._name = name
        self._source = source
        self._pace = pace
        self._clock = clock
        self._spread = spread
        self._keys: Keys = {}
        self._content = b""
        self._read_at_us: int | None = None
        self._tried_at_us: int | None = None
        self._failed = False
        self._renew_s = pace.renew_s
        self._reading: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> RSAKey | None:
        """The key of that name, None where the issuer publishes none. A strange kid has the set read again first.

        Raises:
            Unavailable: no keys that still count, and none to be had.
        """
        if self._must_wait():
            await self._renewed()
        elif self._age_s() > self._renew_s:
            self._begin()
        if kid not in self._keys:
            await self._renewed()
        if self._age_s() > self._pace.keep_s:
            raise Unavailable("the issuer's keys cannot be had", retry_after_s=self._pace.again_s)
        return self._keys.get(kid)

    def counts(self, kid: str, key: RSAKey) -> bool:
        """Whether that key, found before, is certain to be the issuer's still; if not, `find` it again."""
        age_s = self._age_s()
        if age_s > self._renew_s:
            if self._must_wait() or age_s > self._pace.keep_s:
                return False
            self._begin()
        return self._keys.get(kid) is key

    def _age_s(self) -> float:
        return _since(self._read_at_us, self._clock.now_us())

    def _must_wait(self) -> bool:
        """Old keys are good enough while the issuer is known to be away, and only then."""
        is_away = self._failed and _since(self._tried_at_us, self._clock.now_us()) < self._pace.renew_s
        return self._age_s() > (self._pace.keep_s if is_away else 2 * self._pace.renew_s)

    async def _renewed(self) -> None:
        self._begin()
        if self._reading is not None:
            # others wait for the same read: one that goes away must not take it along
            await asyncio.shield(self._reading)

    def _begin(self) -> None:
        """Read, unless a read is under way or the last one is too fresh."""
        now_us = self._clock.now_us()
        if self._reading is None and _since(self._tried_at_us, now_us) >= self._pace.again_s:
            self._tried_at_us = now_us
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        begun_us = self._clock.now_us()
        try:
            self._take(await self._source.read())
        except (Unavailable, ValueError) as error:
            self._tell(error)
        else:
            self._read_at_us = begun_us
            self._renew_s = self._pace.renew_s * (1 + JITTER * (2 * self._spread() - 1))
            self._failed = False
        finally:
            self._reading = None

    def _take(self, content: bytes) -> None:
        """What was there before stays the same object, by which `counts` knows it."""
        if content == self._content:
            return
        keys, before = read_keys(content), self._keys
        self._content = content
        self._keys = {
            kid: before[kid] if kid in before and same_key(before[kid], key) else key for kid, key in keys.items()
        }

    def _tell(self, error: Exception) -> None:
        if not self._failed:
            log.warning("the keys of %s cannot be renewed, and count for 24 h more at most: %s", self._name, error)
        self._failed = True


def _without_waiting(path: str, flags: int) -> int:
    """A named pipe in the file's place would hold the thread for ever otherwise."""
    return os.open(path, flags | os.O_NONBLOCK)


def _since(at_us: int | None, now_us: int) -> float:
    """Seconds; for ever where it never was, and where the clock was set back."""
    return (now_us - at_us) / 1_000_000 if at_us is not None and at_us <= now_us else float("inf")
