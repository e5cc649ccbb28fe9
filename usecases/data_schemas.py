"""JSON Schemas that template data must fit (draft 2020-12): checked when a template is drafted, applied at every send.

Nothing is ever fetched, and the time that a check takes is bounded: schemas refer only to their own definitions, never
in a circle, patterns run in an engine without backtracking, and what a schema unfolds to is limited.
"""

from collections.abc import Iterator, Sequence

import jsonschema_rs
import msgspec

from errors import InvalidInput
from models.filling import AT
from models.placeholders import Step

MAX_SCHEMA_BYTES = 32_768
MAX_DEPTH = 32
MAX_UNFOLDED = 1_000
"""Parts of a schema, each definition counted as often as it is used."""
MAX_STEPS = 2_000_000
"""Parts of a schema times values in the data: about what a check may take."""
MAX_STEPS_EXPLAINED = 20_000
"""The same for finding out what is wrong, which takes a hundred times as long."""
MAX_PATTERNS = 50
MAX_MESSAGE_CHARACTERS = 300
DRAFT = "https://json-schema.org/draft/2020-12/schema"
PATH = ("dataSchema",)

_PATTERN_BYTES = 1 << 20
_DEFINITIONS = "#/$defs/"
_REFUSED = ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor")
_OPENING_UP = ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "unevaluatedProperties")
_ENCODER = msgspec.json.Encoder()

Schema = dict[str, object]


class DataSchema:
    """A schema, ready to check. Make it once a version.

    Raises:
        InvalidInput: it is no JSON Schema, or over a limit; the path begins with dataSchema.
    """

    def __init__(self, schema: Schema) -> None:
        self._parts = _check_bounds(schema)
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                schema,
                retriever=_refuse,
                mask="the value",
                validate_formats=True,
                pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES),
            )
        except jsonschema_rs.ValidationError as error:
            raise InvalidInput(_short(error.message), path=(*PATH, *map(str, error.instance_path))) from error
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise InvalidInput(_short(str(error)), path=PATH) from error

    def check(self, data: dict[str, object]) -> None:
        """Return if the data fits.

        Raises:
            InvalidInput: it does not; the path leads to the value, the message says what was expected.
        """
        steps = self._parts * sum([1 for _ in _nodes(data)])
        if steps > MAX_STEPS:
            raise InvalidInput("expected fewer values: the template's schema is too large for so many", path=AT)
        try:
            if self._validator.is_valid(data):
                return
            if steps > MAX_STEPS_EXPLAINED:
                raise InvalidInput("the data does not fit the template's schema, and is too much to say where", path=AT)
            self._validator.validate(data)
        except jsonschema_rs.ValidationError as error:
            raise InvalidInput(_short(error.message), path=(*AT, *map(str, error.instance_path))) from error
        except ValueError as error:
            raise InvalidInput(_short(str(error)), path=AT) from error


def _refuse(address: str) -> Schema:
    raise ValueError(f"{address} is not fetched: copy what you need into $defs")


def _short(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE_CHARACTERS else message[: MAX_MESSAGE_CHARACTERS - 1] + "…"


def impossible(schema: Schema, steps: Sequence[Step]) -> bool:
    """Whether the schema rules out that data has something at a place: it allows no other properties than it names."""
    node: object = schema
    for step in steps:
        if not isinstance(node, dict) or any(word in node for word in _OPENING_UP):
            return False
        properties = node.get("properties")
        if isinstance(step, int) and "items" in node:
            node = node["items"]
        elif isinstance(properties, dict) and step in properties:
            node = properties[step]
        else:
            return node.get("additionalProperties") is False
    return False


def _check_bounds(schema: Schema) -> int:
    """How many parts it unfolds to."""
    if schema.get("$schema", DRAFT) not in (DRAFT, DRAFT + "#"):
        raise InvalidInput(f"expected {DRAFT}", path=(*PATH, "$schema"))
    patterns = 0
    for node, depth in _nodes(schema):
        if depth > MAX_DEPTH:
            raise _wrong(f"expected at most {MAX_DEPTH} levels")
        if isinstance(node, dict):
            _check_words(node, is_root=node is schema)
            patterns += isinstance(node.get("pattern"), str) + _length(node.get("patternProperties"))
    if patterns > MAX_PATTERNS:
        raise _wrong(f"expected at most {MAX_PATTERNS} patterns")
    size = len(_ENCODER.encode(schema))
    if size > MAX_SCHEMA_BYTES:
        raise _wrong(f"expected at most {MAX_SCHEMA_BYTES:,} bytes of JSON, got {size:,}")
    return _Unfolding(schema).check()


def _nodes(schema: Schema) -> Iterator[tuple[object, int]]:
    """Every part, with its depth, without recursion."""
    left: list[tuple[object, int]] = [(schema, 1)]
    while left:
        node, depth = left.pop()
        yield node, depth
        left += [(child, depth + 1) for child in _children(node)]


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _check_words(node: dict[str, object], *, is_root: bool) -> None:
    refused = next((word for word in _REFUSED if isinstance(node.get(word), str)), None)
    if refused is not None:
        raise _wrong(f"{refused} is not served: use $ref and $defs")
    if not is_root and isinstance(node.get("$id"), str):
        raise _wrong("$id is served at the top only")
    reference = node.get("$ref")
    if isinstance(reference, str) and not reference.startswith(_DEFINITIONS):
        raise _wrong(f"expected $ref to begin with {_DEFINITIONS}, got {reference[:80]!r}: nothing is fetched")


def _length(value: object) -> int:
    return len(value) if isinstance(value, dict) else 0


class _Unfolding:
    """Counts the nodes of a schema in which every $ref is replaced by what it refers to."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        definitions = schema.get("$defs")
        self._definitions: dict[str, object] = definitions if isinstance(definitions, dict) else {}
        self._counts: dict[str, int] = {}
        self._open: set[str] = set()

    def check(self) -> int:
        unfolded = self._count(self._schema)
        if unfolded > MAX_UNFOLDED:
            raise _wrong(f"expected a schema of at most {MAX_UNFOLDED:,} parts, each definition counted at each use")
        return unfolded

    def _count(self, node: object) -> int:
        """Recursion is bounded: depth was checked, and so is a circle of definitions."""
        total = 1 + sum([self._count(child) for child in _children(node)])
        if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            total += self._definition(reference.removeprefix(_DEFINITIONS))
        return total

    def _definition(self, name: str) -> int:
        if name in self._open:
            raise _wrong(f"$defs/{name[:80]} refers to itself: unfold it as deep as you need it")
        if name not in self._definitions:
            raise _wrong(f"$ref leads to $defs/{name[:80]}, which is not there")
        if name not in self._counts:
            self._open.add(name)
            self._counts[name] = self._count(self._definitions[name])
            self._open.discard(name)
        return self._counts[name]


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(message, path=PATH)
