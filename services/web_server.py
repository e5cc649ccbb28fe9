"""The HTTP server of a service: uvicorn without its own signals, on a socket that is open before it starts."""

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from errors import ConfigurationError

BACKLOG = 2_048
GRACE_S = 5


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; who connects before the server runs waits.

    Raises:
        ConfigurationError: the address cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}; set CARILLON_LISTEN") from error


class WebServer(uvicorn.Server):
    """Serves one application until `stop`.

    Args:
        drain: lets the application's sockets come to their end, when the listener takes no more of them.
    """

    def __init__(self, application: ASGIApp, drain: Callable[[], Awaitable[object]]) -> None:
        self._drain = drain
        config = uvicorn.Config(
            application,
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
        await super().shutdown(sockets)

    def stop(self) -> None:
        """Take no more connections; requests under way are finished."""
        self.should_exit = True
