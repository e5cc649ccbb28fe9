"""Waits until a started product takes requests. Used by feeds and drills."""

import asyncio
import time

from bench.api import Api
from bench.children import READY_WITHIN_S, Child
from bench.http_client import NotSent, Unanswered
from errors import EngineUnavailable

LOOK_EVERY_S = 0.02


async def ready(product: Child, url: str) -> None:
    """Return when it says that it is ready.

    Raises:
        EngineUnavailable: it ended, or was not ready within a minute.
    """
    deadline_s = time.monotonic() + READY_WITHIN_S
    api = Api(url, None)
    try:
        while product.alive and time.monotonic() < deadline_s:
            if await _asked(api):
                return
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        api.close()
    raise EngineUnavailable(f"the product did not start:\n{product.last_words()}")


async def _asked(api: Api) -> bool:
    try:
        return await api.ready()
    except (NotSent, Unanswered):
        return False
