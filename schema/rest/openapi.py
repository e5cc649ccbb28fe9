"""The OpenAPI 3.1 document, made from the models and the table of operations. Served at /openapi.json.

`python -m schema.rest.openapi` prints it; the printed one is kept in git as schema/openapi.json.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from errors import ErrorCode
from schema.rest import inbox
from schema.rest.operations import COOKIE, HEADERS, OPERATIONS, QUOTA, Answer, RestCall, Signed
from schema.rest.parameters import Parameter, Schema
from schema.rest.problems import MEDIA_TYPE, TITLES, Problem
from schema.rest.words import OneOf

PRINTED = Path(__file__).resolve().parent.parent / "openapi.json"
VERSION = "1"
_REF = "#/components/schemas/{name}"
_TOLD = (inbox.StreamReady, inbox.InboxItemTold, inbox.InboxItemRemoved, inbox.InboxReset, inbox.StreamEnd)
"""Data of events: no JSON answer has them, but a reader looks for them."""

_CODES = {
    400: ErrorCode.INVALID_INPUT,
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    406: ErrorCode.MALFORMED_REQUEST,
    408: ErrorCode.MALFORMED_REQUEST,
    409: ErrorCode.IDEMPOTENCY_CONFLICT,
    413: ErrorCode.MALFORMED_REQUEST,
    415: ErrorCode.MALFORMED_REQUEST,
    429: ErrorCode.RATE_LIMITED,
    500: ErrorCode.INTERNAL,
    503: ErrorCode.UNAVAILABLE,
}
"""The code of each status's example."""
_MEANINGS = {
    400: "Something in the request is wrong; errors names it.",
    401: "No token, or one that is not accepted.",
    403: "The caller's role does not allow it.",
    404: "It does not exist, or belongs to someone else: nobody learns which.",
    406: "The Accept header takes nothing that this route gives.",
    408: "The body did not arrive in time.",
    409: "The key was used for another input, or what is there does not allow it.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    429: "The caller spent its allowance; come back after Retry-After.",
    500: "An error of ours; it is logged under traceId.",
    503: "An engine does not answer; nothing was taken. Come back after Retry-After.",
}
_WITH_BODY = (408, 413, 415)
_WITH_CALLER = (401, 403, 429)
_PROBLEM_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After", *QUOTA), 503: ("Retry-After",)}


def document() -> dict[str, object]:
    """The whole document, as plain JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carillon",
            "version": VERSION,
            "summary": "One call rings every bell: notifications by e-mail and in the app.",
            "description": "The same use cases as the GraphQL API at /graphql. Tokens: API keys speak for a product; "
            "browser tokens speak for one user, and see that user's inbox alone. Errors are problem "
            "details (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This gateway."}],
        "tags": [
            {"name": "Notifications", "description": "Send, and see what became of it."},
            {"name": "Inbox", "description": "Of the user that a browser token speaks for."},
            {"name": "Session", "description": "A cookie for the live stream."},
            {"name": "Description", "description": "What you are reading."},
        ],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "headers": {name: {"description": about, "schema": schema} for name, (about, schema) in HEADERS.items()},
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY: dict[str, object] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, a browser token, or your provider's JWT.",
    },
    "ticket": {"type": "apiKey", "in": "query", "name": "ticket", "description": "A stream ticket: the stream only."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by PUT session: the stream only."},
}
_REQUIRED: dict[Signed, list[dict[str, list[str]]]] = {
    Signed.NOTHING: [],
    Signed.CALLER: [{"bearer": []}],
    Signed.STREAM: [{"bearer": []}, {"ticket": []}, {"cookie": []}],
}


def encoded() -> bytes:
    """The document as it is printed: two spaces, the order of the table."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


def _paths() -> dict[str, dict[str, object]]:
    paths: dict[str, dict[str, object]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return paths


def _operation(one: RestCall) -> dict[str, object]:
    made: dict[str, object] = {
        "operationId": one.id,
        "tags": [one.tag],
        "summary": one.summary,
        "description": one.description,
        "security": _REQUIRED[one.signed],
    }
    # a ticket is told by its security scheme
    parameters = [_parameter(parameter) for parameter in one.parameters if parameter.name != "ticket"]
    if parameters:
        made["parameters"] = parameters
    if one.body is not None:
        content = {"schema": _ref(one.body), "examples": one.body_examples}
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    made["responses"] = dict(sorted(_responses(one)))
    return made


def _parameter(one: Parameter) -> dict[str, object]:
    return {
        "name": one.name,
        "in": one.place,
        "required": one.required,
        "description": one.description,
        "schema": one.schema,
    }


def _responses(one: RestCall) -> Iterator[tuple[str, object]]:
    for answer in one.answers:
        yield str(answer.status), _answer(answer, QUOTA if one.signed is Signed.CALLER else ())
    for status in statuses(one):
        yield str(status), _problem(status)


def statuses(one: RestCall) -> list[int]:
    """The problems that an operation may answer with."""
    if one.path == OPERATIONS[-1].path:
        return [500]
    found = {400, 500, 503, *one.problems}
    found.update(_WITH_BODY if one.body is not None else ())
    found.update(_WITH_CALLER if one.signed is not Signed.NOTHING else ())
    return sorted(found)


def _answer(one: Answer, quota: tuple[str, ...]) -> dict[str, object]:
    made: dict[str, object] = {"description": one.description}
    headers = (*one.headers, *quota)
    if headers:
        made["headers"] = _headers(headers)
    if one.body is dict:
        made["content"] = {one.media_type: {"schema": {"type": "object"}}}
    elif one.body is not None:
        made["content"] = {one.media_type: {"schema": _ref(one.body), "example": one.example}}
    return made


def _problem(status: int) -> dict[str, object]:
    code = _CODES[status]
    example = Problem(
        type=f"https://carillon.example/docs/errors#{code}",
        title=TITLES[code],
        status=status,
        detail=_MEANINGS[status],
        code=code,
        retryable=status in {429, 503},
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        errors=[],
    )
    made: dict[str, object] = {"description": _MEANINGS[status]}
    if status in _PROBLEM_HEADERS:
        made["headers"] = _headers(_PROBLEM_HEADERS[status])
    made["content"] = {MEDIA_TYPE: {"schema": _ref(Problem), "example": msgspec.to_builtins(example)}}
    return made


def _headers(names: tuple[str, ...]) -> dict[str, object]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _ref(body: type) -> Schema:
    return {"$ref": _REF.format(name=body.__name__)}


def _schemas() -> dict[str, object]:
    bodies = {one.body for one in OPERATIONS if one.body is not None}
    answers = {answer.body for one in OPERATIONS for answer in one.answers if answer.body not in {None, dict}}
    types = sorted({*bodies, *answers, *_TOLD, Problem}, key=lambda one: one.__name__)
    _, components = msgspec.json.schema_components(types, schema_hook=_anything, ref_template=_REF)
    for one in _one_of(OneOf):
        if one.__name__ in components:
            components[one.__name__] |= {"minProperties": 1, "maxProperties": 1}
    return dict(sorted(components.items()))


def _one_of(base: type[OneOf]) -> list[type[OneOf]]:
    return base.__subclasses__()


def _anything(_: type) -> Schema:
    return {"description": "Any JSON value."}


if __name__ == "__main__":
    sys.stdout.buffer.write(encoded())
