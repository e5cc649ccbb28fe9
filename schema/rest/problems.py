"""Problem details (RFC 9457): what REST answers when it cannot do what was asked. Made by `gateway.rest.problems`."""

from typing import Annotated

from msgspec import Meta, Struct

from errors import ErrorCode
from schema.rest.words import about

MEDIA_TYPE = "application/problem+json"

TITLES = {
    ErrorCode.MALFORMED_REQUEST: "The request cannot be read",
    ErrorCode.INVALID_INPUT: "A field is wrong",
    ErrorCode.FILTER_NOT_INDEXED: "The filter cannot be served",
    ErrorCode.UNAUTHENTICATED: "A valid token is needed",
    ErrorCode.FORBIDDEN: "The caller may not do this",
    ErrorCode.NOT_FOUND: "There is no such thing here",
    ErrorCode.RATE_LIMITED: "The allowance is spent",
    ErrorCode.IDEMPOTENCY_CONFLICT: "The idempotency key was used for another input",
    ErrorCode.CONFLICT: "What is there does not allow it",
    ErrorCode.UNAVAILABLE: "Not now",
    ErrorCode.INTERNAL: "An error of ours",
}
"""What each code means; codes that no route answers with are left out."""

CodeName = Annotated[
    str, Meta(description="What went wrong, from a closed list.", extra_json_schema={"enum": list(TITLES)})
]
PlaceName = Annotated[
    str,
    Meta(
        description="The part of the request that is wrong.",
        extra_json_schema={"enum": ["body", "query", "header", "path"]},
    ),
]


class WrongField(Struct, frozen=True, rename={"place": "in"}):
    """One wrong part of the request."""

    place: PlaceName
    path: Annotated[str, about("A JSON pointer (RFC 6901) into the body, or the name of the parameter or header.")]
    detail: Annotated[str, about("What was expected there.")]


class Problem(Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong."""

    type: Annotated[str, Meta(description="Where the code is explained.", extra_json_schema={"format": "uri"})]
    title: Annotated[str, about("The code in words.")]
    status: Annotated[int, about("The HTTP status.")]
    detail: Annotated[str, about("What was expected, and what came, for a developer.")]
    code: CodeName
    retryable: Annotated[bool, about("Whether the same call may succeed later.")]
    trace_id: Annotated[str, about("Name it when you ask us: by it we find the call in our logs.")]
    errors: Annotated[list[WrongField], about("The wrong parts; empty where none is to blame.")]
