"""GraphQL over HTTP, one POST and one answer (graphql.github.io/graphql-over-http/draft); part of `endpoint`."""

import functools
import math
from typing import Generic, NamedTuple, TypeVar

import msgspec
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from errors import ErrorCode, MalformedRequest
from gateway.bodies import Headers, Refusal, announced, read_body
from gateway.graphql.execute import Answer
from gateway.graphql.metrics import UNKNOWN, Tally
from gateway.graphql.negotiation import JSON, RESPONSE, answer_type, is_request_type
from gateway.graphql.parts import Parts
from gateway.graphql.problems import Fault, Response, entries, shown
from gateway.graphql.request import read_request
from gateway.heads import Head, bearer, head_of
from gateway.json_text import read_json
from gateway.trace import Trace

P = TypeVar("P")
C = TypeVar("C")

_STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""Of what stops a request before its operation; any other code is 400."""


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes
    media_type: str
    headers: Headers = ()


_SUBSCRIPTION = Refusal(400, "subscriptions are served on a WebSocket: graphql-transport-ws at this address")


class HttpTransport(Generic[P, C]):
    """Serves ASGI scopes of type http. Whatever happens, exactly one answer is sent while the caller is there."""

    def __init__(self, parts: Parts[P, C], tally: Tally) -> None:
        self._parts = parts
        self._limits = parts.limits
        self._tally = tally
        self._encode = msgspec.json.Encoder().encode
        self._answer_type = functools.lru_cache(256)(answer_type)
        self._is_request_type = functools.lru_cache(256)(is_request_type)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        head = head_of(scope)
        trace = self._parts.traces.begin(head.traceparent)
        media_type = self._answer_type(head.accept)
        try:
            reply = await self._reply(scope["method"], head, receive, media_type, trace.trace_id)
        except Exception as error:  # noqa: BLE001 - the edge: anything is answered, masked unless it is ours
            fault = self._parts.problems.of(error, trace.trace_id)
            reply = self._failed(_STATUS.get(fault.code, 400), fault, media_type, trace.trace_id)
        if reply is not None:
            await _send(send, reply, trace)

    async def _reply(
        self, method: str, head: Head, receive: Receive, media_type: str | None, trace_id: str
    ) -> Reply | None:
        refusal = self._unacceptable(method, head, media_type)
        if refusal is not None or media_type is None:
            return refusal and self._refused(refusal, media_type, trace_id)
        principal = await self._parts.authenticate(bearer(head.authorization))
        body = await read_body(receive, self._limits)
        if not isinstance(body, bytes):
            return body and self._refused(body, media_type, trace_id)
        request = read_request(read_json(body, self._limits))
        begun = self._parts.operations.begin(request, principal, trace_id)
        if isinstance(begun, Answer):
            return self._answered(begun, media_type, trace_id)
        if begun.kind is OperationType.SUBSCRIPTION:
            return self._refused(_SUBSCRIPTION, media_type, trace_id)
        work = self._parts.operations.answer(begun)
        answer = await (self._parts.submitted.hold(work) if begun.kind is OperationType.MUTATION else work)
        return self._answered(answer, media_type, trace_id)

    def _unacceptable(self, method: str, head: Head, media_type: str | None) -> Refusal | None:
        """What can be refused by the headers alone."""
        if method != "POST":
            return Refusal(405, f"expected POST, got {method:.20}", ((b"allow", b"POST"),))
        if not self._is_request_type(head.content_type):
            return Refusal(415, f"Content-Type: expected {JSON} in UTF-8, got {head.content_type:.80}")
        if media_type is None:
            return Refusal(406, f"Accept: expected {RESPONSE} or {JSON}, got {head.accept:.80}")
        return announced(head.content_length, self._limits)

    def _answered(self, answer: Answer, media_type: str, trace_id: str) -> Reply:
        body = self._encode(Response(entries(answer.faults, trace_id), answer.data))
        return Reply(200 if answer.executed or media_type == JSON else 400, body, media_type)

    def _refused(self, refusal: Refusal, media_type: str | None, trace_id: str) -> Reply:
        fault = shown(MalformedRequest(refusal.message))
        return self._failed(refusal.status, fault, media_type, trace_id, refusal.headers)

    def _failed(self, status: int, fault: Fault, media_type: str | None, trace_id: str, headers: Headers = ()) -> Reply:
        self._tally.count(UNKNOWN, fault.code)
        body = self._encode(Response(entries((fault,), trace_id)))
        if status == 401:
            headers = (*headers, (b"www-authenticate", b"Bearer"))
        if fault.retry_after_s is not None:
            headers = (*headers, (b"retry-after", b"%d" % math.ceil(fault.retry_after_s)))
        return Reply(status, body, media_type or JSON, headers)


async def _send(send: Send, reply: Reply, trace: Trace) -> None:
    headers = [
        (b"content-type", b"%s; charset=utf-8" % reply.media_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", b"no-store"),
        (b"traceparent", trace.traceparent.encode()),
        (b"x-trace-id", trace.trace_id.encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
