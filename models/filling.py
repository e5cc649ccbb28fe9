"""One text of a template, compiled once and filled with data often. Called by rendering."""

import re
from collections.abc import Mapping
from enum import Enum

import msgspec

from errors import InvalidInput
from models import escaping
from models.escaping import Escape
from models.html_places import HtmlPlace, places
from models.placeholders import MISSING, Parsed, Placeholder, Step, find, parse

AT = ("message", "template", "data")
"""Where a caller wrote the data."""

_ADDRESS = re.compile(r"https?://[^\s/?#\\]+(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_FIXED = re.compile(r"https?://[^\s/?#\\]+[/?#]", re.IGNORECASE)


class Kind(Enum):
    """What sort of text it is, which decides how values are written into it."""

    PLAIN = 1
    LINE = 2
    HTML = 3
    ADDRESS = 4


Hole = tuple[tuple[Step, ...], Escape, str]
"""(where the value stands in the data, how it is written, the literal behind it)."""


class Filling(msgspec.Struct, frozen=True, gc=False):
    """A compiled text."""

    where: tuple[str, ...]
    """Where it stands in the template, for errors."""
    first: str
    holes: tuple[Hole, ...]
    most: int
    """Characters that it may have when it is filled."""
    longest_safe: int
    """No value longer than this can take it above `most`."""

    def fill(self, data: Mapping[str, object]) -> str:
        """The text with its values.

        Raises:
            InvalidInput: a value is missing or no text, or the whole is too long; the path leads to the value.
        """
        pieces = [self.first]
        room = self.most
        for steps, escape, literal in self.holes:
            value = find(data, steps)
            text = escape(value if type(value) is str else shown(value, steps))
            room -= len(text)
            if room < 0:
                break
            pieces.append(text)
            pieces.append(literal)
        if room < 0 or sum(map(len, pieces)) > self.most:
            where = ".".join(self.where)
            raise InvalidInput(f"expected values with which {where} has at most {self.most:,} characters", path=AT)
        return "".join(pieces)


def shown(value: object, steps: tuple[Step, ...]) -> str:
    """A value as text: null is nothing, numbers and booleans are as in JSON.

    Raises:
        InvalidInput: there is none, or it is an object or a list.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case None:
            return ""
    got = "nothing" if value is MISSING else "an object" if isinstance(value, dict) else "a list"
    path = ".".join(map(str, steps))
    raise InvalidInput(f"the template shows {path}: expected a text, number, boolean or null, got {got}",
                       path=(*AT, *map(str, steps)))  # fmt: skip


def compiled(text: str, kind: Kind, where: tuple[str, ...], most: int) -> Filling:
    """Make a text ready.

    Raises:
        InvalidInput: it holds something that is no placeholder, or a placeholder where none may stand.
    """
    try:
        parsed = parse(text)
        escapes = _escapes(parsed, kind)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=where) from error
    holes = [
        (one.steps, escape, literal)
        for one, escape, literal in zip(parsed.placeholders, escapes, parsed.literals[1:], strict=True)
    ]
    return Filling(where, parsed.literals[0], tuple(holes), most, _longest_safe(parsed, escapes, most))


def _escapes(parsed: Parsed, kind: Kind) -> list[Escape]:
    match kind:
        case Kind.PLAIN:
            return [escaping.plain] * len(parsed.placeholders)
        case Kind.LINE:
            return [escaping.one_line] * len(parsed.placeholders)
        case Kind.ADDRESS:
            return _of_address(parsed)
        case Kind.HTML:
            return [escaping.percent if one is HtmlPlace.ADDRESS else escaping.html for one in places(parsed)]


def _of_address(parsed: Parsed) -> list[Escape]:
    """All of one address; its host is the template's own."""
    first = parsed.literals[0]
    if parsed.placeholders and not _FIXED.match(first):
        raise _led_astray(parsed.placeholders[0])
    if not _ADDRESS.fullmatch(first) or re.search(r"[\s\x00-\x20\x7f\"<>\\]", "".join(parsed.literals)):
        raise InvalidInput("expected an http or https address")
    return [escaping.percent] * len(parsed.placeholders)


def _led_astray(placeholder: Placeholder) -> InvalidInput:
    return InvalidInput(
        f"line {placeholder.line}, column {placeholder.column}: an address must begin with a fixed host, like"
        " https://example.org/; a value never says where a link leads"
    )


def _longest_safe(parsed: Parsed, escapes: list[Escape], most: int) -> int:
    room = most - sum(map(len, parsed.literals))
    growth = sum([escaping.GROWTH[escape.__name__] for escape in escapes])
    return room // growth if growth else (most if room >= 0 else -1)
