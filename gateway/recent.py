"""Answers of a read, kept for a moment and asked for in batches. Used by `gateway.auth`."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from models.clock import Clock

K = TypeVar("K")
V = TypeVar("V")

KEYS_AT_ONCE = 1_000
"""Keys of one read."""
MOST_KEPT = 20_000
"""Answers in memory; the oldest goes first. Absence is an answer too, so guessing keys pushes out but never grows."""


class _Answer(msgspec.Struct, Generic[V], frozen=True):
    value: V | None
    begun_us: int
    """When its read began: it is never newer than that."""


class Recent(Generic[K, V]):
    """Whoever misses a key while a read is under way waits for the next one, together with everybody else who does.

    Args:
        read: what there is of at most 1,000 keys.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._kept: dict[K, _Answer[V]] = {}
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: K, within_s: float) -> V | None:
        """The value as it was at most `within_s` ago; None where there is none. Raises what the read raised."""
        kept = self._kept.get(key)
        if kept is not None and self._is_recent(kept, within_s):
            return kept.value
        # Others wait for the same answer: one that goes away must not take it along.
        return await asyncio.shield(self._ask(key))

    async def get_many(self, keys: Collection[K], within_s: float) -> Mapping[K, V | None]:
        """As `get`, for all of them."""
        asked = {key: self._ask(key) for key in keys if not self._knows(key, within_s)}
        if asked:
            await asyncio.wait(asked.values())
        failures = [error for answer in asked.values() if (error := answer.exception()) is not None]
        if failures:
            raise failures[0]
        return {key: asked[key].result() if key in asked else self._kept[key].value for key in keys}

    def _knows(self, key: K, within_s: float) -> bool:
        kept = self._kept.get(key)
        return kept is not None and self._is_recent(kept, within_s)

    def _is_recent(self, answer: _Answer[V], within_s: float) -> bool:
        return 0 <= self._clock.now_us() - answer.begun_us < within_s * 1_000_000

    def _ask(self, key: K) -> asyncio.Future[V | None]:
        answer = self._waiting.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._waiting[key] = loop.create_future()
            if self._reading is None:
                self._reading = loop.create_task(self._read_waiting())
        return answer

    async def _read_waiting(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:KEYS_AT_ONCE]
                await self._answer({key: self._waiting.pop(key) for key in keys})
        finally:
            self._reading = None

    async def _answer(self, waiting: Mapping[K, asyncio.Future[V | None]]) -> None:
        begun_us = self._clock.now_us()
        try:
            found = await self._read(tuple(waiting))
        except Exception as error:  # noqa: BLE001 - handed on to everyone who waits for it
            for answer in waiting.values():
                answer.set_exception(error)
            return
        for key, answer in waiting.items():
            self._keep(key, _Answer(found.get(key), begun_us))
            answer.set_result(found.get(key))

    def _keep(self, key: K, answer: _Answer[V]) -> None:
        self._kept.pop(key, None)
        self._kept[key] = answer
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
