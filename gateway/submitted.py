"""Changes under way: whoever asked may go, they run to their end. Each door has one for all its transports."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar, cast

T = TypeVar("T")


class Submitted:
    """Knows the tasks that nobody may cancel, until they are done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def keep(self, task: asyncio.Task[None]) -> None:
        """A task of its own, which must not raise: nobody may be left to hear it."""
        kept = cast("asyncio.Task[object]", task)
        self._tasks.add(kept)
        kept.add_done_callback(self._tasks.discard)

    async def hold(self, work: Awaitable[T]) -> T:
        """The result of `work` in the current task, which no leaving client cancels: uvicorn's for an HTTP request.

        It goes on when the client has gone; a task of our own would cost 15 µs more.
        """
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._tasks.add(task)
        try:
            return await work
        finally:
            self._tasks.discard(task)

    async def drain(self, within_s: float) -> int:
        """Wait until everything is done, or the time is over; answers how many are left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        return len(self._tasks)
