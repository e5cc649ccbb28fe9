"""Reads the body of a request within its limits of size and time. Used by every HTTP door that takes one."""

import asyncio
from typing import NamedTuple

from starlette.types import Receive

from gateway.limits import BodyLimits

Headers = tuple[tuple[bytes, bytes], ...]


class Refusal(NamedTuple):
    """Why a request is not read: an HTTP status and what to send instead."""

    status: int
    message: str
    headers: Headers = ()


def announced(content_length: str, limits: BodyLimits) -> Refusal | None:
    """What can be refused by the Content-Length alone."""
    if content_length.isdecimal() and int(content_length[:20]) > limits.body_bytes:
        return _too_large(limits)
    return None


async def read_body(receive: Receive, limits: BodyLimits) -> bytes | Refusal | None:
    """The whole body; None when the caller has gone."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_within_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limits.body_bytes:
                    return _too_large(limits)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        close = ((b"connection", b"close"),)
        return Refusal(408, f"the body did not arrive within {limits.body_within_s:g} s", close)


def _too_large(limits: BodyLimits) -> Refusal:
    """Without closing: uvicorn reads past the rest, so the caller sees the answer and no reset connection."""
    return Refusal(413, f"the body has more than {limits.body_bytes} bytes")
