"""Finds a GraphQL request in decoded JSON; called by both transports, for the body and the socket's message alike."""

from typing import TypeVar

import msgspec

from errors import MalformedRequest

_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}

T = TypeVar("T")


class Request(msgspec.Struct, frozen=True):
    """One operation asked for (GraphQL over HTTP, section 5.1)."""

    query: str
    variables: dict[str, object]
    operation_name: str | None = None
    extensions: dict[str, object] | None = None


def read_request(value: object, at: tuple[str, ...] = ()) -> Request:
    """The request in a decoded JSON value that stands at the path `at`.

    Raises:
        MalformedRequest: naming the first field that is missing or of another type.
    """
    if not isinstance(value, dict):
        wanted = "an object with the field query; lists of requests are not taken"
        raise wrong(at, wanted, value)
    query = optional(value, "query", str, at)
    if query is None:
        raise wrong((*at, "query"), "the text of a GraphQL document", None)
    return Request(
        query,
        optional(value, "variables", dict, at) or {},
        optional(value, "operationName", str, at),
        optional(value, "extensions", dict, at),
    )


def optional(value: dict[str, object], name: str, kind: type[T], at: tuple[str, ...]) -> T | None:
    """The member `name`, None when it is absent or null; raises MalformedRequest for another type."""
    member = value.get(name)
    if member is None or isinstance(member, kind):
        return member
    raise wrong((*at, name), _KINDS[kind], member)


def wrong(path: tuple[str, ...], wanted: str, got: object) -> MalformedRequest:
    """The error about the value at `path`."""
    kind = "null or nothing" if got is None else _KINDS[type(got)]
    return MalformedRequest(f"{'.'.join(path) or 'the body'}: expected {wanted}, got {kind}", path=path)
