"""The inbox live as server-sent events, for a browser's EventSource or any reader of lines. Mounted by the door."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.types import Receive, Send

from gateway.heads import Head, bearer
from gateway.rest.event_stream import MEDIA_TYPE, RETRY_MS, retry
from gateway.rest.live import LiveStream, StreamLimits
from gateway.rest.open_streams import OpenStreams
from gateway.rest.replies import trace_headers
from gateway.rest.sessions import cookie_of
from gateway.rest.told import Told
from gateway.tickets import StreamTickets
from gateway.trace import Trace
from models.principal import Permission, Principal


class Opened(NamedTuple):
    """A stream that may begin."""

    caller: Principal
    since: str
    first: bytes


class Stream:
    """Opens streams and registers them.

    Args:
        authenticate: the principal behind a token; None: none was sent.
    """

    def __init__(
        self,
        authenticate: Callable[[str | None], Awaitable[Principal]],
        tickets: StreamTickets,
        told: Told,
        streams: OpenStreams,
        limits: StreamLimits,
    ) -> None:
        self._authenticate = authenticate
        self._tickets = tickets
        self._told = told
        self._streams = streams
        self._limits = limits

    async def caller(self, head: Head, query: Mapping[str, str]) -> Principal:
        """Who opens it: by the Authorization header, else by the ticket, else by the cookie.

        Raises:
            Unauthenticated: none of them, or one that is not accepted.
            Unavailable: the store does not answer.
        """
        token = bearer(head.authorization)
        ticket = query.get("ticket")
        if token is None and ticket is not None:
            return self._tickets.verify(ticket)
        return await self._authenticate(token or cookie_of(head.cookie))

    async def open(self, caller: Principal, head: Head, query: Mapping[str, str]) -> Opened:
        """Where it begins, and the first bytes to say.

        Raises:
            Forbidden: the caller speaks for no user.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.READ_INBOX)
        since = head.last_event_id or query.get("lastEventId")
        if since is not None:
            return Opened(caller, since, retry(RETRY_MS))
        now, ready = await self._told.ready(caller)
        return Opened(caller, now, retry(RETRY_MS) + ready)

    async def serve(self, opened: Opened, trace: Trace, receive: Receive, send: Send) -> None:
        """Send the stream, from its headers to its end."""
        stream = LiveStream(send, receive, self._limits)
        if self._streams.stopping:
            stream.end(b"")
        self._streams.began(stream, opened.caller)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _headers(trace)})
            await stream.run(opened.first, self._told.after(opened.caller, opened.since))
        finally:
            self._streams.ended(stream)


def _headers(trace: Trace) -> list[tuple[bytes, bytes]]:
    # nginx and its like would gather what they pass on
    return [*trace_headers(trace), (b"content-type", MEDIA_TYPE.encode()), (b"x-accel-buffering", b"no")]
