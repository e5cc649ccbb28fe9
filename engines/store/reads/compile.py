"""Compiles the SELECTs to driver text. Called once when a store opens."""

import re
from collections.abc import Sequence

import msgspec
from sqlalchemy import Select
from sqlalchemy.dialects import postgresql, sqlite

from engines.store.base import Query
from engines.store.reads.selects import SELECTS

_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)\]\)")
_NAME = re.compile(r"(?<![:\w]):(\w+)")


class Compiled(msgspec.Struct, frozen=True):
    """Text with the names of its values in order; `lists` are the names that stand for many."""

    text: str
    names: tuple[str, ...]


def for_postgres() -> dict[type, Compiled]:
    """Texts with `$n`, a list as one array."""
    return {kind: _postgres(statement) for kind, statement in SELECTS.items()}


def _postgres(statement: Select[tuple[object, ...]]) -> Compiled:
    raw = str(statement.compile(dialect=postgresql.dialect(paramstyle="named")))  # type: ignore[no-untyped-call]
    text = _LIST.sub(r"= ANY(:\1)", raw)
    names: list[str] = []

    def place(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return Compiled(_NAME.sub(place, text), tuple(names))


def for_sqlite() -> dict[type, Compiled]:
    """Texts with `:name`; a list is a slot `{name}` to be filled by `expand`."""
    return {kind: _sqlite(statement) for kind, statement in SELECTS.items()}


def _sqlite(statement: Select[tuple[object, ...]]) -> Compiled:
    raw = str(statement.compile(dialect=sqlite.dialect(paramstyle="named"))).replace(" OFFSET :param_1", "")
    lists = tuple(dict.fromkeys(_LIST.findall(raw)))
    return Compiled(_LIST.sub(r"IN ({\1})", raw), lists)


def expand(compiled: Compiled, query: Query[object]) -> tuple[str, dict[str, object]]:
    """SQLite text and values for one query: lists are padded to a power of two, so that few texts exist."""
    values = {name: getattr(query, name) for name in query.__struct_fields__}
    slots = {}
    for name in compiled.names:
        padded = _padded(values.pop(name))
        slots[name] = ", ".join(f":{name}_{place}" for place in range(len(padded)))
        values.update({f"{name}_{place}": value for place, value in enumerate(padded)})
    return compiled.text.format(**slots) if slots else compiled.text, values


def _padded(values: Sequence[object]) -> Sequence[object]:
    if not values:
        return (None,)
    size = 1 << (len(values) - 1).bit_length()
    return (*values, *[values[-1]] * (size - len(values)))


def arguments(compiled: Compiled, query: Query[object]) -> list[object]:
    """PostgreSQL's values for one query, in order."""
    return [getattr(query, name) for name in compiled.names]
