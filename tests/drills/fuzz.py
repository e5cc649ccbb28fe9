"""The fuzz drill: Schemathesis asks REST and GraphQL whatever their own descriptions allow, and what they do not."""

import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec

from bench.children import ROOT
from tests.e2e.process import CarillonProcess

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
STREAM = "/api/v1/inbox/stream"
HOOKS = "tests.drills.graphql_answers"
NAME = "graphql_answers"
"""Its check. It is not imported here: it would enter Schemathesis' register in this process too."""
ROUNDS = 4
"""Runs over an API until enough cases were tried: some operations have few different ones."""
_GENERATED = re.compile(r"^\s+(\d+) generated", re.MULTILINE)
_OPERATIONS = re.compile(r"Selected: (\d+)/")


class Tried(msgspec.Struct, frozen=True):
    """One run of Schemathesis."""

    name: str
    cases: int
    operations: int
    said: str
    """Filled where something was found."""


def fuzz(process: CarillonProcess, cases: int, seed: int) -> list[Tried]:
    """At least `cases` requests to each of REST and GraphQL, as an admin and as somebody's browser."""
    browser: str = httpx.get(f"{process.url}/demo/session.json").json()["users"][0]["token"]
    callers = (("admin", process.admin_key, ()), ("browser", browser, ("--exclude-path", STREAM)))
    # to send what may be sent is a matter of the integration tests: nobody knows the users that are made up here
    rest = ("--phases", "examples,coverage,fuzzing", "--exclude-checks", "positive_data_acceptance")
    graphql = ("--phases", "fuzzing", "--checks", NAME)
    found: list[Tried] = []
    for name, token, odd in callers:
        found += _until(process, f"REST, {name}", "/openapi.json", token, (*rest, *odd), cases // 2, seed)
    for name, token, _ in callers:
        found += _until(process, f"GraphQL, {name}", "/graphql", token, graphql, cases // 2, seed)
    return found


def _until(
    process: CarillonProcess, name: str, path: str, token: str, words: Sequence[str], cases: int, seed: int
) -> list[Tried]:
    """As many runs as it takes; each knows from the last how many operations there are."""
    found = [_run(process, f"{name}, first", path, token, words, 5, seed)]
    for number in range(1, ROUNDS):
        left = cases - sum(one.cases for one in found)
        if left <= 0 or any(one.said for one in found):
            break
        each = math.ceil(1.1 * left / max(1, found[0].operations))
        found.append(_run(process, f"{name}, {number} more", path, token, words, each, seed + number))
    return found


def _run(
    process: CarillonProcess, name: str, path: str, token: str, words: Sequence[str], each: int, seed: int
) -> Tried:
    command = [
        str(SCHEMATHESIS), "run", process.url + path, "-H", f"Authorization: Bearer {token}", "--no-color",
        "-n", str(each), "--seed", str(seed), "--continue-on-failure", "--warnings", "off",
        "--suppress-health-check", "all", *words,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if NAME in words:
        environment["SCHEMATHESIS_HOOKS"] = HOOKS
    done = subprocess.run(command, cwd=process.folder, env=environment, capture_output=True, text=True, check=False)
    cases, operations = _GENERATED.search(done.stdout), _OPERATIONS.search(done.stdout)
    said = "" if done.returncode == 0 and cases else done.stdout[-20_000:] + done.stderr[-5_000:]
    return Tried(name, int(cases[1]) if cases else 0, int(operations[1]) if operations else 0, said)
