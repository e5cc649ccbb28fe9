"""The HTTP server of a service: uvicorn without its own signals, on a socket that is open before it starts."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from errors import ConfigurationError

BACKLOG = 2_048
GRACE_S = 5
CUT_OFF_S = 4.0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; who connects before the server runs waits.

    Raises:
        ConfigurationError: the address cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}; set CARILLON_LISTEN") from error
    # inherited by what it accepts; asyncio's own loop leaves it out for such sockets, and each answer takes 40 ms more
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class WebServer(uvicorn.Server):
    """Serves one application until `stop`.

    Args:
        drain: lets the application's sockets come to their end, when the listener takes no more of them.
    """

    def __init__(self, application: ASGIApp, drain: Callable[[], Awaitable[object]]) -> None:
        self._drain = drain
        config = uvicorn.Config(
            application,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=1 << 20,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, which stops its services in order."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener, let sockets end, then finish requests."""
        # uvicorn cuts off WebSockets as the first thing it does, with answers still on their way
        for server in self.servers:
            server.close()
        await self._drain()
        cutting_off = asyncio.create_task(self._cut_off())
        try:
            await super().shutdown(sockets)
        finally:
            cutting_off.cancel()

    async def _cut_off(self) -> None:
        """Hang up on who neither reads nor leaves, shortly before uvicorn would cancel what serves them."""
        await asyncio.sleep(CUT_OFF_S)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def stop(self) -> None:
        """Take no more connections; requests under way are finished."""
        self.should_exit = True
