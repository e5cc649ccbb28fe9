"""Frames on their way to one socket: bounded, in order, sent by a task that lives while there is something to send."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from gateway.graphql.limits import SocketLimits


class Outbox:
    """A bounded queue before `send`.

    Args:
        send: sends one frame, waiting while the client does not read; raises OSError when it is gone.
    """

    def __init__(self, send: Callable[[bytes], Awaitable[None]], limits: SocketLimits) -> None:
        self._send = send
        self._limits = limits
        self._frames: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self.writer: asyncio.Task[None] | None = None

    def put(self, frame: bytes) -> bool:
        """Queue a frame without waiting; False when the client is too far behind, and the frame is not taken."""
        size = len(frame)
        behind = self._waiting_bytes > self._limits.pause_bytes
        if behind and self._waiting_bytes + size > self._limits.waiting_bytes:
            return False
        self._frames.append(frame)
        self._waiting_bytes += size
        if self._waiting_bytes > self._limits.pause_bytes:
            self._room.clear()
        if self.writer is None:
            self.writer = asyncio.create_task(self._write())
        return True

    async def room(self) -> None:
        """Wait until the client has taken enough that there is reason to make more for it."""
        await self._room.wait()

    def discard(self) -> None:
        """Forget what was not sent, and let go who waits for room."""
        self._frames.clear()
        self._waiting_bytes = 0
        self._room.set()

    async def _write(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                await self._send(frame)
                self._waiting_bytes = max(0, self._waiting_bytes - len(frame))
                if self._waiting_bytes <= self._limits.pause_bytes:
                    self._room.set()
        except OSError:
            # The client is gone: the socket's reader learns it at the same time and ends everything.
            self.discard()
        finally:
            self.writer = None
