"""The project's own Python files, parsed. Read by the tests in this folder."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_FOREIGN = {"node_modules", "var", "web", "build", "dist", "__pycache__"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


class Source(NamedTuple):
    """One file: its path from the root, its dotted name, its text and its tree."""

    path: str
    module: str
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        """The first part of the dotted name."""
        return self.module.partition(".")[0]


class Within(NamedTuple):
    """A function and the file that holds it."""

    source: Source
    name: str
    node: Function


@cache
def sources() -> tuple[Source, ...]:
    """Everything written by hand; generated classes are left out."""
    return tuple(parse(path) for path in _files(ROOT) if not path.name.endswith("_pb2.py"))


def product() -> list[Source]:
    """What runs in production: neither tests nor benchmarks."""
    return [source for source in sources() if source.folder not in {"tests", "bench"}]


def parse(path: Path, root: Path = ROOT) -> Source:
    """One file, read and parsed."""
    return from_text(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def from_text(path: str, text: str) -> Source:
    """A file that may exist only in a test."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Source(path, module, text, ast.parse(text, path))


def functions(source: Source) -> Iterator[Within]:
    """Every function and method, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield Within(source, f"{source.path}:{node.lineno} {node.name}", node)


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, wherever it stands."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def docstrings(source: Source) -> set[int]:
    """The ids of the constants that are documentation: docstrings, and sentences below an attribute."""
    return {
        id(statement.value)
        for node in ast.walk(source.tree)
        if isinstance(node, Documented)
        for statement in node.body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in _FOREIGN and not entry.name.startswith("."):
            yield from _files(entry)
        elif entry.suffix == ".py":
            yield entry
