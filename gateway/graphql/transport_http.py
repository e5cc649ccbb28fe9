"""GraphQL over HTTP: one POST, one answer (https://graphql.github.io/graphql-over-http/draft/); part of the endpoint."""

import asyncio
import functools
import math
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

import msgspec
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from errors import ErrorCode, MalformedRequest, Unauthenticated
from gateway.graphql.execute import Answer, Operations
from gateway.graphql.limits import Limits
from gateway.graphql.metrics import UNKNOWN, Tally
from gateway.graphql.negotiation import JSON, answer_type, is_request_type
from gateway.graphql.problems import ErrorEntry, Fault, Problems, entries, shown
from gateway.graphql.request import read_json, read_request
from gateway.graphql.submitted import Submitted
from gateway.graphql.trace import Trace, Traces

P = TypeVar("P")
C = TypeVar("C")
Headers = tuple[tuple[bytes, bytes], ...]

_STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""Of what stops a request before its operation; any other code is 400."""


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer on both transports (GraphQL specification, section 7.1)."""

    errors: tuple[ErrorEntry, ...] = ()
    data: dict[str, object] | None | msgspec.UnsetType = msgspec.UNSET


class Head(NamedTuple):
    """The request headers that matter here, empty where absent."""

    authorization: str = ""
    content_type: str = ""
    content_length: str = ""
    accept: str = ""
    traceparent: str = ""


_WANTED = {name.replace("_", "-").encode(): name for name in Head._fields}


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes
    media_type: str
    headers: Headers = ()


def head_of(scope: Scope) -> Head:
    """The headers of an ASGI scope; the last one counts where a name comes twice."""
    return Head(**{_WANTED[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _WANTED})


def bearer(authorization: str) -> str | None:
    """The token of an Authorization header (RFC 6750 section 2.1), None without the header.

    Raises:
        Unauthenticated: another scheme, or no token.
    """
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Authorization: expected Bearer and a token")
    return token


class HttpTransport(Generic[P, C]):
    """Serves ASGI scopes of type http. Whatever happens, exactly one answer is sent while the caller is there."""

    def __init__(
        self,
        operations: Operations[P, C],
        authenticate: Callable[[str | None], Awaitable[P]],
        problems: Problems,
        traces: Traces,
        limits: Limits,
        submitted: Submitted,
        tally: Tally,
    ) -> None:
        self._operations = operations
        self._authenticate = authenticate
        self._problems = problems
        self._traces = traces
        self._limits = limits
        self._submitted = submitted
        self._tally = tally
        self._encode = msgspec.json.Encoder().encode
        self._answer_type = functools.lru_cache(256)(answer_type)
        self._is_request_type = functools.lru_cache(256)(is_request_type)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        head = head_of(scope)
        trace = self._traces.begin(head.traceparent)
        try:
            reply = await self._reply(scope["method"], head, receive, trace.trace_id)
        except Exception as error:  # noqa: BLE001 - the edge: anything is answered, masked unless it is ours
            reply = self._failed(self._problems.of(error, trace.trace_id), trace.trace_id)
        if reply is not None:
            await _send(send, reply, trace)

    async def _reply(self, method: str, head: Head, receive: Receive, trace_id: str) -> Reply | None:
        media_type = self._answer_type(head.accept)
        problem = self._unacceptable(method, media_type, head)
        if problem is not None or media_type is None:
            return problem
        principal = await self._authenticate(bearer(head.authorization))
        body = await self._body(receive)
        if not isinstance(body, bytes):
            return body
        request = read_request(read_json(body, self._limits.json_nesting))
        begun = self._operations.begin(request, principal, trace_id)
        if isinstance(begun, Answer):
            return self._answered(begun, media_type, trace_id)
        if begun.kind is OperationType.SUBSCRIPTION:
            return self._refused(400, "subscriptions are served on a WebSocket: graphql-transport-ws at this address")
        work = self._operations.answer(begun)
        answer = await (self._submitted.run(work) if begun.kind is OperationType.MUTATION else work)
        return self._answered(answer, media_type, trace_id)
