"""Who gets a page at /graphql and who gets the endpoint, under which policy; and whether the page's examples run."""

from pathlib import Path

import pytest
from graphql import parse, validate
from httpx import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.graphiql import GraphiQL
from gateway.graphql.documents import graphql_schema
from gateway.graphql.negotiation import prefers_html
from resolvers.root import build_schema

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "web/src/graphiql/examples").glob("*.graphql"))


async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands where the GraphQL endpoint stands."""
    await PlainTextResponse("endpoint", 405)(scope, receive, send)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "graphiql.html").write_text("<!doctype html><title>Carillon: the API</title>")
    return tmp_path


def browser(dist: Path) -> AsyncClient:
    transport = ASGITransport(app=GraphiQL(endpoint, dist))
    return AsyncClient(transport=transport, base_url="http://carillon.test", headers={"accept": BROWSER})


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("application/json, text/html;q=0.9", False),
        ("application/graphql-response+json, text/html;q=0.1", False),
        ("text/htmlx", False),
    ],
)
def test_only_who_asks_for_a_page_prefers_one(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


async def test_a_browser_that_opens_the_address_gets_graphiql(dist: Path) -> None:
    answer = await browser(dist).get("/graphql")

    assert answer.status_code == 200 and "Carillon" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["vary"] == "accept"


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("POST", "", {}),
        ("PUT", "", {}),
        ("OPTIONS", "", {}),
        ("GET", "?query={viewer{name}}", {}),
        ("GET", "?query=", {}),
        ("GET", "", {"accept": "*/*"}),
        ("GET", "", {"accept": "application/json"}),
    ],
)
async def test_everybody_else_gets_the_endpoint(dist: Path, method: str, query: str, headers: dict[str, str]) -> None:
    answer = await browser(dist).request(method, f"/graphql{query}", headers=headers)

    assert (answer.status_code, answer.text) == (405, "endpoint")


async def test_the_page_is_under_the_policy_of_all_pages_and_asked_for_every_time(dist: Path) -> None:
    client = browser(dist)
    first = await client.get("/graphql")
    again = await client.get("/graphql", headers={"if-none-match": first.headers["etag"]})

    policy = dict(rule.split(" ", 1) for rule in first.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in first.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert (again.status_code, again.content) == (304, b"")


async def test_without_a_build_the_page_says_what_to_run(tmp_path: Path) -> None:
    answer = await browser(tmp_path / "absent").get("/graphql")

    assert answer.status_code == 503 and "make setup" in answer.text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_fit_the_schema(example: Path) -> None:
    assert validate(graphql_schema(build_schema()), parse(example.read_text())) == []


def test_there_are_examples() -> None:
    assert [file.stem for file in EXAMPLES] == ["live", "look", "people", "send"]
