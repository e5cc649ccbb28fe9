"""Collects keys that fields ask for at the same time and reads them together. Used by the reads of an operation."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Loader(Generic[K, V]):
    """Lives as long as one operation: each key is read once, and those of one turn of the event loop in one call.

    Args:
        read: what there is of the keys; a key that is left out is answered by None.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._read = read
        self._answers: dict[K, asyncio.Future[V | None]] = {}
        self._waiting: list[K] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """The value of a key; raises what the read raised."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._ask(key)
        # GraphQL cancels the neighbours of a field that fails; others may be waiting for the same key.
        return answer.result() if answer.done() else await asyncio.shield(answer)

    def _ask(self, key: K) -> asyncio.Future[V | None]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V | None] = loop.create_future()
        self._answers[key] = answer
        if not self._waiting:
            loop.call_soon(self._begin)
        self._waiting.append(key)
        return answer

    def _begin(self) -> None:
        keys, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._fill(keys))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _fill(self, keys: Sequence[K]) -> None:
        try:
            found = await self._read(keys)
        except Exception as error:  # noqa: BLE001 - handed on to everyone who waits for it
            for key in keys:
                self._answers[key].set_exception(error)
            return
        for key in keys:
            self._answers[key].set_result(found.get(key))
