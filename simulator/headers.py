"""Reads what the journal and the mailbox list need from a mail's header block, cheaply. Called once per mail taken."""

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header

import msgspec

_FOLD = re.compile(r"\r\n(?=[ \t])")


class Head(msgspec.Struct, frozen=True):
    """The header fields that identify a mail."""

    message_id: str | None
    """Without angle brackets."""
    subject: str
    extra: dict[str, str]
    """Every field whose name begins with `X-`, named as the mail names it."""


def read_head(raw: bytes) -> Head:
    """The head of a mail as it came over SMTP (RFC 5322); whatever is malformed stays as it is."""
    fields: dict[str, str] = {}
    extra: dict[str, str] = {}
    for line in _lines(raw):
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), value.strip())
        if name[:2] in ("X-", "x-"):
            extra.setdefault(name, value.strip())
    identity = fields.get("message-id", "").removeprefix("<").removesuffix(">")
    return Head(identity or None, decode_words(fields.get("subject", "")), extra)


def decode_words(value: str) -> str:
    """Header text with its encoded words (RFC 2047) read; text that cannot be decoded comes back as it was."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _lines(raw: bytes) -> list[str]:
    end = 0 if raw.startswith(b"\r\n") else raw.find(b"\r\n\r\n")
    block = raw if end < 0 else raw[:end]
    return _FOLD.sub("", block.decode("utf-8", "replace")).split("\r\n")
