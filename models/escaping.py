"""How a value is written into a text so that it stays a value: one function a kind of text. Called by filling."""

import re
from collections.abc import Callable

Escape = Callable[[str], str]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_SPECIAL = re.compile(r"[&<>\"'\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
_RESERVED = re.compile(r"[^A-Za-z0-9._~-]")

GROWTH = {"plain": 1, "one_line": 1, "html": 6, "percent": 12}
"""By the name of a function: into how many characters one may turn at most."""


def plain(value: str) -> str:
    """For texts without markup: control characters but tabs and line breaks become spaces."""
    return value if _CONTROL.search(value) is None else _CONTROL.sub(" ", value)


def one_line(value: str) -> str:
    """For titles and subjects: nothing that a line could end at, so nothing after it can become a header."""
    return value if _BREAK.search(value) is None else _BREAK.sub(" ", value)


def html(value: str) -> str:
    """For the text of an HTML document, and for attribute values between quotes of either kind."""
    return value if _SPECIAL.search(value) is None else _SPECIAL.sub(_entity, value)


def percent(value: str) -> str:
    """For an address behind its host: everything but unreserved characters is percent-encoded (RFC 3986, 2.3)."""
    return value if _RESERVED.search(value) is None else _RESERVED.sub(_percent, value)


def _entity(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0], " ")


def _percent(match: re.Match[str]) -> str:
    return "".join([f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace")])
