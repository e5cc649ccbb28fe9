"""Placeholders: what is one, what is refused, and at which place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InvalidInput
from models.placeholders import MISSING, MOST_PLACEHOLDERS, find, parse

DATA: dict[str, object] = {"order": {"id": 17, "items": [{"name": "Bell"}], "7": "seven"}, "note": None}


def refused(text: str) -> str:
    with pytest.raises(InvalidInput) as told:
        parse(text)
    return told.value.message


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("plain { text } with }} and {", []),
        ("{{order.id}}", ["order.id"]),
        ("{{ order.items.0.name }} and {{\tnote\n}}", ["order.items.0.name", "note"]),
        ("{{ a }}}", ["a"]),
        ("@media{#id{color:red}}", []),
    ],
)
def test_texts_are_taken_apart(text: str, paths: list[str]) -> None:
    parsed = parse(text)

    assert [one.path for one in parsed.placeholders] == paths
    assert len(parsed.literals) == len(paths) + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{{ raw }}}", "unescaped"),
        ("{% if a %}", "statements"),
        ("{# note #}", "comments"),
        ("{{ a | upper }}", "filters"),
        ("{{ a.upper() }}", "called"),
        ("{{ a + 1 }}", "operators"),
        ("{{ a == b }}", "operators"),
        ("{{ not a }}", "operators"),
        ("{{ a[0] }}", "list.0"),
        ("{{ }}", "expected a path"),
        ("{{ .a }}", "expected a path"),
        ("{{ a..b }}", "expected a path"),
        ("{{ a.01 }}", "expected a path"),
        ("{{ 'text' }}", "expected a path"),
        ("{{ a", "without its '}}'"),
        ("{{ a.b.c.d.e.f.g.h.i.j.k.l.m }}", "12 steps"),
    ],
)
def test_what_computes_is_refused(text: str, said: str) -> None:
    assert said in refused(text)


def test_a_refusal_names_line_and_column() -> None:
    assert refused("Hello {{ name }},\nyour {{ order | upper }}").startswith("line 2, column 6: ")


def test_one_text_has_no_more_placeholders_than_it_may() -> None:
    parse("{{ a }}" * MOST_PLACEHOLDERS)

    assert str(MOST_PLACEHOLDERS) in refused("{{ a }}" * (MOST_PLACEHOLDERS + 1))


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("order", "id"), 17),
        (("order", "items", 0, "name"), "Bell"),
        (("order", 7), "seven"),
        (("note",), None),
        (("order", "items", 1), MISSING),
        (("order", "items", "name"), MISSING),
        (("order", "id", "x"), MISSING),
        (("nobody",), MISSING),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(steps: tuple[str | int, ...], value: object) -> None:
    assert find(DATA, steps) == value


@given(st.text(alphabet="{}%#ab .0|(\n"))
def test_every_text_is_read_or_refused_by_its_place(text: str) -> None:
    told = "line "
    try:
        parse(text)
    except InvalidInput as refusal:
        told = refusal.message

    assert told.startswith("line ")


@given(st.lists(st.sampled_from(["a", " }} ", "{ ", "\n", "{{ a.b }}", "{{c}}"])))
def test_literals_and_placeholders_make_up_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    parsed = parse(text)

    rest = "".join(
        [f"{literal}{{{{{one.path}}}}}" for literal, one in zip(parsed.literals, parsed.placeholders, strict=False)]
    )
    assert rest + parsed.literals[-1] == text.replace("{{ a.b }}", "{{a.b}}")
