"""What Schemathesis is to expect of a GraphQL answer. Loaded by its command line as its hooks; see `fuzz`.

Its own check takes every entry of `errors` for a fault of the server; ours are meant for callers, and carry a code.
"""

from typing import Any

import schemathesis

from errors import ErrorCode

FAULTS = {ErrorCode.INTERNAL, ErrorCode.CORRUPT_DATA, ErrorCode.CONFIGURATION}


@schemathesis.check
def graphql_answers(
    _context: schemathesis.CheckContext, response: schemathesis.Response, _case: schemathesis.Case[Any]
) -> None:
    """Data or errors with codes of the closed list, none of which speaks of a fault of ours."""
    assert response.status_code in {200, 400}, f"status {response.status_code}"
    body = response.json()
    assert set(body) <= {"data", "errors"} and body, "neither data nor errors"
    codes = {error["extensions"]["code"] for error in body.get("errors", ())}
    assert codes <= set(ErrorCode) - FAULTS, f"codes {sorted(codes)}"
