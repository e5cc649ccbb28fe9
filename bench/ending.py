"""Runs a feed or a drill so that SIGTERM, like Ctrl-C, lets it end the processes that it started."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

R = TypeVar("R")


def run(work: Coroutine[Any, Any, R]) -> R:
    """What the work returns. Raises CancelledError after SIGTERM, KeyboardInterrupt after Ctrl-C."""
    return uvloop.run(_ended_by_signal(work))


async def _ended_by_signal(work: Coroutine[Any, Any, R]) -> R:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
