"""One HTTP answer, and how it is sent. Made by the resources, sent by the door."""

from typing import NamedTuple

import msgspec
from starlette.types import Send

from gateway.bodies import Headers
from gateway.trace import Trace

JSON = "application/json"
_ENCODER = msgspec.json.Encoder()


class Reply(NamedTuple):
    """An answer with a whole body."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: Headers = ()


def json_reply(status: int, body: msgspec.Struct, headers: Headers = ()) -> Reply:
    """An answer in JSON."""
    return Reply(status, _ENCODER.encode(body), JSON, headers)


async def send_reply(send: Send, reply: Reply, trace: Trace, *, with_body: bool) -> None:
    """Send it whole. An answer to HEAD has the headers alone."""
    headers = trace_headers(trace)
    if reply.body:
        headers.append((b"content-type", reply.media_type.encode()))
    if reply.status not in {204, 304}:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    headers.extend(reply.headers)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})


def trace_headers(trace: Trace) -> list[tuple[bytes, bytes]]:
    """What every answer says: its trace, and that nobody on the way may keep it."""
    return [
        (b"cache-control", b"no-store"),
        (b"traceparent", trace.traceparent.encode()),
        (b"x-trace-id", trace.trace_id.encode()),
    ]
