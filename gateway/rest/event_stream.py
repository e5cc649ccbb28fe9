"""The bytes of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Pure."""

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b": heartbeat\n\n"
RETRY_MS = 3_000


def event(name: str, data: bytes, id_: str | None = None) -> bytes:
    """One event. `data` is one line, as JSON is; an event without an id leaves the client's last one as it is."""
    head = f"event: {name}\n" if id_ is None else f"id: {id_}\nevent: {name}\n"
    return head.encode() + b"data: " + data + b"\n\n"


def retry(after_ms: int) -> bytes:
    """How long the client is to wait before it comes back."""
    return b"retry: %d\n\n" % after_ms
