"""Where in an HTML document each placeholder stands, and so how it must be escaped. Called when a template is compiled.

Only places where a value can be kept a value are open to placeholders: text, and values of harmless attributes between
quotes. Scripts, styles, comments, tags themselves and handlers are closed. What a browser could read in two ways is
refused, so that this reading and the browser's are one.
"""

import re
from enum import Enum

import msgspec

from errors import InvalidInput
from models.placeholders import Parsed, Placeholder

_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9:-]*)")
_ATTRIBUTE = re.compile(r"[\s/]*(?:(>)|([^\s\"'<>/=`]+)(\s*=\s*)?)")
_NOTHING_MORE = re.compile(r"[\s/]*\Z")
_UNQUOTED = re.compile(r"[^\s\"'<>=`]+")

_CLOSED_ELEMENTS = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"))
"""Their content is no HTML."""
_TEXT_ELEMENTS = frozenset(("title", "textarea"))
"""Their content is text without tags."""
_CLOSED_TAGS = _CLOSED_ELEMENTS | {"base", "embed", "form", "link", "meta", "object"}
_ADDRESSES = frozenset(("background", "cite", "href", "poster", "src"))
_PLAIN = frozenset(
    (
        "abbr", "align", "alt", "bgcolor", "color", "colspan", "datetime", "dir", "height", "id", "label", "lang",
        "name", "placeholder", "rowspan", "summary", "title", "valign", "value", "width",
    )
)  # fmt: skip
_FIXED = re.compile(r"\s*(?:https?://[^\s/?#\\{}&]+[/?#]|mailto:|tel:|sms:|#)", re.IGNORECASE)


class HtmlPlace(Enum):
    """Where a placeholder may stand."""

    TEXT = 1
    """In text, or in an attribute's value between quotes."""
    ADDRESS = 2
    """In an attribute's value that is an address, behind its host."""


class _Tag(msgspec.Struct):
    name: str
    closing: bool
    attribute: str = ""
    quote: str = ""
    """Filled while a value is open."""
    value: str = ""
    """What the template itself has written of the open value."""


class _Reader:
    """Walks through a document, literal by literal."""

    def __init__(self) -> None:
        self._tag: _Tag | None = None
        self._ends_with = ""
        """What ends the comment or declaration that is open."""
        self._element = ""
        """The element whose content is not tags."""

    def read(self, literal: str) -> None:
        """Go on to the end of a literal."""
        at = 0
        while at < len(literal):
            if self._ends_with:
                at = self._skip(literal, at)
            elif self._tag is not None:
                at = self._value(literal, at) if self._tag.quote else self._attributes(literal, at)
            elif self._element:
                at = self._content(literal, at)
            else:
                at = self._text(literal, at)

    def place(self, placeholder: Placeholder) -> HtmlPlace:
        """Where a placeholder stands that follows what was read."""
        if self._ends_with:
            raise _closed(placeholder, "a comment or declaration")
        if self._element in _CLOSED_ELEMENTS:
            raise _closed(placeholder, f"<{self._element}>")
        if self._tag is None:
            return HtmlPlace.TEXT
        if not self._tag.quote:
            raise _closed(placeholder, "a tag, but for attribute values between quotes")
        return _in_attribute(placeholder, self._tag)

    def _skip(self, literal: str, at: int) -> int:
        end = literal.find(self._ends_with, at)
        if end < 0:
            return len(literal)
        end += len(self._ends_with)
        self._ends_with = ""
        return end

    def _text(self, literal: str, at: int) -> int:
        found = _MARKUP.search(literal, at)
        if found is None:
            if literal.endswith(("<", "</"), at):
                raise InvalidInput("a placeholder right behind '<' would make up a tag: write &lt; for the sign")
            return len(literal)
        start = found.start()
        if literal.startswith(("<!", "<?"), start):
            return self._declaration(literal, start)
        name = _TAG_NAME.match(literal, start)
        if name is None:
            raise InvalidInput(f"expected a tag, got {literal[start : start + 20]!r}: write &lt; for the sign")
        if name.end() == len(literal):
            raise InvalidInput(f"{name[0]!r} runs into a placeholder: it would make up a tag's name")
        self._tag = _Tag(name[1].lower(), literal.startswith("</", start))
        return name.end()

    def _declaration(self, literal: str, start: int) -> int:
        if literal.startswith("<![CDATA[", start):
            raise InvalidInput("'<![CDATA[' is read in different ways: leave it out")
        comment = literal.startswith("<!--", start)
        self._ends_with = "-->" if comment else ">"
        return start + 4 if comment and not literal.startswith(("<!-->", "<!--->"), start) else start + 2

    def _attributes(self, literal: str, at: int) -> int:
        """From within a tag to its end, or into a value."""
        tag = self._tag or _Tag("", closing=False)
        if _NOTHING_MORE.match(literal, at):
            return len(literal)
        found = _ATTRIBUTE.match(literal, at)
        if found is None:
            raise InvalidInput(f"<{tag.name}> cannot be read at {literal[at : at + 20].strip()!r}")
        if found[1]:
            self._end_of_tag(tag)
            return found.end()
        tag.attribute, tag.value = found[2].lower(), ""
        if found[3] is None:
            if found.end() == len(literal):
                raise InvalidInput(f"{found[2]!r} in <{tag.name}> runs into a placeholder")
            return found.end()
        return self._begin_value(tag, literal, found.end())

    def _begin_value(self, tag: _Tag, literal: str, at: int) -> int:
        if literal.startswith(('"', "'"), at):
            tag.quote = literal[at]
            return at + 1
        found = _UNQUOTED.match(literal, at)
        if found is None or found.end() == len(literal):
            raise InvalidInput(f"expected the value of {tag.attribute!r} in <{tag.name}> between quotes")
        return found.end()

    def _end_of_tag(self, tag: _Tag) -> None:
        self._tag = None
        if not tag.closing and tag.name in _CLOSED_ELEMENTS | _TEXT_ELEMENTS:
            self._element = tag.name

    def _value(self, literal: str, at: int) -> int:
        tag = self._tag or _Tag("", closing=False)
        end = literal.find(tag.quote, at)
        tag.value += literal[at : end if end >= 0 else len(literal)]
        if end < 0:
            return len(literal)
        tag.quote = ""
        return end + 1

    def _content(self, literal: str, at: int) -> int:
        ending = re.compile(rf"</{self._element}(?=[\s/>])", re.IGNORECASE).search(literal, at)
        if ending is None:
            return len(literal)
        self._tag = _Tag(self._element, closing=True)
        self._element = ""
        return ending.end()


def _in_attribute(placeholder: Placeholder, tag: _Tag) -> HtmlPlace:
    name = tag.attribute
    if tag.closing or tag.name in _CLOSED_TAGS:
        raise _closed(placeholder, f"<{tag.name}>")
    if name in _ADDRESSES:
        if not _FIXED.match(tag.value):
            message = f"{name} must begin with a fixed host, like https://example.org/, or with mailto: or tel:"
            raise _wrong(placeholder, f"{message}; a value never says where a link leads")
        return HtmlPlace.ADDRESS
    if name in _PLAIN or name.startswith(("aria-", "data-")):
        return HtmlPlace.TEXT
    raise _closed(placeholder, f"the attribute {name!r}")


def _closed(placeholder: Placeholder, where: str) -> InvalidInput:
    return _wrong(placeholder, f"no placeholder may stand in {where}")


def _wrong(placeholder: Placeholder, message: str) -> InvalidInput:
    return InvalidInput(f"line {placeholder.line}, column {placeholder.column}: {message}")


def places(parsed: Parsed) -> list[HtmlPlace]:
    """Where each placeholder of an HTML document stands.

    Raises:
        InvalidInput: one stands where no value is safe, or the document cannot be read in one way only.
    """
    reader = _Reader()
    found = []
    for literal, placeholder in zip(parsed.literals, parsed.placeholders, strict=False):
        reader.read(literal)
        found.append(reader.place(placeholder))
    reader.read(parsed.literals[-1])
    return found
