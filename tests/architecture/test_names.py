"""Words and habits that this project does without."""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, Source, from_text, imports, product, sources

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc", "lib"}
EMPTY_CLASS = re.compile(r"(Manager|Helper|Utils?|Impl|Misc)$")
MOCKS = {
    "mock",
    "unittest.mock",
    "pytest_mock",
    "mockito",
    "flexmock",
    "respx",
    "responses",
    "freezegun",
    "time_machine",
}

# A folder of somebody's machine: homes, and the places where a checkout or a scratch folder may have stood.
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(home|Users|root|work)/[\w.]")
UNREADABLE = {".woff2", ".png", ".ico", ".bin", ".gz", ".pem"}
UNREAD = {"node_modules", "var", "dist", "build", "__pycache__"}
LOCKS = re.compile(r"(package-lock\.json|npm-shrinkwrap\.json|\.lock|requirements.*\.txt)$")
ADDRESS = re.compile(r"https?://[^\s\"']+\.(tgz|whl|tar\.gz|zip)|\"resolved\"")


def test_no_module_has_an_empty_name() -> None:
    assert [source.path for source in sources() if EMPTY_WORDS & set(source.module.split("."))] == []


def test_no_class_has_an_empty_name() -> None:
    found = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and EMPTY_CLASS.search(node.name)
    ]

    assert found == []


def test_nothing_is_mocked() -> None:
    assert [finding for source in sources() for finding in mocks(source)] == []


@pytest.mark.parametrize(
    "line", ["from unittest.mock import patch", "from unittest import mock", "monkeypatch.setattr(clock, 'now', 1)"]
)
def test_a_planted_mock_is_found(line: str) -> None:
    assert len(list(mocks(from_text("tests/unit/test_planted.py", line + "\n")))) == 1


def test_no_exception_is_caught_bare_or_left_for_later() -> None:
    assert [finding for source in sources() for finding in careless(source)] == []


@pytest.mark.parametrize("line", ["try: f()\nexcept: g()", "raise NotImplementedError", "raise NotImplementedError()"])
def test_planted_carelessness_is_found(line: str) -> None:
    assert len(list(careless(from_text("usecases/planted.py", line + "\n")))) == 1


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [f"{name}: {line.strip()[:100]}" for name, line in lines() if MACHINE_PATH.search(line)]

    assert found == []


@pytest.mark.parametrize("folder", ["home", "Users", "root"])
def test_a_planted_machine_path_is_found(folder: str) -> None:
    assert MACHINE_PATH.search(f'cache = "/{folder}/ada/cache"')
    assert not MACHINE_PATH.search(f"https://example.com/{folder}/ada")


def test_no_lock_file_holds_download_addresses() -> None:
    found = [f"{name}: {line.strip()[:100]}" for name, line in lines() if LOCKS.search(name) and ADDRESS.search(line)]

    assert found == []


def test_no_installed_distribution_owns_a_name_of_ours() -> None:
    ours = {source.folder for source in sources()}
    owners = {name: owner for name, owner in packages_distributions().items() if name in ours}

    assert {name: owner for name, owner in owners.items() if set(owner) != {"carillon"}} == {}


def test_the_product_is_more_than_a_handful_of_files() -> None:
    assert len(product()) > 50, "the scan of this folder has lost sight of the tree"


def mocks(source: Source) -> Iterator[str]:
    """Imports of mocking libraries, and attributes of ours replaced from a test."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "unittest" and any(n.name == "mock" for n in node.names):
            yield f"{source.path}:{node.lineno} unittest.mock"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "monkeypatch.setattr":
            yield f"{source.path}:{node.lineno} monkeypatch.setattr"
    for line, name in imports(source):
        if name in MOCKS:
            yield f"{source.path}:{line} {name}"


def careless(source: Source) -> Iterator[str]:
    """Handlers of everything, and code that is still to be written."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{source.path}:{node.lineno} except:"
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield f"{source.path}:{node.lineno} {node.id}"


def lines() -> Iterator[tuple[str, str]]:
    """(path from the root, line) of every text that belongs to the project."""
    for path in files(ROOT):
        if path.suffix not in UNREADABLE:
            name = path.relative_to(ROOT).as_posix()
            yield from ((name, line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())


def files(folder: Path) -> Iterator[Path]:
    """Every file outside the folders that a tool made."""
    for entry in sorted(folder.iterdir()):
        if entry.is_file():
            yield entry
        elif entry.is_dir() and entry.name not in UNREAD and (not entry.name.startswith(".") or entry.name == ".ci"):
            yield from files(entry)
