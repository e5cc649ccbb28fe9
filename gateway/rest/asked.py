"""What a resource is asked, once the door has read it; and the parameters in an address. Used by every resource."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl

from errors import InvalidInput, MalformedRequest
from gateway.heads import Head
from gateway.rest.replies import Reply
from models.paging import page_size
from models.principal import Principal

T = TypeVar("T")

MOST_PARAMETERS = 20
MOST_QUERY_BYTES = 8_192
IN_QUERY = "?"
"""How the path of an error begins that speaks of a parameter no operation knows."""
TOKENS = frozenset({"token", "access_token"})


class Asked(NamedTuple):
    """One request of a known caller."""

    caller: Principal
    token: str
    """The bearer token that the caller showed."""
    head: Head
    id: str
    """What the path names, where it names something."""
    query: Mapping[str, str]
    body: object
    """By the operation's model; None where it takes none."""

    def body_as(self, model: type[T]) -> T:
        """The body, which the door has read by this model."""
        if not isinstance(self.body, model):
            raise TypeError(f"expected a body read as {model.__name__}, got {type(self.body).__name__}")
        return self.body


Handler = Callable[[Asked], Awaitable[Reply]]


def read_query(text: bytes, known: Collection[str]) -> dict[str, str]:
    """The parameters of a query string, each at most once.

    Raises:
        MalformedRequest: a token in the address, or what is no query string in UTF-8.
        InvalidInput: a parameter that is unknown, empty or given twice.
    """
    if not text:
        return {}
    found: dict[str, str] = {}
    for name, value in _pairs(text):
        if name.lower() in TOKENS:
            raise MalformedRequest(
                "a token never belongs into an address, which logs and histories keep: "
                "send Authorization: Bearer …, or for the live stream a ticket or the cookie",
                path=(IN_QUERY + name,),
            )
        if name not in known:
            expected = ", ".join(sorted(known)) or "none"
            raise InvalidInput(f"unknown parameter; expected {expected}", path=(f"{IN_QUERY}{name:.80}",))
        if name in found:
            raise InvalidInput("expected it once", path=(IN_QUERY + name,))
        if not value:
            raise InvalidInput("expected a value", path=(IN_QUERY + name,))
        found[name] = value
    return found


def _pairs(text: bytes) -> list[tuple[str, str]]:
    if len(text) > MOST_QUERY_BYTES:
        raise MalformedRequest(f"the query string has more than {MOST_QUERY_BYTES} bytes")
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise MalformedRequest(f"expected at most {MOST_PARAMETERS} parameters in UTF-8") from error


def limit_of(query: Mapping[str, str]) -> int:
    """How many items are asked for.

    Raises:
        InvalidInput: no whole number from 1 to 100.
    """
    text = query.get("limit")
    if text is None:
        return page_size(None)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InvalidInput(f"expected a whole number, got {text[:80]!r}", path=("limit",))
    return page_size(int(text), "limit")
