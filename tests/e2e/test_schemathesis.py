"""Schemathesis against a started product in its short form; `python -m tests.drills.run fuzz` is the long one."""

from pathlib import Path

from tests.drills.fuzz import fuzz
from tests.e2e.process import running

CASES = 200


def test_nothing_that_can_be_asked_meets_a_fault_of_ours(tmp_path: Path) -> None:
    with running(tmp_path, {}) as process:
        found = fuzz(process, CASES, seed=17)

    assert [one.said for one in found if one.said] == []
    for door in ("REST", "GraphQL"):
        assert sum(one.cases for one in found if one.name.startswith(door)) >= CASES
