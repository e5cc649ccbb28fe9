"""Reads the text and the HTML out of a whole mail. Called by the mailbox when somebody looks."""

from email import message_from_bytes
from email.message import Message

import msgspec


class Content(msgspec.Struct, frozen=True):
    """The parts of a mail that a person reads."""

    text: str | None
    html: str | None


def read_content(raw: bytes) -> Content:
    """The first plain text and the first HTML part that are no attachments (RFC 2045)."""
    parts = [part for part in message_from_bytes(raw).walk() if part.get_content_disposition() != "attachment"]
    return Content(_first(parts, "text/plain"), _first(parts, "text/html"))


def _first(parts: "list[Message[str, str]]", content_type: str) -> str | None:
    return next((_decoded(part) for part in parts if part.get_content_type() == content_type), None)


def _decoded(part: "Message[str, str]") -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset("utf-8")
    try:
        text = raw.decode(charset, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
