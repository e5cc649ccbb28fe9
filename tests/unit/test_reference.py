"""The reference of codes is whole, kept as it is printed, and every link into it arrives."""

import re
from pathlib import Path

from errors import ErrorCode
from gateway import reference_page
from models.states import ReasonCode
from schema.reference import errors_listed, markdown, reasons_listed

KEPT = Path(__file__).parents[2] / "docs" / "errors.md"


def test_each_code_has_a_meaning_and_says_what_to_do() -> None:
    listed = [*errors_listed(), *reasons_listed()]

    assert [entry.code for entry in listed] == [code.value for code in ErrorCode] + [code.name for code in ReasonCode]
    assert [entry.code for entry in listed if not entry.meaning.endswith(".") or not entry.cure.endswith(".")] == []


def test_the_kept_page_is_what_is_printed() -> None:
    assert KEPT.read_text(encoding="utf-8") == markdown(), "run `python -m schema.reference > docs/errors.md`"


def test_every_code_is_an_anchor_of_its_own() -> None:
    codes = [entry.code for entry in (*errors_listed(), *reasons_listed())]

    assert re.findall(r'<a id="(\w+)">', markdown()) == codes
    assert re.findall(r'<section id="(\w+)">', reference_page._page()) == codes
