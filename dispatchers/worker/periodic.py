"""Runs a duty again and again. Services start one of these per duty."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from errors import Unavailable

log = logging.getLogger(__name__)


async def every(seconds: float, duty: Callable[[], Awaitable[object]]) -> None:
    """Do it, pause, and do it again, for ever. An engine that is away is asked again at the next turn."""
    while True:
        try:
            await duty()
        except Unavailable as error:
            log.warning("%s waits for its next turn: %s", type(duty).__name__, error)
        await asyncio.sleep(seconds)
