"""Idle connections kept for reuse, each for a limited time. Used by the SMTP provider."""

import asyncio
from typing import Generic, Protocol, TypeVar


class Connection(Protocol):
    """What the pool asks of the things it keeps."""

    @property
    def is_open(self) -> bool:
        """Whether the other side has not hung up, as far as this side knows."""

    def abort(self) -> None:
        """Close at once; bytes that still wait to be sent are thrown away."""

    async def quit(self) -> None:
        """Take leave and close; bounded in time, never raises for what the other side does."""


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """Hands out the connection used last, so that those beyond the present need run into their time.

    Belongs to one event loop.
    """

    def __init__(self, idle_timeout_s: float) -> None:
        self._idle_timeout_s = idle_timeout_s
        self._idle: dict[C, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    def take(self) -> C | None:
        """The caller's alone until it is put back or retired; None if none is idle."""
        while self._idle:
            connection, timer = self._idle.popitem()
            timer.cancel()
            if connection.is_open:
                return connection
            connection.abort()
        return None

    def put(self, connection: C) -> None:
        """Keep for the next caller; after `aclose` it is retired instead."""
        if self._closed:
            self.retire(connection)
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(self._idle_timeout_s, self._expire, connection)

    def retire(self, connection: C) -> None:
        """Take leave of it in the background."""
        task = asyncio.get_running_loop().create_task(connection.quit())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def aclose(self) -> None:
        """Take leave of all idle connections and wait until that is done."""
        self._closed = True
        while (connection := self.take()) is not None:
            self.retire(connection)
        await asyncio.gather(*self._leaving)

    def _expire(self, connection: C) -> None:
        del self._idle[connection]
        self.retire(connection)
