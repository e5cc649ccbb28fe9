"""Every module says what lives in it, and everything public says what a caller must know."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.architecture.tree import Function, Source, from_text, product, sources

Report = Callable[[str, object], None]
Classes = Mapping[str, Sequence[ast.ClassDef]]
"""By name, which more than one may have: an operation is often called like the use case that writes it."""


def test_every_module_says_what_lives_in_it() -> None:
    assert [source.path for source in sources() if source.text.strip() and not ast.get_docstring(source.tree)] == []


def test_everything_public_is_documented(record_property: Report) -> None:
    found = list(undocumented(product()))
    total = sum(1 for source in product() for _ in public(source))
    record_property("sizes", f"public docstrings: {100 * (total - len(found)) / total:.1f} % of {total}")

    assert found == []


def test_a_missing_docstring_is_found_and_an_inherited_one_counts() -> None:
    port = from_text("p.py", 'class Port:\n    """A port."""\n    def put(self) -> None:\n        """Puts."""\n')
    adapter = from_text(
        "a.py", 'class Adapter(Port):\n    """It."""\n    def put(self) -> None: ...\n    def get(self) -> None: ...\n'
    )

    assert list(undocumented([port, adapter])) == ["a.py:4 Adapter.get"]


def undocumented(files: Sequence[Source]) -> Iterator[str]:
    """Public classes, functions and methods that neither have a docstring nor override something that has one."""
    classes: defaultdict[str, list[ast.ClassDef]] = defaultdict(list)
    for name, node in [pair for source in files for pair in public(source)]:
        if isinstance(node, ast.ClassDef):
            classes[name].append(node)
    for source in files:
        for name, node in public(source):
            if not ast.get_docstring(node) and not _inherited(name, classes):
                yield f"{source.path}:{node.lineno} {name}"


def public(source: Source) -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """("Class" or "Class.method" or "function", node) of what others may use."""
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _methods(node)


def _methods(owner: ast.ClassDef) -> Iterator[tuple[str, Function]]:
    for node in owner.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield f"{owner.name}.{node.name}", node


def _inherited(name: str, classes: Classes) -> bool:
    owner, _, method = name.partition(".")
    bases = [base for node in classes[owner] for base in _bases(node)] if method else []
    return any(_documents(base, method, classes) for base in bases)


def _documents(owner: str, method: str, classes: Classes) -> bool:
    for node in classes.get(owner, ()):
        own = any(isinstance(one, Function) and one.name == method and ast.get_docstring(one) for one in node.body)
        if own or any(_documents(base, method, classes) for base in _bases(node)):
            return True
    return False


def _bases(node: ast.ClassDef) -> list[str]:
    plain = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return [ast.unparse(base).rpartition(".")[2] for base in plain]
