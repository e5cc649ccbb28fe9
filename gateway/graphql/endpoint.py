"""The GraphQL endpoint, an ASGI application for HTTP and WebSocket; built by `services` and mounted at /graphql."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import strawberry
from starlette.types import Receive, Scope, Send

from gateway.graphql.execute import Operations
from gateway.graphql.limits import Limits
from gateway.graphql.live_socket import LiveSocket
from gateway.graphql.metrics import Metrics, Tally
from gateway.graphql.parts import Parts
from gateway.graphql.problems import Problems
from gateway.graphql.roster import Roster, Standings
from gateway.graphql.transport_http import HttpTransport
from gateway.graphql.transport_ws import SUBPROTOCOL, Code, short_reason
from gateway.heads import head_of
from gateway.submitted import Submitted
from gateway.trace import Traces
from models.clock import Clock

P = TypeVar("P")
C = TypeVar("C")


class GraphQLEndpoint(Generic[P, C]):
    """Serves one Strawberry schema. It knows no use case: principals and contexts are the caller's types.

    HTTP: POST of JSON, one operation each, queries and mutations. WebSocket: graphql-transport-ws, everything.
    `run` must run beside the server, and `stop` be called before the store closes.

    Args:
        schema: without Strawberry's extensions; its own operation directives, permissions and scalars work.
        authenticate: the principal behind a bearer token (None: no token was sent); raises errors.Unauthenticated,
            Forbidden, RateLimited or Unavailable.
        make_context: from the principal and the trace id, what `info.context` is for one operation.
        standings: whether connected principals may stay; see `roster.Standings`.
        metrics: receives counts twice a second, from `run`.
        clock: times heartbeats.
        limits: bounds of everything a caller can ask.
    """

    def __init__(
        self,
        *,
        schema: strawberry.Schema,
        authenticate: Callable[[str | None], Awaitable[P]],
        make_context: Callable[[P, str], C],
        standings: Standings[P],
        metrics: Metrics,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        problems = Problems(logging.getLogger(__name__))
        traces = Traces(os.urandom)
        tally = Tally()
        operations = Operations(schema, limits, make_context, problems, tally)
        self._submitted = Submitted()
        self._parts = Parts(operations, authenticate, problems, traces, limits, self._submitted)
        self._roster = Roster(standings, metrics, tally, clock, limits.sockets)
        self._http = HttpTransport(self._parts, tally)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request, or one WebSocket from its opening to its end (ASGI 3)."""
        if scope["type"] == "http":
            await self._http.serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            raise ValueError(f"expected an ASGI scope of type http or websocket, got {scope['type']!r}")

    async def run(self) -> None:
        """Heartbeats, expiry of tokens and metrics, until cancelled. An unexpected error ends it: supervise it."""
        await self._roster.run()

    async def stop(self, drain_s: float = 5.0, spread_s: float = 0.0) -> int:
        """Let submitted mutations end, then close every socket with 1012; answers how many mutations are still running.

        Call it once the listener takes no more requests. New sockets are sent away from now on. Sockets are given a
        moment to take what waits for them.
        """
        self._roster.stopping = True
        left = await self._submitted.drain(drain_s)
        await self._roster.close_all(spread_s)
        self._roster.report()
        return left

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if SUBPROTOCOL not in scope["subprotocols"]:
            await _turn_away(send, Code.SUBPROTOCOL, "Subprotocol not acceptable")
        elif self._roster.stopping:
            await _turn_away(send, Code.RESTART, "the server restarts")
        else:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            scheme, _, token = head_of(scope).authorization.partition(" ")
            header_token = token.strip(" \t") if scheme.lower() == "bearer" else None
            await LiveSocket(self._parts, self._roster, send, header_token).serve(receive)


async def _turn_away(send: Send, code: Code, reason: str) -> None:
    """Accept first: a socket that was never open cannot carry a close code (a browser would see 1006)."""
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": int(code), "reason": short_reason(reason)})
