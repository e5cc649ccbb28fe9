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
    """Texts with `:name`; a list is one packed value that a recursive query takes apart, so the text never changes."""
    return {kind: _sqlite(statement) for kind, statement in SELECTS.items()}


_UNPACKED = (
    r"IN (WITH RECURSIVE k(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM k WHERE n + 1 < :\1_count)"
    r" SELECT substr(:\1, n * :\1_width + 1, :\1_width) FROM k)"
)


def _sqlite(statement: Select[tuple[object, ...]]) -> Compiled:
    raw = str(statement.compile(dialect=sqlite.dialect(paramstyle="named"))).replace(" OFFSET :param_1", "")
    lists = tuple(dict.fromkeys(_LIST.findall(raw)))
    return Compiled(_LIST.sub(_UNPACKED, raw), lists)


def values(compiled: Compiled, query: Query[object]) -> dict[str, object]:
    """SQLite's values for one query; the members of a list are of one length."""
    found = {name: getattr(query, name) for name in query.__struct_fields__}
    for name in compiled.names:
        members: Sequence[bytes] = found[name]
        found[name] = b"".join(members)
        found[f"{name}_count"] = len(members)
        found[f"{name}_width"] = len(members[0]) if members else 1
    return found


def arguments(compiled: Compiled, query: Query[object]) -> list[object]:
    """PostgreSQL's values for one query, in order."""
    return [getattr(query, name) for name in compiled.names]
