"""The REST door, an ASGI application for HTTP; built by `services` and mounted at /api/v1 and /openapi.json."""

import asyncio
import functools
import logging
import os
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from errors import ConfigurationError, RateLimited
from gateway.bodies import Refusal, announced, read_body
from gateway.heads import Head, bearer, head_of
from gateway.limits import BodyLimits
from gateway.media_types import accepts, is_json
from gateway.rest.asked import Asked, Handler, read_query
from gateway.rest.event_stream import MEDIA_TYPE as EVENTS
from gateway.rest.json_bodies import read_struct
from gateway.rest.open_streams import OpenStreams
from gateway.rest.problems import Problems
from gateway.rest.quota_headers import quota_headers
from gateway.rest.replies import JSON, Reply, send_reply
from gateway.rest.routing import Allowed, Found, Router
from gateway.rest.sessions import sign_out
from gateway.rest.stream import Opened, Stream
from gateway.submitted import Submitted
from gateway.trace import Trace, Traces
from models.principal import Principal
from schema.access import ROUTES
from schema.rest import openapi
from schema.rest.operations import DESCRIBE, FOLLOW, OPERATIONS, ROOT, SIGN_OUT, RestCall
from usecases.quotas import QuotaStanding


class RestDoor:
    """Serves the operations of schema.rest. Whatever happens, one answer is sent while the caller is there.

    `run` must run beside the server, and `stop` be called before the store closes.

    Args:
        authenticate: the principal behind a bearer token (None: no token was sent); raises errors.Unauthenticated or
            Unavailable.
        handlers: of every operation that a caller has to sign in for, but the stream.
        standing: the caller's quota, for the headers that tell of it; None: it has none.
        documentation: the address of the page on errors.
    """

    def __init__(
        self,
        *,
        authenticate: Callable[[str | None], Awaitable[Principal]],
        handlers: Mapping[RestCall, Handler],
        stream: Stream,
        streams: OpenStreams,
        standing: Callable[[Principal], QuotaStanding | None],
        documentation: str,
        limits: BodyLimits | None = None,
    ) -> None:
        self._authenticate = authenticate
        self._handlers = {one.id: handler for one, handler in handlers.items()}
        self._stream = stream
        self._streams = streams
        self._standing = standing
        self._limits = limits or BodyLimits()
        self._problems = Problems(documentation, logging.getLogger(__name__))
        self._traces = Traces(os.urandom)
        self._router = Router(OPERATIONS)
        self._submitted = Submitted()
        description = Reply(200, openapi.encoded())
        self._open: dict[str, Callable[[Head], Reply]] = {DESCRIBE.id: lambda _: description, SIGN_OUT.id: sign_out}
        self._accepts = functools.lru_cache(256)(accepts)
        self._is_json = functools.lru_cache(256)(is_json)
        _check(self._handlers.keys() | self._open.keys() | {FOLLOW.id})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request (ASGI 3)."""
        head, method = head_of(scope), scope["method"]
        trace = self._traces.begin(head.traceparent)
        answer = await self._answer(scope, head, trace, receive)
        if isinstance(answer, Opened):
            await self._stream.serve(answer, trace, receive, send)
        elif answer is not None:
            await send_reply(send, answer, trace, with_body=method != "HEAD")

    async def run(self) -> None:
        """Watch the open streams, until cancelled. An unexpected error ends it: supervise it."""
        await self._streams.run()

    async def stop(self, drain_s: float = 5.0) -> int:
        """Let what was submitted end, and end every stream; answers how many requests are still under way."""
        left, _ = await asyncio.gather(self._submitted.drain(drain_s), self._streams.stop())
        return left

    async def _answer(self, scope: Scope, head: Head, trace: Trace, receive: Receive) -> Reply | Opened | None:
        """What to send; None when the caller has gone."""
        found = self._router.find(scope["method"], scope["path"])
        if isinstance(found, Allowed):
            return Reply(204, headers=((b"allow", ", ".join(found.methods).encode()),))
        if isinstance(found, Refusal):
            return self._problems.refused(found, trace.trace_id)
        refusal = self._unacceptable(found.operation, head)
        if refusal is not None:
            return self._problems.refused(refusal, trace.trace_id)
        query: bytes = scope["query_string"]
        try:
            return await self._done(found, query, head, trace, receive)
        except Exception as error:  # noqa: BLE001 - the edge: anything is answered, masked unless it is ours
            signed = bool(head.authorization or head.cookie or b"ticket=" in query)
            return self._problems.of(error, found.operation, trace.trace_id, signed=signed)

    def _unacceptable(self, operation: RestCall, head: Head) -> Refusal | None:
        """What can be refused by the headers alone."""
        wanted = EVENTS if operation is FOLLOW else JSON
        if not self._accepts(head.accept, wanted):
            return Refusal(406, f"Accept: expected {wanted}, got {head.accept:.80}")
        if operation.body is None:
            return None
        if not self._is_json(head.content_type):
            return Refusal(415, f"Content-Type: expected {JSON} in UTF-8, got {head.content_type:.80}")
        return announced(head.content_length, self._limits)

    async def _done(
        self, found: Found, query: bytes, head: Head, trace: Trace, receive: Receive
    ) -> Reply | Opened | None:
        operation = found.operation
        parameters = read_query(query, operation.query_names)
        if operation.id in self._open:
            return self._open[operation.id](head)
        if operation is FOLLOW:
            return await self._stream.open(await self._stream.caller(head, parameters), head, parameters)
        token = bearer(head.authorization)
        caller = await self._authenticate(token)
        need = ROUTES[operation.key]
        if need is not None:
            caller.require(need)
        body = await read_body(receive, self._limits) if operation.body is not None else b""
        if not isinstance(body, bytes):
            return body and self._problems.refused(body, trace.trace_id)
        model = operation.body
        value = read_struct(body, model, self._limits) if model is not None else None
        asked = Asked(caller, token or "", head, found.id, parameters, value)
        return await self._asked(operation, asked, trace)

    async def _asked(self, operation: RestCall, asked: Asked, trace: Trace) -> Reply:
        work = self._handlers[operation.id](asked)
        try:
            reply = await (self._submitted.hold(work) if operation.method != "GET" else work)
        except RateLimited as error:
            reply = self._problems.of(error, operation, trace.trace_id, signed=True)
        return reply._replace(headers=(*reply.headers, *quota_headers(self._standing(asked.caller))))


def _check(served: set[str]) -> None:
    """Every operation has its handler.

    Raises:
        ConfigurationError: one has none, or a handler is of no operation.
    """
    odd = served ^ {one.id for one in OPERATIONS}
    if odd:
        raise ConfigurationError(f"REST operations and handlers do not match: {', '.join(sorted(odd))}")


def is_rest(path: str) -> bool:
    """Whether a path is this door's."""
    return path.startswith(f"{ROOT}/") or path == DESCRIBE.path
