"""JSON Schemas for template data: what fits, what is refused, and that no schema can take forever or fetch anything."""

import time
from contextlib import suppress
from typing import Any

import pytest

from errors import InvalidInput
from usecases.data_schemas import MAX_PATTERNS, DataSchema, impossible

ORDER: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "order": {"$ref": "#/$defs/order"},
        "mail": {"type": "string", "format": "email"},
    },
    "required": ["order"],
    "additionalProperties": False,
    "$defs": {
        "order": {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "items": {"type": "array", "items": {"type": "string"}}},
            "required": ["id"],
        }
    },
}


def test_data_that_fits_is_let_through() -> None:
    DataSchema(ORDER).check({"order": {"id": 17, "items": ["bell"]}, "mail": "ada@example.org"})


@pytest.mark.parametrize(
    ("data", "path", "said"),
    [
        ({}, (), "order"),
        ({"order": {"id": "17"}}, ("order", "id"), "integer"),
        ({"order": {"id": 1, "items": ["a", 2]}}, ("order", "items", "1"), "string"),
        ({"order": {"id": 1}, "more": 1}, (), "more"),
        ({"order": {"id": 1}, "mail": "nobody"}, ("mail",), "email"),
    ],
)
def test_what_does_not_fit_is_named(data: dict[str, object], path: tuple[str, ...], said: str) -> None:
    with pytest.raises(InvalidInput) as told:
        DataSchema(ORDER).check(data)

    assert told.value.path == ("message", "template", "data", *path)
    assert said in told.value.message


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(InvalidInput) as told:
        DataSchema({"properties": {"a": {"pattern": "^x"}}}).check({"a": "ada@example.org"})

    assert "ada" not in told.value.message


def definitions(count: int) -> dict[str, Any]:
    """Each definition uses the next one twice."""
    made: dict[str, Any] = {
        f"d{place}": {"allOf": [{"$ref": f"#/$defs/d{place + 1}"}, {"$ref": f"#/$defs/d{place + 1}"}]}
        for place in range(count)
    }
    return {"$ref": "#/$defs/d0", "$defs": made | {f"d{count}": {"type": "object"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"minimum": "x"},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"properties": {"a": {"$ref": "https://example.org/schema"}}},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "#/properties/a", "properties": {"a": {}}},
        {"$ref": "#/$defs/nobody", "$defs": {}},
        {"$ref": "#/$defs/nobody"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"$defs": {"tree": {"properties": {"child": {"$ref": "#/$defs/tree"}}}}, "$ref": "#/$defs/tree"},
        {"$dynamicRef": "#x"},
        {"properties": {"a": {"$id": "https://example.org/a"}}},
        {"pattern": "(?=look)ahead"},
        {"pattern": "(a)\\1"},
        {"pattern": "("},
        {"pattern": "(a{1000}){1000}"},
        {"allOf": [{"pattern": "a"}] * (MAX_PATTERNS + 1)},
        {"description": "x" * 40_000},
        definitions(12),
    ],
)
def test_a_schema_that_cannot_be_served_is_refused(schema: dict[str, object]) -> None:
    started_s = time.monotonic()
    with pytest.raises(InvalidInput) as told:
        DataSchema(schema)

    assert told.value.path[0] == "dataSchema"
    assert time.monotonic() - started_s < 2


def test_a_schema_nested_too_deeply_is_refused() -> None:
    schema: dict[str, object] = {}
    for _ in range(2_000):
        schema = {"not": schema}

    with pytest.raises(InvalidInput):
        DataSchema(schema)


def test_a_pattern_takes_no_longer_for_hostile_text() -> None:
    schema = DataSchema({"properties": {"a": {"pattern": "^(a+)+$"}}})
    started_s = time.monotonic()

    with pytest.raises(InvalidInput):
        schema.check({"a": "a" * 30_000 + "!"})

    assert time.monotonic() - started_s < 1


@pytest.mark.parametrize("word", ["anyOf", "allOf", "oneOf"])
@pytest.mark.parametrize("values", [20, 45, 2_000, 4_500, 16_000])
def test_large_schemas_and_much_data_are_checked_in_time(word: str, values: int) -> None:
    wide: dict[str, object] = {"items": {word: [{"not": {"const": place}} for place in range(140)]}}
    schema = DataSchema({"properties": {"a": {"anyOf": [wide, {"type": "null"}]}}})
    started_s = time.monotonic()

    with suppress(InvalidInput):
        schema.check({"a": [*range(1_000, 1_000 + values - 1), 7]})

    assert time.monotonic() - started_s < 2


def test_what_is_too_much_to_explain_is_refused_all_the_same() -> None:
    with pytest.raises(InvalidInput) as told:
        DataSchema({"properties": {"a": {"items": {"type": "integer"}}}}).check({"a": ["x"] * 10_000})

    assert "too much to say where" in told.value.message


@pytest.mark.parametrize(
    ("steps", "ruled_out"),
    [
        (("order", "id"), False),
        (("mail",), False),
        (("phone",), True),
        (("order", "anything"), False),
        (("mail", "x"), False),
    ],
)
def test_what_a_schema_rules_out_is_known(steps: tuple[str, ...], ruled_out: bool) -> None:
    assert impossible(ORDER, steps) is ruled_out


def test_what_lists_hold_is_known() -> None:
    closed: dict[str, object] = {"properties": {"name": {}}, "additionalProperties": False}
    schema: dict[str, object] = {"properties": {"items": {"items": closed}}, "additionalProperties": False}

    assert not impossible(schema, ("items", 0, "name"))
    assert impossible(schema, ("items", 0, "price"))
