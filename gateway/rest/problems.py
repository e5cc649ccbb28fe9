"""Errors as problem details (RFC 9457). Called by the door for whatever a resource raises."""

import logging
import math
from collections.abc import Sequence

import msgspec

from errors import CarillonError, ErrorCode, MalformedRequest, NotFound, RateLimited, Unavailable
from gateway.bodies import Headers, Refusal
from gateway.masking import shown_or_logged
from gateway.rest.asked import IN_QUERY
from gateway.rest.replies import Reply
from schema.rest.operations import RestCall
from schema.rest.problems import MEDIA_TYPE, TITLES, Problem, WrongField

LONGEST_DETAIL = 1_000
_ENCODER = msgspec.json.Encoder()
_STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.IDEMPOTENCY_CONFLICT: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""Any other code is 400."""


class Problems:
    """Makes answers of errors.

    Args:
        documentation: the address of the page on errors; `#CODE` is the part about one.
    """

    def __init__(self, documentation: str, logger: logging.Logger) -> None:
        self._documentation = documentation
        self._logger = logger

    def of(self, error: BaseException, operation: RestCall, trace_id: str, *, signed: bool) -> Reply:
        """The answer that a caller gets in place of any exception; masked unless it is meant for callers.

        Args:
            signed: the caller showed a token, so a 401 speaks of that one.
        """
        known = shown_or_logged(error, trace_id, self._logger)
        if known is None:
            return self._reply(500, ErrorCode.INTERNAL, "internal error", trace_id)
        status = _STATUS.get(known.code, 400)
        wrong = _wrong_fields(known, operation)
        return self._reply(status, known.code, known.message, trace_id, wrong, _headers(known, signed=signed))

    def refused(self, refusal: Refusal, trace_id: str) -> Reply:
        """The answer to a request that is not read."""
        code = NotFound.code if refusal.status == 404 else MalformedRequest.code
        return self._reply(refusal.status, code, refusal.message, trace_id, headers=refusal.headers)

    def _reply(
        self,
        status: int,
        code: ErrorCode,
        detail: str,
        trace_id: str,
        wrong: Sequence[WrongField] = (),
        headers: Headers = (),
    ) -> Reply:
        problem = Problem(
            type=f"{self._documentation}#{code}",
            title=TITLES.get(code, code),
            status=status,
            detail=detail if len(detail) <= LONGEST_DETAIL else f"{detail[: LONGEST_DETAIL - 1]}…",
            code=code,
            retryable=status in {429, 503},
            trace_id=trace_id,
            errors=list(wrong),
        )
        return Reply(status, _ENCODER.encode(problem), MEDIA_TYPE, headers)


def _headers(error: CarillonError, *, signed: bool) -> Headers:
    if error.code is ErrorCode.UNAUTHENTICATED:
        challenge = b'Bearer realm="carillon", error="invalid_token"' if signed else b'Bearer realm="carillon"'
        return ((b"www-authenticate", challenge),)
    if isinstance(error, RateLimited | Unavailable):
        return ((b"retry-after", b"%d" % math.ceil(error.retry_after_s)),)
    return ()


def _wrong_fields(error: CarillonError, operation: RestCall) -> list[WrongField]:
    if not error.path or error.code is ErrorCode.NOT_FOUND:
        return []
    place, path = _place(error.path, operation)
    return [WrongField(place, path, error.message)]


def _place(path: tuple[str, ...], operation: RestCall) -> tuple[str, str]:
    """The part of the request that an error's path speaks of."""
    if path[0].startswith(IN_QUERY):
        return "query", path[0].removeprefix(IN_QUERY)
    named = next((one for one in operation.parameters if one.name == path[0]), None)
    if named is not None and len(path) == 1:
        return named.place, named.name
    return "body", "".join(["/" + step.replace("~", "~0").replace("/", "~1") for step in path])
