"""Placeholders like `{{ order.items.0.name }}` in a text: found once, filled often. Used by rendering and its checks.

A placeholder names a place in the data and nothing else. What could compute — statements, filters, calls, operators —
is refused here, until rendering has a process of its own that can be limited.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping

import msgspec

from errors import InvalidInput

MOST_PLACEHOLDERS = 500
"""In one text."""
MOST_STEPS = 12
"""In one path."""

Step = str | int
"""A key of an object, or a place in a list."""

_OPENING = re.compile(r"\{\{\{|\{\{|\{%")
_OPENING_OR_COMMENT = re.compile(r"\{\{\{|\{\{|\{%|\{#")
"""For texts in which a comment could end: elsewhere `{#` is a style sheet's own."""
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|0|[1-9][0-9]{0,4}))*")
_OTHERWISE = (
    (re.compile(r"\|"), "filters are not known here: send the value as it shall be shown"),
    (re.compile(r"\("), "nothing can be called here: send the value as it shall be shown"),
    (re.compile(r"\["), "write list[0] as list.0"),
    (re.compile(r"[-+*/%<>=!~]|\b(?:and|or|not|if|in|is)\b"), "operators are not known here"),
)


class Placeholder(msgspec.Struct, frozen=True):
    """A place in the data, and where the text asks for it."""

    steps: tuple[Step, ...]
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""

    @property
    def path(self) -> str:
        """As it is written: `order.items.0.name`."""
        return ".".join(map(str, self.steps))


class Parsed(msgspec.Struct, frozen=True):
    """A text taken apart: `literals[0]`, `placeholders[0]`, `literals[1]` …; there is one literal more."""

    literals: tuple[str, ...]
    placeholders: tuple[Placeholder, ...]


def parse(text: str) -> Parsed:
    """Take a text apart.

    Raises:
        InvalidInput: something else than placeholders in braces; the message says at which line and column.
    """
    literals: list[str] = []
    placeholders: list[Placeholder] = []
    breaks = [match.end() for match in re.finditer("\n", text)]
    pattern = _OPENING_OR_COMMENT if "#}" in text else _OPENING
    at = 0
    while (opening := pattern.search(text, at)) is not None:
        line = bisect_right(breaks, opening.start()) + 1
        column = opening.start() - (breaks[line - 2] if line > 1 else 0) + 1
        steps, end = _read(text, opening, line, column)
        literals.append(text[at : opening.start()])
        placeholders.append(Placeholder(steps, line, column))
        if len(placeholders) > MOST_PLACEHOLDERS:
            raise _wrong(line, column, f"expected at most {MOST_PLACEHOLDERS} placeholders in one text")
        at = end
    return Parsed((*literals, text[at:]), tuple(placeholders))


def _read(text: str, opening: re.Match[str], line: int, column: int) -> tuple[tuple[Step, ...], int]:
    """The steps of the placeholder at `opening`, and where the text goes on after it."""
    match opening[0]:
        case "{{{":
            raise _wrong(line, column, "'{{{' would leave a value unescaped: write '{{'")
        case "{%":
            raise _wrong(line, column, "statements ('{%') are not known here, only placeholders")
        case "{#":
            raise _wrong(line, column, "comments ('{#') are not known here, only placeholders")
    end = text.find("}}", opening.end())
    if end < 0:
        raise _wrong(line, column, "'{{' without its '}}'")
    inner = text[opening.end() : end].strip()
    if not _PATH.fullmatch(inner):
        raise _wrong(line, column, _complaint(inner))
    steps = tuple([int(step) if step[0].isdigit() else step for step in inner.split(".")])
    if len(steps) > MOST_STEPS:
        raise _wrong(line, column, f"expected a path of at most {MOST_STEPS} steps")
    return steps, end + 2


def _complaint(inner: str) -> str:
    said = next((said for pattern, said in _OTHERWISE if pattern.search(inner)), None)
    return f"expected a path like order.items.0.name between the braces, got {inner[:60]!r}" + (
        f": {said}" if said is not None else ""
    )


def _wrong(line: int, column: int, message: str) -> InvalidInput:
    return InvalidInput(f"line {line}, column {column}: {message}")


class Missing:
    """What `find` answers where there is nothing."""


MISSING = Missing()


def find(data: Mapping[str, object], steps: tuple[Step, ...]) -> object:
    """What stands at a place in the data; `MISSING` where the way to it ends."""
    value: object = data
    for step in steps:
        if type(value) is dict:
            value = value.get(step if type(step) is str else str(step), MISSING)
        elif type(value) is list and type(step) is int and step < len(value):
            value = value[step]
        else:
            return MISSING
    return value
