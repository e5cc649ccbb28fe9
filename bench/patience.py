"""Repeats what harms nobody when it is repeated, while the product is away. Used by readers of the API."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bench.api import Refused
from bench.http_client import NotSent, Unanswered

A = TypeVar("A")
R = TypeVar("R")
PAUSE_S = 0.2
TRIES = 300


async def patiently(call: Callable[[A], Awaitable[R]], argument: A) -> R:
    """The answer, asked for again and again for about a minute. Raises what the last try raised."""
    for _ in range(TRIES - 1):
        try:
            return await call(argument)
        except (NotSent, Unanswered):
            await asyncio.sleep(PAUSE_S)
        except Refused as error:
            if not error.later:
                raise
            await asyncio.sleep(PAUSE_S)
    return await call(argument)
