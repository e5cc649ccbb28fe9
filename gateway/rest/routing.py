"""Which operation a method and a path ask for. Used by the door."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from gateway.bodies import Refusal
from schema.rest.operations import RestCall

LONGEST_SHOWN = 80


class Found(NamedTuple):
    """An operation, and what its path names."""

    operation: RestCall
    id: str


class Allowed(NamedTuple):
    """What OPTIONS asks for: the methods that a path takes."""

    methods: tuple[str, ...]


class Router:
    """Paths are fixed, or have one `{id}` as a part of their own."""

    def __init__(self, operations: Iterable[RestCall]) -> None:
        self._paths: defaultdict[str, dict[str, RestCall]] = defaultdict(dict)
        for one in operations:
            self._paths[one.path][one.method] = one

    def find(self, method: str, path: str) -> Found | Refusal | Allowed:
        """The operation, or why there is none.

        HEAD is taken where GET is, but for streams.
        """
        pattern, id_ = self._pattern(path)
        methods = self._paths.get(pattern)
        if methods is None:
            return Refusal(404, f"there is no {path[:LONGEST_SHOWN]!r}; /openapi.json lists what there is")
        allowed = self._allowed(methods)
        if method == "OPTIONS":
            return Allowed(allowed)
        if method not in allowed:
            allow = (b"allow", ", ".join(allowed).encode())
            return Refusal(405, f"expected {' or '.join(allowed)}, got {method:.20}", (allow,))
        return Found(methods["GET" if method == "HEAD" else method], id_)

    def _pattern(self, path: str) -> tuple[str, str]:
        if path in self._paths:
            return path, ""
        parts = path.split("/")
        for place in range(len(parts) - 1, 0, -1):
            pattern = "/".join([*parts[:place], "{id}", *parts[place + 1 :]])
            if pattern in self._paths and parts[place]:
                return pattern, parts[place]
        return "", ""

    @staticmethod
    def _allowed(methods: dict[str, RestCall]) -> tuple[str, ...]:
        streams = any(answer.media_type == "text/event-stream" for one in methods.values() for answer in one.answers)
        head = ("HEAD",) if "GET" in methods and not streams else ()
        return (*methods, *head, "OPTIONS")
