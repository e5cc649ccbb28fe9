"""Every error that Carillon raises on purpose, one class a case.

CarillonError
├── CallerError                 the caller can mend it; its text is shown
│   ├── MalformedRequest        the request could not be read at all
│   ├── InvalidInput            a field is wrong; `path` names it
│   │   └── FilterNotIndexed    a filter that no index serves
│   ├── QueryTooCostly          a GraphQL document over a stated limit
│   ├── Unauthenticated         no token, or one that is not accepted
│   ├── Forbidden               a known caller without the permission
│   ├── NotFound                absent, or another tenant's: nobody learns which
│   ├── RateLimited             more calls than the caller's allowance
│   ├── IdempotencyConflict     a known key came back with another input
│   └── Conflict                what is there does not allow it
├── Unavailable                 try again later; nothing was taken
│   └── EngineUnavailable       a store, bus or cache does not answer
├── ConfigurationError          the process cannot start as it is set up
│   ├── InvalidSettings         all wrong settings, reported together
│   ├── StoreLocked             another process serves this database file
│   └── MigrationMismatch       the database is older or newer than the code
└── CorruptData                 stored bytes that cannot be what was written
"""

from collections.abc import Sequence
from enum import StrEnum


class ErrorCode(StrEnum):
    """The closed list of error codes, the same in API answers, logs and metrics."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    INVALID_INPUT = "INVALID_INPUT"
    QUERY_INVALID = "QUERY_INVALID"
    QUERY_TOO_COSTLY = "QUERY_TOO_COSTLY"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    CONFLICT = "CONFLICT"
    FILTER_NOT_INDEXED = "FILTER_NOT_INDEXED"
    UNAVAILABLE = "UNAVAILABLE"
    CONFIGURATION = "CONFIGURATION"
    CORRUPT_DATA = "CORRUPT_DATA"
    INTERNAL = "INTERNAL"


class CarillonError(Exception):
    """The root. `code` is from the closed list, `retryable` says whether the same call may succeed later."""

    code = ErrorCode.INTERNAL
    retryable = False

    def __init__(self, message: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)


class CallerError(CarillonError):
    """The caller can mend it, so its message is written for the caller and is never masked."""


class MalformedRequest(CallerError):
    """The body, the encoding or the protocol message could not be read."""

    code = ErrorCode.MALFORMED_REQUEST


class InvalidInput(CallerError):
    """A field holds something else than expected; `path` leads to it, relative to the input item."""

    code = ErrorCode.INVALID_INPUT


class FilterNotIndexed(InvalidInput):
    """A filter that no index of the store serves; the message says which other filter to add."""

    code = ErrorCode.FILTER_NOT_INDEXED


class QueryTooCostly(CallerError):
    """A GraphQL document over the limit of bytes, tokens, depth or aliases."""

    code = ErrorCode.QUERY_TOO_COSTLY


class Unauthenticated(CallerError):
    """No credentials, or credentials that are forged, expired, revoked or meant for someone else."""

    code = ErrorCode.UNAUTHENTICATED


class Forbidden(CallerError):
    """The caller is known, and may not do this."""

    code = ErrorCode.FORBIDDEN


class NotFound(CallerError):
    """Absent, or it belongs to another tenant: the answer is the same."""

    code = ErrorCode.NOT_FOUND


class RateLimited(CallerError):
    """The caller spent its allowance; `retry_after_s` says when to come back."""

    code = ErrorCode.RATE_LIMITED
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float, path: Sequence[str] = ()) -> None:
        super().__init__(message, path=path)
        self.retry_after_s = retry_after_s


class IdempotencyConflict(CallerError):
    """An idempotency key seen within 24 hours came back with another input."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT


class Conflict(CallerError):
    """What is there does not allow the change: it is too late for it, or the name is taken."""

    code = ErrorCode.CONFLICT


class Unavailable(CarillonError):
    """Nothing was taken; the same call may succeed after `retry_after_s`."""

    code = ErrorCode.UNAVAILABLE
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float = 1.0, path: Sequence[str] = ()) -> None:
        super().__init__(message, path=path)
        self.retry_after_s = retry_after_s


class EngineUnavailable(Unavailable):
    """An engine (store, bus, cache …) does not answer."""


class ConfigurationError(CarillonError):
    """The process refuses to start; the message says what to change."""

    code = ErrorCode.CONFIGURATION


class InvalidSettings(ConfigurationError):
    """One or more settings are wrong; `problems` holds a line for each, and the message all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("settings cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = tuple(problems)


class StoreLocked(ConfigurationError):
    """Another process serves this database file."""


class MigrationMismatch(ConfigurationError):
    """The database stands at another migration than this code was written for."""


class CorruptData(CarillonError):
    """Stored or received bytes that nothing of ours can have written: a wrong key, a damaged file, a foreign event."""

    code = ErrorCode.CORRUPT_DATA
