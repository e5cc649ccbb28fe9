"""GraphQL over HTTP as a caller meets it: real server, real sockets, a schema of the test's own."""

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
import strawberry
from graphql import get_introspection_query
from strawberry.extensions import SchemaExtension

from errors import ConfigurationError, QueryTooCostly
from gateway.graphql.documents import Document, Documents, Rejected
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.graphql.limits import Limits
from gateway.graphql.negotiation import answer_type
from gateway.graphql.problems import LONGEST_MESSAGE
from gateway.graphql.roster import Standing
from gateway.trace import Traces
from tests.integration.graphql_door import (
    SECRET,
    Counts,
    Door,
    HandClock,
    Mutation,
    Query,
    Subscription,
    eventually,
    open_door,
)

RESPONSE = "application/graphql-response+json"


class Caller:
    """An HTTP client of one door."""

    def __init__(self, door: Door, client: httpx.AsyncClient) -> None:
        self.door = door
        self.client = client
        self.url = f"http://{door.url}"

    async def post(self, body: object, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(self.url, content=content, headers={"content-type": "application/json"} | named)

    async def ask(self, query: str, **variables: object) -> httpx.Response:
        return await self.post({"query": query, "variables": variables})

    async def code_of(self, query: str, **variables: object) -> str:
        answer = await self.ask(query, **variables)
        assert answer.status_code == 400, answer.text
        return str(first(answer)["extensions"]["code"])


def first(answer: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


in_one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Caller]:
    """One door for all tests that leave nothing behind."""
    async with open_door() as door, httpx.AsyncClient(headers={"authorization": "Bearer ada"}, timeout=10) as client:
        yield Caller(door, client)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A door of the test's own."""
    async with open_door() as door, httpx.AsyncClient(headers={"authorization": "Bearer ada"}, timeout=10) as client:
        yield Caller(door, client)


# ------------------------------------------------------------------------------------------------------------ answers


@in_one_loop
async def test_a_query_is_answered_with_the_callers_context(shared: Caller) -> None:
    answer = await shared.ask("query Q($n: String!) { hello(name: $n) caller }", n="Grüße")

    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "hello Grüße", "caller": "ada"}}
    assert answer.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_mutation_takes_input_objects_and_answers_a_union(caller: Caller) -> None:
    query = "mutation S($i: Item!) { send(input: $i) { __typename ... on Sent { id count } } }"

    answer = await caller.ask(query, i={"to": {"email": "a@b.example"}, "count": 3, "size": "SMALL"})

    assert answer.json()["data"]["send"] == {"__typename": "Sent", "id": "ntf_1", "count": 3}
    assert caller.door.journal == ["send 3"]


@in_one_loop
async def test_the_named_one_of_several_operations_runs(shared: Caller) -> None:
    query = "query A { hello } query B { caller }"

    named = await shared.post({"query": query, "operationName": "B"})
    unnamed = await shared.post({"query": query})
    unknown = await shared.post({"query": query, "operationName": "C"})

    assert named.json() == {"data": {"caller": "ada"}}
    for answer, got in ((unnamed, "nothing"), (unknown, "C")):
        assert answer.status_code == 400
        assert first(answer)["message"] == f"operationName: expected one of A, B, got {got}"
        assert first(answer)["extensions"]["path"] == ["operationName"]


async def test_every_operation_has_a_context_of_its_own(caller: Caller) -> None:
    answers = await asyncio.gather(*[caller.ask("{ waits contextNumber }") for _ in range(3)], release(caller.door))

    assert len({answer.json()["data"]["contextNumber"] for answer in answers if answer}) == 3


async def release(door: Door) -> None:
    await asyncio.sleep(0.2)
    door.gate.set()


async def test_introspection_can_be_allowed_or_not(caller: Caller) -> None:
    assert "__schema" in (await caller.ask(get_introspection_query())).json()["data"]

    async with open_door(Limits(introspection=False)) as door:
        closed = await Caller(door, caller.client).ask("{ __schema { types { name } } }")
    assert first(closed)["extensions"]["code"] == "QUERY_INVALID"


@in_one_loop
async def test_a_subscription_is_sent_to_the_websocket(shared: Caller) -> None:
    answer = await shared.ask("subscription { count(to: 3) }")

    assert answer.status_code == 400
    assert "graphql-transport-ws" in first(answer)["message"]


@in_one_loop
@pytest.mark.parametrize(
    ("accept", "type_", "status_of_a_bad_document"),
    [
        ("", RESPONSE, 400),
        ("*/*", RESPONSE, 400),
        (RESPONSE, RESPONSE, 400),
        ("application/json", "application/json", 200),
        (f"application/json, {RESPONSE};q=0.9", "application/json", 200),
        (f"application/json;q=0.5, {RESPONSE}", RESPONSE, 400),
        ("text/html, application/*;q=0.1", RESPONSE, 400),
        (f"application/json;q=zero, {RESPONSE};q=0.1", RESPONSE, 400),
    ],
)
async def test_the_answers_type_and_status_follow_the_accept_header(
    shared: Caller, accept: str, type_: str, status_of_a_bad_document: int
) -> None:
    good = await shared.post({"query": "{ hello }"}, accept=accept)
    bad = await shared.post({"query": "{ nothing }"}, accept=accept)

    assert good.status_code == 200
    assert bad.status_code == status_of_a_bad_document
    assert good.headers["content-type"] == bad.headers["content-type"] == f"{type_}; charset=utf-8"


def test_a_type_that_is_refused_by_quality_is_not_chosen() -> None:
    assert answer_type("application/json;q=0") is None
    assert answer_type("text/event-stream") is None


@in_one_loop
async def test_only_json_in_utf8_is_taken_and_only_by_post(shared: Caller) -> None:
    body = b'{"query":"{ hello }"}'
    for taken in ("application/json", "application/json; charset=UTF-8", "application/graphql+json"):
        assert (await shared.post(body, content_type=taken)).status_code == 200, taken
    for refused in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", ""):
        assert (await shared.post(body, content_type=refused)).status_code == 415, refused
    assert (await shared.post(body, accept="text/event-stream")).status_code == 406
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = await shared.client.request(method, shared.url)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST"), method


# ------------------------------------------------------------------------------------------------- who calls, and trace


@in_one_loop
async def test_without_an_accepted_token_the_answer_is_401(shared: Caller) -> None:
    tokens = {"Bearer forged": "this token is not accepted", "": "a token is needed", "Basic YTpi": "expected Bearer"}
    for authorization, message in tokens.items():
        answer = await shared.post({"query": "{ hello }"}, authorization=authorization)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert message in first(answer)["message"]
        assert first(answer)["extensions"]["code"] == "UNAUTHENTICATED"


@in_one_loop
async def test_a_door_that_cannot_admit_now_says_when_to_come_back(shared: Caller) -> None:
    for token, status, after in (("busy", 429, "8"), ("down", 503, "2")):
        answer = await shared.post({"query": "{ hello }"}, authorization=f"Bearer {token}")
        assert (answer.status_code, answer.headers["retry-after"]) == (status, after)
        assert first(answer)["extensions"]["retryable"] is True


async def test_an_error_while_admitting_is_masked(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    answer = await caller.post({"query": "{ hello }"}, authorization="Bearer bug")

    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert SECRET in caplog.text


@in_one_loop
async def test_a_valid_traceparent_is_continued_and_any_other_replaced(shared: Caller) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    continued = await shared.post({"query": "{ trace }"}, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")
    replaced = await shared.post({"query": "{ trace }"}, traceparent="00-not-a-trace")

    assert continued.json()["data"]["trace"] == continued.headers["x-trace-id"] == trace_id
    assert re.fullmatch(f"00-{trace_id}-[0-9a-f]{{16}}-01", continued.headers["traceparent"])
    assert "00f067aa0ba902b7" not in continued.headers["traceparent"]
    assert replaced.headers["x-trace-id"] == replaced.json()["data"]["trace"]
    assert re.fullmatch("[0-9a-f]{32}", replaced.headers["x-trace-id"])


@pytest.mark.parametrize(
    "text",
    [
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
    ],
)
def test_what_the_trace_standard_forbids_is_not_continued(text: str) -> None:
    traces = Traces(os.urandom)

    assert traces.begin(text).trace_id.lower() not in text.lower()
    assert traces.begin("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").trace_id.startswith("4bf9")


# ---------------------------------------------------------------------------------------------------------- what fails


async def test_an_unexpected_error_is_masked_and_logged_once_with_the_callers_trace(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await caller.ask("{ hello broken }")

    assert answer.status_code == 200
    assert answer.json()["data"] == {"hello": "hello world", "broken": None}
    error = first(answer)
    assert (error["message"], error["path"], error["locations"]) == (
        "internal error",
        ["broken"],
        [{"line": 1, "column": 9}],
    )
    assert error["extensions"] | {"path": []} == {
        "code": "INTERNAL",
        "retryable": False,
        "path": [],
        "traceId": answer.headers["x-trace-id"],
    }
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.__dict__["trace_id"] == answer.headers["x-trace-id"]
    assert record.exc_info
    assert record.exc_info[1]
    assert str(record.exc_info[1]) == SECRET


@in_one_loop
@pytest.mark.parametrize("query", ["{ lies }", "{ surrogate }", "{ tree { left { leaf } } }"])
async def test_no_value_and_no_exception_text_leaks(shared: Caller, query: str) -> None:
    answer = await shared.ask(query)

    assert SECRET not in answer.text
    assert first(answer)["message"] == "internal error"


@in_one_loop
async def test_errors_made_for_the_caller_are_shown_with_code_path_and_when_to_retry(shared: Caller) -> None:
    refused = first(await shared.ask("{ refuses }"))
    picky = first(await shared.ask("{ picky(words: []) }"))
    down = first(await shared.ask("{ down }"))

    assert (refused["message"], refused["extensions"]["code"]) == ("viewers may not look at this", "FORBIDDEN")
    assert picky["extensions"]["path"] == ["words", "2"]
    assert (picky["extensions"]["argument"], picky["extensions"]["position"]) == ("words", 2)
    assert (down["extensions"]["code"], down["extensions"]["retryable"]) == ("UNAVAILABLE", True)
    assert down["extensions"]["retryAfterSeconds"] == 2.5


@in_one_loop
async def test_every_wrong_variable_field_is_named_with_its_path_and_what_was_expected(shared: Caller) -> None:
    answer = await shared.ask(
        "mutation M($inputs: [Item!]!) { sendMany(inputs: $inputs) }",
        inputs=[
            {"to": {"email": "ok"}},
            {"to": {"email": 5}, "count": "many", "size": "HUGE", "at": "soon", "tags": ["a", 7], "colour": "red"},
            {"count": None, "to": {"email": "a", "user": "b"}},
            {"to": []},
            3,
            None,
        ],
    )

    assert answer.status_code == 400
    told = {tuple(error["extensions"]["path"]): error["message"] for error in answer.json()["errors"]}
    assert told == {
        ("inputs", "1", "to", "email"): "inputs.1.to.email: expected String, got 5",
        ("inputs", "1", "count"): 'inputs.1.count: expected Int, got "many"',
        ("inputs", "1", "size"): 'inputs.1.size: expected one of SMALL, LARGE, got "HUGE"',
        ("inputs", "1", "at"): 'inputs.1.at: expected DateTime, got "soon"',
        ("inputs", "1", "tags", "1"): "inputs.1.tags.1: expected String, got 7",
        ("inputs", "1", "colour"): "inputs.1.colour: unknown field; Item has to, count, size, at, tags",
        ("inputs", "2", "to"): "inputs.2.to: expected exactly one of user, email, got email, user",
        ("inputs", "2", "count"): "inputs.2.count: expected Int, got null",
        ("inputs", "3", "to"): "inputs.3.to: expected an object of type To, got a list",
        ("inputs", "4"): "inputs.4: expected an object of type Item, got 3",
    }
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INVALID_INPUT"}
    assert answer.json()["errors"][0]["extensions"]["argument"] == "inputs"
    assert answer.json()["errors"][0]["extensions"]["position"] == 1


@in_one_loop
async def test_a_missing_variable_and_a_missing_field_are_named(shared: Caller) -> None:
    query = "mutation M($i: Item!) { send(input: $i) { __typename } }"

    assert first(await shared.ask(query))["message"] == "i: expected Item, got nothing"
    assert first(await shared.ask(query, i={}))["message"] == "i.to: expected To, got nothing"


@in_one_loop
async def test_a_null_variable_where_a_default_allowed_one_is_the_callers_mistake(shared: Caller) -> None:
    answer = await shared.ask('query Q($w: String = "x") { needs(word: $w) }', w=None)

    assert first(answer)["extensions"] | {"traceId": ""} == {
        "code": "INVALID_INPUT",
        "retryable": False,
        "path": ["word"],
        "argument": "word",
        "traceId": "",
    }


@in_one_loop
@pytest.mark.parametrize(
    "query",
    [
        "",
        "{",
        "{ nothing }",
        "{ hello(nam: 1) }",
        "{ hello ",
        "query ($x: Nope) { hello }",
        "{ tree }",
        "{ hello { x } }",
        "fragment F on Query { hello }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "type T { a: Int }",
        "mutation { send(input: {to: {email: $undefined}}) { __typename } }",
        "fragment F on Mutation { send(input: {to: {email: $z}}) { __typename } } mutation { ...F }",
        'mutation { send(input: {to: {email: "a", user: "b"}}) { __typename } }',
        "{ hello @nope }",
        '{ hello(name: "open }',
        '{ hello(name: """open }',
        "{ \\ud800 }",
        "\x00",
        "subscription { count(to: 1) caller: count(to: 2) }",
    ],
)
async def test_a_wrong_document_is_refused_with_its_place(shared: Caller, query: str) -> None:
    answer = await shared.ask(query)

    assert answer.status_code == 400
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"QUERY_INVALID"}
    assert "data" not in answer.json()


# ---------------------------------------------------------------------------------------------------------- odd bodies

GOOD = b'{"query":"{ hello }"}'
ODD_BODIES: list[tuple[bytes, str]] = [
    (b"", "expected JSON"),
    (b" ", "expected JSON"),
    (b"null", "the body: expected an object"),
    (b"1", "the body: expected an object"),
    (b"-0.5e3", "the body: expected an object"),
    (b"true", "the body: expected an object"),
    (b'"x"', "the body: expected an object"),
    (b"[]", "lists of requests are not taken"),
    (b"[" + GOOD + b"]", "lists of requests are not taken"),
    (b"{}", "query: expected the text of a GraphQL document"),
    (b'{"query":null}', "query: expected"),
    (b'{"query":1}', "query: expected a string, got a number"),
    (b'{"query":["{ hello }"]}', "query: expected a string, got a list"),
    (b'{"query":{"a":1}}', "query: expected a string, got an object"),
    (b'{"query":true}', "query: expected a string, got a boolean"),
    (b'{"Query":"{ hello }"}', "query: expected"),
    (b'{"query":"{ hello }","variables":[]}', "variables: expected an object, got a list"),
    (b'{"query":"{ hello }","variables":"{}"}', "variables: expected an object, got a string"),
    (b'{"query":"{ hello }","variables":1.5}', "variables: expected an object, got a number"),
    (b'{"query":"{ hello }","operationName":1}', "operationName: expected a string, got a number"),
    (b'{"query":"{ hello }","operationName":{}}', "operationName: expected a string, got an object"),
    (b'{"query":"{ hello }","extensions":[]}', "extensions: expected an object, got a list"),
    (b'{"query":"{ hello }","extensions":"x"}', "extensions: expected an object, got a string"),
    (b'{"query":"{ hello }","query":"{ caller }"}', "has the key 'query' twice"),
    (b'{"query":"{ hello }","variables":{"a":{"b":1,"b":2}}}', "has the key 'b' twice"),
    (b'{"query":"{ hello }","variables":{"\\u0061":1,"a":":"}}', "has the key 'a' twice"),
    (b'{"query":"{ hello }","variables":{"a":NaN}}', "expected JSON"),
    (b'{"query":"{ hello }","variables":{"a":Infinity}}', "expected JSON"),
    (b'{"query":"{ hello }","variables":{"a":1e400}}', "expected JSON"),
    (b'{"query":"{ hello }","variables":{"a":' + b"1" * 5_000 + b"}}", "expected JSON"),
    (b'{"query":"{ hello }","variables":{"a":01}}', "expected JSON"),
    (b"{'query':'{ hello }'}", "expected JSON"),
    (b'{"query":"{ hello }",}', "expected JSON"),
    (b'{"query":"{ hello }"', "expected JSON"),
    (b'{"query":"{ hello }"}{}', "expected JSON"),
    (b'{"query":"{ hello }"} x', "expected JSON"),
    (b'{"query":"{ hello', "expected JSON"),
    (b'{"query":"\xff\xfe"}', "not UTF-8"),
    (b'{"query":"{ hello }","variables":{"\xc3\x28":1}}', "not UTF-8"),
    (b"\xff\xfe{\x00}\x00", "expected JSON"),
    (b"\xef\xbb\xbf" + GOOD, "expected JSON"),
    (b'{"query":"\\ud800"}', "expected JSON"),
    (b'{"query":"\n"}', "expected JSON"),
    (b'{"query":"\\x"}', "expected JSON"),
    (b"[" * 100_000, "nested deeper than 64 levels"),
    (b"[" * 500_000 + b"]" * 500_000, "nested deeper than 64 levels"),
    (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested deeper than 64 levels"),
    (b'{"query":"{ hello }","variables":{"a":' + b"[" * 70 + b"]" * 70 + b"}}", "nested deeper than 64 levels"),
    (b'{"query":"{ hello }","variables":{"a":[' + b"1," * 60_000 + b"1]}}", "more than 50000 values"),
    (b'{"query":"{ hello }","variables":{"a":[' + b"{}," * 40_000 + b"1]}}", "more than 50000 values"),
    (b"<query>{ hello }</query>", "expected JSON"),
    (b"query=%7B+hello+%7D", "expected JSON"),
    (b'{"query":"{ hello }"}'.decode().encode("utf-16"), "expected JSON"),
    (b"\x1f\x8b\x08\x00", "expected JSON"),
    (b"\x00" * 1_000, "expected JSON"),
]


@in_one_loop
@pytest.mark.parametrize(("body", "told"), ODD_BODIES, ids=[body[:40].hex() for body, _ in ODD_BODIES])
async def test_an_odd_body_gets_one_clear_error(shared: Caller, body: bytes, told: str) -> None:
    for accept in (RESPONSE, "application/json"):
        answer = await shared.post(body, accept=accept)

        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "MALFORMED_REQUEST"
        assert told in error["message"]
        assert "data" not in answer.json()
    assert (await shared.post(GOOD)).status_code == 200


@in_one_loop
@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"{ hello }","variables":null,"operationName":null,"extensions":null}',
        b'{"query":"{ hello }","unknown":[1,{"a":2}]}',
        b' {"query" : "{ hello }"} ',
        rb'{"query":"{ hello(name: \"a\\\\b\\\"[{:\") }"}',
        b'{"query":"{ hello }","variables":{"a":"{[:","b":"\\\\","c":"\\"","d":":"}}',
        b'{"query":"{ hello }","variables":{"a":[' + b",".join([b'{"b":[]}'] * 1_000) + b"]}}",
        b'{"query":"{ hello }","variables":{"a":' + b"[" * 60 + b"]" * 60 + b"}}",
    ],
)
async def test_an_unusual_but_right_body_is_taken(shared: Caller, body: bytes) -> None:
    answer = await shared.post(body)

    assert answer.status_code == 200, answer.text


@in_one_loop
async def test_a_body_over_the_limit_is_413_whether_or_not_its_length_is_told(shared: Caller) -> None:
    large = b'{"query":"{ hello }","variables":{"a":"' + b"x" * 1_100_000 + b'"}}'

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    told = await shared.post(large)
    headers = {"content-type": "application/json"}
    untold = await shared.client.post(shared.url, content=chunks(), headers=headers)

    assert told.status_code == untold.status_code == 413
    assert first(told)["message"] == first(untold)["message"] == "the body has more than 1048576 bytes"


async def test_a_body_that_does_not_come_is_408_and_a_caller_that_goes_leaves_no_trace() -> None:
    async with open_door(Limits(body_within_s=0.2)) as door:
        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\ncontent-type: application/json\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head + b'content-length: 40\r\n\r\n{"query":')
        assert b"408" in await asyncio.wait_for(reader.readline(), 5)
        writer.close()

        _, gone = await asyncio.open_connection("127.0.0.1", door.port)
        gone.write(head + b'content-length: 40\r\n\r\n{"query":')
        await gone.drain()
        gone.close()
        async with httpx.AsyncClient(headers={"authorization": "Bearer ada"}) as client:
            assert (await Caller(door, client).ask("{ hello }")).status_code == 200


# ------------------------------------------------------------------------------------------------------------- attacks


def doubling_fragments(levels: int) -> str:
    spread = "".join(
        f"fragment F{n} on Tree {{ left {{ ...F{n + 1} }} right {{ ...F{n + 1} }} }} " for n in range(levels)
    )
    return f"{{ tree {{ ...F0 }} }} {spread} fragment F{levels} on Tree {{ depth }}"


def nested(levels: int) -> str:
    return "{ tree " + "{ left " * levels + "{ depth }" + "}" * levels + "}"


ATTACKS: dict[str, tuple[str, str]] = {
    "exponential fragments": (doubling_fragments(22), "fragments expand to more than 2000 fields"),
    "exponential fragments, short": (doubling_fragments(11), "fragments expand to more than 2000 fields"),
    "10,000 aliases": ("{" + " ".join(f"a{n}: hello" for n in range(10_000)) + "}", "more than 65536 bytes"),
    "1,000 aliases": ("{" + " ".join(f"a{n}:hello" for n in range(1_000)) + "}", "more than 500 fields"),
    "repeated field": ("{" + "hello " * 2_000 + "}", "more than 500 fields"),
    "repeated field with arguments": (
        "{ tree {" + "left(skip:1){depth} " * 200 + "} }",
        "too many fields of one response name",
    ),
    "repeated field over many fragments": (
        "{ tree {" + " ".join(f"...F{n}" for n in range(90)) + "} }"
        + "".join(f"fragment F{n} on Tree {{ left(skip:1){{depth}} right{{depth}} }}" for n in range(90)),
        "too many fields of one response name",
    ),
    "deep selections": (nested(30), "nested deeper than 24 levels"),
    "deep brackets": ("{ hello(name: " + "[" * 30_000 + "]" * 30_000 + ") }", "more than 48 levels of nesting"),
    "deep braces": ("{" * 60_000, "more than 48 levels of nesting"),
    "deep fragments": (
        "{ tree { ...F0 } }"
        + "".join(f"fragment F{n} on Tree {{ left {{ ...F{n + 1} }} }}" for n in range(40))
        + "fragment F40 on Tree { depth }",
        "nested deeper than 24 levels",
    ),
    "many tokens": ("{ picky(words: [" + '"a" ' * 3_000 + "]) }", "more than 2000 tokens"),
    "many comments": ("#\n" * 1_900 + "# \r" * 300 + "{ hello }", "more than 2000 lines"),
    "many newlines": ("{" + "\n" * 60_000 + "hello }", "more than 2000 lines"),
    "many directives": ("{ hello " + "@include(if: true) " * 60 + "}", "more than 50 directives"),
    "many operations": (" ".join(f"query Q{n} {{ hello }}" for n in range(300)), "more than 100 definitions"),
    "large document": ("{ hello } #" + "x" * 70_000, "more than 65536 bytes"),
    "large document, few characters": ("{ hello } #" + "é" * 40_000, "more than 65536 bytes"),
}  # fmt: skip


@in_one_loop
@pytest.mark.parametrize("name", ATTACKS)
async def test_a_costly_document_is_refused_by_its_measure(shared: Caller, name: str) -> None:
    query, told = ATTACKS[name]

    answer = await shared.ask(query)

    assert answer.status_code == 400
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"QUERY_TOO_COSTLY"}
    assert told in first(answer)["message"]


@in_one_loop
@pytest.mark.parametrize(
    "query",
    [
        '{ hello(name: "' + "x" * 60_000 + '") }',
        '{ hello(name: """' + '\\""" { ( [ ' * 5_000 + '""") }',
        nested(20),
        "{" + " ".join(f"a{n}: hello" for n in range(499)) + "}",
        "{ tree { ... on Tree { on: depth ...on Tree { depth } } } }",
        "{ # { { { { \n hello }",
        "{" + "hello " * 100 + "}",
        get_introspection_query(descriptions=True, input_value_deprecation=True),
    ],
)
async def test_a_large_but_plain_document_is_taken(shared: Caller, query: str) -> None:
    answer = await shared.ask(query)

    assert answer.status_code == 200, answer.text[:500]
    assert "errors" not in answer.json()


@in_one_loop
@pytest.mark.parametrize(
    "query",
    ['{ hello(name: "' + '\\"' * 30_000, "{ " + '"' * 60_000, "a" * 65_000, "{" + "a" * 60_000 + "}", "&" * 1_500],
)
async def test_a_long_wrong_document_is_refused_with_a_short_message(shared: Caller, query: str) -> None:
    answer = await shared.ask(query)

    assert answer.status_code == 400
    assert len(first(answer)["message"]) <= LONGEST_MESSAGE


# --------------------------------------------------------------------------------------------------------------- cache


def documents(limits: Limits) -> Documents:
    return Documents(strawberry.Schema(Query, Mutation, Subscription), limits)


def test_a_document_is_parsed_once_and_a_refusal_is_kept_too() -> None:
    cache = documents(Limits())

    good, bad = cache.get("{ hello }"), cache.get("{ nothing }")

    assert isinstance(good, Document)
    assert isinstance(bad, Rejected)
    assert cache.get("{ hello }") is good
    assert cache.get("{ nothing }") is bad


def test_the_least_recently_used_document_leaves_first() -> None:
    cache = documents(Limits(cached_documents=2))
    first_, second = cache.get("{ a: hello }"), cache.get("{ b: hello }")
    cache.get("{ a: hello }")
    cache.get("{ c: hello }")

    assert len(cache) == 2
    assert cache.get("{ a: hello }") is first_
    assert cache.get("{ b: hello }") is not second


def test_the_cache_is_bounded_by_memory() -> None:
    cache = documents(Limits(cached_bytes=200_000))
    for number in range(100):
        cache.get("{" + " ".join(f"a{number}x{n}: hello" for n in range(30)) + "}")

    assert 1 <= len(cache) <= 6


def test_what_is_refused_before_parsing_is_not_kept() -> None:
    cache = documents(Limits())
    with pytest.raises(QueryTooCostly):
        cache.get("{" * 100)

    assert len(cache) == 0


# ----------------------------------------------------------------------------------------------------- life and counts


async def test_a_caller_that_leaves_does_not_stop_its_mutation(caller: Caller) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await caller.client.post(caller.url, json={"query": "mutation { slow }"}, timeout=0.3)
    assert caller.door.journal == ["slow begins"]

    stopping = asyncio.create_task(caller.door.endpoint.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    caller.door.gate.set()

    assert await stopping == 0
    assert caller.door.journal == ["slow begins", "slow ends"]


async def test_a_stop_tells_how_many_mutations_it_did_not_wait_for(caller: Caller) -> None:
    asking = asyncio.create_task(caller.ask("mutation { slow }"))
    await eventually(lambda: caller.door.journal)

    assert await caller.door.endpoint.stop(drain_s=0.05) == 1
    caller.door.gate.set()
    assert (await asking).json() == {"data": {"slow": "done"}}


async def test_operations_are_counted_by_kind_and_outcome(caller: Caller) -> None:
    for query in (
        "{ hello }",
        "{ caller }",
        "{ broken }",
        "{ nothing }",
        "{" * 60,
        "mutation { sendMany(inputs: []) }",
    ):
        await caller.ask(query)
    await caller.post(b"null")
    await caller.ask("query Q($n: Int!) { forest(size: $n) { depth } }", n="x")
    expected = {
        ("query", "OK"): 2,
        ("query", "INTERNAL"): 1,
        ("unknown", "QUERY_INVALID"): 1,
        ("unknown", "QUERY_TOO_COSTLY"): 1,
        ("mutation", "OK"): 1,
        ("unknown", "MALFORMED_REQUEST"): 1,
        ("query", "INVALID_INPUT"): 1,
    }

    await eventually(lambda: caller.door.counts.operations.total() == sum(expected.values()))
    assert caller.door.counts.operations == expected


async def test_a_schema_with_extensions_is_not_taken() -> None:
    with pytest.raises(ConfigurationError, match="extensions"):
        endpoint_of(strawberry.Schema(Query, extensions=[SchemaExtension]))


async def test_another_kind_of_scope_is_a_mistake_of_the_composition() -> None:
    async def never() -> dict[str, Any]:
        raise AssertionError

    async def nothing(_: object) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="lifespan"):
        await endpoint_of(strawberry.Schema(Query))({"type": "lifespan"}, never, nothing)


def endpoint_of(schema: strawberry.Schema) -> GraphQLEndpoint[str, None]:
    async def authenticate(token: str | None) -> str:
        return token or ""

    async def standings(principals: Sequence[str]) -> list[Standing]:
        return [Standing.VALID for _ in principals]

    return GraphQLEndpoint(
        schema=schema,
        authenticate=authenticate,
        make_context=lambda _principal, _trace: None,
        standings=standings,
        metrics=Counts(),
        clock=HandClock(),
    )
