"""Mutations under way: whoever asked may go, they run to their end. Shared by both transports of an endpoint."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TypeVar, cast

T = TypeVar("T")


class Submitted:
    """Holds what may not be cancelled. The work itself must not raise: nobody may be left to hear it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    async def run(self, work: Coroutine[object, object, T]) -> T:
        """The result of `work`. Cancelling the caller leaves `work` running."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def hold(self, work: Awaitable[T]) -> T:
        """The result of `work`, which `drain` waits for; for a task that no leaving client cancels: an HTTP request's.

        uvicorn lets a request run on when its client has gone, and a task of its own would cost 15 µs.
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
