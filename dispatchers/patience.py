"""Waiting for an engine that is away. Used by everything in the pipeline that must not give up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from errors import Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


async def patiently(what: str, call: Callable[[], Awaitable[T]], give_up: Callable[[], bool] = lambda: False) -> T:
    """Call until the engine answers, with growing pauses.

    Raises:
        Unavailable: `give_up` said so after a failure.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await call()
        except Unavailable as error:
            if give_up():
                raise
            log.warning("%s waits %.1f s: %s", what, pause_s, error)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
