"""Measures a GraphQL document in one pass over its text, so that `documents` refuses a costly one before parsing it."""

import re

from errors import QueryTooCostly
from gateway.graphql.limits import Limits

# Each part takes all it can and never gives back, so that no text is read twice: an open string ends with the text.
_TOKEN = re.compile(
    r"""
    [\s,\ufeff]*+
    (
        [{}()\[\]:@]
      | \.\.\.
      | [_A-Za-z][_0-9A-Za-z]*+
      | \#[^\n\r]*+
      | \"\"\"(?:[^"\\]|\\(?:\"\"\")?|"(?!\"\"))*+(?:\"\"\")?
      | "(?:[^"\\\n\r]|\\[^\n\r])*+"?
      | -?[0-9][0-9A-Za-z.+-]*+
      | \S
    )
    """,
    re.VERBOSE,
)
_OPENING = frozenset("{([")
_CLOSING = frozenset("})]")
_NOT_A_FIELD_AFTER = frozenset(("...", "... on", "@", ":"))


def measure(text: str, limits: Limits) -> int:
    """The number of lexical tokens, comments among them.

    Raises:
        QueryTooCostly: the text is over a limit of bytes, lines, tokens, nesting, definitions, fields or directives.
    """
    _at_most("bytes", len(text) if text.isascii() else len(text.encode()), limits.document_bytes)
    _at_most("lines", 1 + text.count("\n") + text.count("\r"), limits.lines)
    scan = _Scan(limits)
    for number, found in enumerate(_TOKEN.finditer(text), 1):
        _at_most("tokens", number, limits.tokens)
        scan.take(found[1])
    return scan.tokens


def _at_most(what: str, count: int, most: int) -> None:
    if count > most:
        raise QueryTooCostly(f"the document has more than {most} {what}")


class _Scan:
    """Counts as tokens pass by. A wrong document is counted wrongly and then refused by the parser."""

    def __init__(self, limits: Limits) -> None:
        self.tokens = 0
        self._limits = limits
        self._nesting = 0
        self._arguments = 0
        self._definitions = 0
        self._fields = 0
        self._directives = 0
        self._previous = ""

    def take(self, lexeme: str) -> None:
        """Count one token."""
        self.tokens += 1
        if lexeme[0] == "#":
            return
        if lexeme in _OPENING:
            self._open(lexeme)
        elif lexeme in _CLOSING:
            self._nesting -= 1
            self._arguments -= lexeme == ")"
        elif lexeme == "@":
            self._directives += 1
            _at_most("directives", self._directives, self._limits.directives)
        elif self._nesting and not self._arguments and (lexeme[0] == "_" or lexeme[0].isalpha()):
            self._name(lexeme)
            return
        self._previous = lexeme

    def _open(self, lexeme: str) -> None:
        if lexeme == "{" and not self._nesting:
            self._definitions += 1
            _at_most("definitions", self._definitions, self._limits.definitions)
        self._nesting += 1
        self._arguments += lexeme == "("
        _at_most("levels of nesting", self._nesting, self._limits.nesting)

    def _name(self, lexeme: str) -> None:
        """Count a name inside a selection set: an alias stands for its field, which follows a colon."""
        if self._previous not in _NOT_A_FIELD_AFTER:
            self._fields += 1
            _at_most("fields", self._fields, self._limits.fields)
        self._previous = "... on" if lexeme == "on" and self._previous == "..." else lexeme
