"""The printed OpenAPI document is the one that is served; two validators that know nothing of each other take it."""

import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from schema.access import ROUTES
from schema.rest.openapi import PRINTED, document, encoded
from schema.rest.operations import HEADERS, OPERATIONS, Signed
from tests.e2e.demo_page import find_node

CHECK = Path(__file__).with_name("openapi_check.mjs")
Json = dict[str, Any]


def printed() -> Json:
    """The document as it is kept in git."""
    found: Json = json.loads(PRINTED.read_text(encoding="utf-8"))
    return found


def broken() -> Json:
    """A document with a planted fault."""
    found = copy.deepcopy(printed())
    del found["info"]["title"]
    found["paths"]["/api/v1/inbox"]["get"]["responses"]["200"]["description"] = 17
    return found


def second_opinion(path: Path) -> Json:
    """What the validator that runs on Node says."""
    said = subprocess.run([find_node(), CHECK, path], capture_output=True, text=True, check=True)
    found: Json = json.loads(said.stdout)
    return found


def test_the_printed_document_is_the_one_that_is_served() -> None:
    assert PRINTED.read_bytes() == encoded(), "run: python -m schema.rest.openapi > schema/openapi.json"


def test_two_validators_take_it_and_find_a_planted_fault(tmp_path: Path) -> None:
    planted = tmp_path / "broken.json"
    planted.write_text(json.dumps(broken()))
    good, bad = second_opinion(PRINTED), second_opinion(planted)

    assert list(OpenAPIV31SpecValidator(printed()).iter_errors()) == []
    assert list(OpenAPIV31SpecValidator(broken()).iter_errors()) != []
    assert (good["valid"], good["version"], good["errors"]) == (True, "3.1", []) and not bad["valid"]


def test_each_example_is_what_its_model_takes() -> None:
    checked = 0
    for operation in OPERATIONS:
        if operation.body is not None:
            assert operation.body_examples
            for example in operation.body_examples.values():
                assert isinstance(example, dict)
                msgspec.convert(example["value"], type=operation.body)
                checked += 1
        for answer in operation.answers:
            if answer.body not in {None, dict}:
                assert answer.body is not None
                msgspec.convert(answer.example, type=answer.body)
                checked += 1
    assert checked >= len(OPERATIONS)


def test_everything_in_the_document_is_explained() -> None:
    planted: Json = {"paths": {"/": {"get": {"responses": {}}}}, "components": {"schemas": {"A": {}}}}

    assert list(unexplained(printed())) == []
    assert len(list(unexplained(planted))) == 4


def unexplained(found: Json) -> Iterator[str]:
    """Operations, parameters and schemas without a description."""
    for path, methods in found["paths"].items():
        for method, one in methods.items():
            yield from (name for name in ("summary", "description", "operationId") if not one.get(name))
            for parameter in one.get("parameters", ()):
                if not parameter["description"]:
                    yield f"{method} {path} {parameter['name']}"
    for name, schema in found["components"]["schemas"].items():
        if not schema.get("description"):
            yield name


def test_every_route_that_needs_a_caller_is_in_the_table_of_permissions() -> None:
    signed = {one.key for one in OPERATIONS if one.signed is not Signed.NOTHING}

    assert signed == set(ROUTES)


def test_every_header_that_an_answer_names_is_described() -> None:
    named = {name for one in OPERATIONS for answer in one.answers for name in answer.headers}

    assert named <= set(HEADERS)


@pytest.mark.parametrize("status", ["401", "403", "429", "503"])
def test_a_caller_is_told_of_every_way_to_be_refused(status: str) -> None:
    paths = document()["paths"]
    assert isinstance(paths, dict)
    missing = [
        one.key
        for one in OPERATIONS
        if one.signed is not Signed.NOTHING and status not in paths[one.path][one.method.lower()]["responses"]
    ]

    assert missing == []
