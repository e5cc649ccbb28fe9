"""Every case of decision 7: its table is read and compared with what the product answers, cell by cell."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from models.decisions import Rule
from models.preferences import EVERYTHING, Answer, Choice, choices_json, resolve
from models.rules import EVERY_CHANNEL, ITS_OWN, Category, Rules, TenantRules
from models.vocabulary import Channel

DECISION = Path(__file__).parents[2] / "docs" / "decisions" / "0007-preferences.md"
SAID = {True: "yes", False: "no", None: "–"}
Case = tuple[str, ...]
"""A word for each column of the table up to the default."""


def table() -> list[tuple[list[set[str]], Answer]]:
    """(the words that each column allows, the answer) of each row."""
    lines = [line for line in DECISION.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = []
    for line in lines[1:]:
        *conditions, send, rule = [cell.strip() for cell in line.strip("|").split("|")]
        allowed = [{word.strip() for word in cell.split(",")} for cell in conditions]
        rows.append((allowed, Answer(send == "yes", Rule[rule])))
    return rows


def matching(case: Case) -> list[Answer]:
    return [
        answer
        for allowed, answer in table()
        if all(words == {"any"} or word in words for word, words in zip(case, allowed, strict=True))
    ]


def cases() -> Iterator[tuple[bool, bool | None, bool, dict[Choice, bool], Case]]:
    """(mandatory, the category's own default, the tenant's default, choices, the case in words)."""
    said = (True, False, None)
    places: tuple[Choice, ...] = (EVERYTHING, ("news", Channel.EMAIL.value), ("news", 0), ("", Channel.EMAIL.value))
    for mandatory, own, tenant in product((True, False), said, (True, False)):
        for words in product(said, repeat=4):
            choices = {place: word for place, word in zip(places, words, strict=True) if word is not None}
            default = "on" if (tenant if own is None else own) else "off"
            yield mandatory, own, tenant, choices, (SAID[mandatory], *[SAID[word] for word in words], default)


def answer(mandatory: bool, own: bool | None, tenant: bool, choices: dict[Choice, bool]) -> Answer:
    bit = 1 << Channel.EMAIL
    others = EVERY_CHANNEL & ~bit
    channels = 0 if own is None else ITS_OWN | (bit if own else others)
    category = Category("news", "News", mandatory=mandatory, channels=channels)
    rules = Rules({"news": category}, TenantRules(bit if tenant else others))
    return resolve(category, Channel.EMAIL, rules.default_channels(category), choices)


def test_every_case_is_in_one_row_of_the_table_and_answered_by_it() -> None:
    seen = 0
    for mandatory, own, tenant, choices, case in cases():
        assert matching(case) == [answer(mandatory, own, tenant, choices)], case
        seen += 1
    assert seen == 972


def test_every_row_of_the_table_decides_something() -> None:
    told = [answer for *_, case in cases() for answer in matching(case)]

    assert len(table()) == 11 and {answer.rule for answer in told} == {answer.rule for _, answer in table()}


@pytest.mark.parametrize(
    "elsewhere", [("orders", Channel.EMAIL), ("orders", 0), ("news", Channel.IN_APP), ("", Channel.IN_APP)]
)
@pytest.mark.parametrize("said", [True, False])
def test_what_was_said_about_something_else_changes_nothing(elsewhere: Choice, said: bool) -> None:
    for mandatory, own, tenant, choices, case in cases():
        assert answer(mandatory, own, tenant, {**choices, elsewhere: said}) == answer(
            mandatory, own, tenant, choices
        ), case


def test_the_audit_log_names_what_was_said() -> None:
    told = choices_json([(("news", Channel.EMAIL.value), False), (EVERYTHING, None)])

    assert told == (
        b'[{"category":null,"channel":null,"enabled":null},{"category":"news","channel":"EMAIL","enabled":false}]'
    )
