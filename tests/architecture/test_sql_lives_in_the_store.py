"""SQL is written in the store, in the tables and in the migrations, and nowhere else."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import Source, docstrings, from_text, imports, sources

HOMES = (
    "engines/store/",
    "models/tables",
    "migrations/",
    "tests/",
    "deploy/",
    "bench/bare_sqlite.py",
    "bench/loaded.py",
)

STATEMENT = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|VIEW)"
    r"|PRAGMA\s+\w)\b"
    r"|^\s*(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|create\s+table)\s",
    re.DOTALL,
)
CALLS = {"execute", "executemany", "executescript", "fetchrow", "fetchval"}


def test_no_statement_stands_outside_the_store() -> None:
    found = [finding for source in sources() if not source.path.startswith(HOMES) for finding in sql(source)]

    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'text = "SELECT id FROM users WHERE id = ?"',
        'text = f"INSERT INTO {table} VALUES (?)"',
        'text = "update users set name = ?"',
        "rows = connection.execute(query)",
        "import sqlalchemy as sa",
        "from sqlalchemy.dialects import postgresql",
    ],
)
def test_a_planted_statement_is_found(line: str) -> None:
    assert len(list(sql(from_text("usecases/planted.py", line + "\n")))) == 1


@pytest.mark.parametrize("line", ['"""SELECT id FROM users: said in a docstring."""', 'text = "select one of these"'])
def test_prose_is_not_taken_for_sql(line: str) -> None:
    assert list(sql(from_text("usecases/planted.py", line + "\n"))) == []


def sql(source: Source) -> Iterator[str]:
    """Each statement, database call or import of SQLAlchemy, as "file:line what"."""
    for line, name in imports(source):
        if name.partition(".")[0] == "sqlalchemy":
            yield f"{source.path}:{line} import {name}"
    prose = docstrings(source)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            if STATEMENT.search(node.value):
                yield f"{source.path}:{node.lineno} {node.value[:60]!r}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            yield f"{source.path}:{node.lineno} .{node.func.attr}("
