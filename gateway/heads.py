"""What the headers of a request say, as far as a door listens to them. Used by every HTTP door."""

from typing import NamedTuple

from starlette.types import Scope

from errors import Unauthenticated


class Head(NamedTuple):
    """The request headers that matter to some door, empty where absent, or None where empty means something else."""

    authorization: str = ""
    content_type: str = ""
    content_length: str = ""
    accept: str = ""
    traceparent: str = ""
    host: str = ""
    cookie: str = ""
    idempotency_key: str | None = None
    if_none_match: str = ""
    last_event_id: str = ""


_WANTED = {name.replace("_", "-").encode(): name for name in Head._fields}


def head_of(scope: Scope) -> Head:
    """The headers of an ASGI scope; the last one counts where a name comes twice."""
    return Head(**{_WANTED[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _WANTED})


def bearer(authorization: str) -> str | None:
    """The token of an Authorization header (RFC 6750 section 2.1), None without the header.

    Raises:
        Unauthenticated: another scheme, or no token.
    """
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    token = token.strip(" \t")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Authorization: expected Bearer and a token")
    return token
