"""The HTTP server of a service: uvicorn without its own signals, on a socket that is open before it starts."""

import contextlib
import socket
from collections.abc import Iterator

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
    """Serves one application until `stop`."""

    def __init__(self, application: ASGIApp) -> None:
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

    def stop(self) -> None:
        """Take no more connections; requests under way are finished."""
        self.should_exit = True
