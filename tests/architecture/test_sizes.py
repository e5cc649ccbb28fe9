"""How large functions and modules are: hard limits here, and the figures in the run's summary (see conftest.py)."""

import ast
import statistics
from collections.abc import Callable, Sequence

from tests.architecture.tree import Within, from_text, functions, sources

FUNCTION_LINES = 50
MODULE_LINES = 350
COMPLEXITY = 10

BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)

Report = Callable[[str, object], None]


def test_no_function_is_longer_than_a_screen(record_property: Report) -> None:
    sizes = {one.name: length(one) for source in sources() for one in functions(source)}
    record_property("sizes", figures("lines a function", list(sizes.values())))

    assert over(sizes, FUNCTION_LINES) == {}


def test_no_module_is_longer_than_a_sitting(record_property: Report) -> None:
    sizes = {source.path: len(source.text.splitlines()) for source in sources() if not source.path.startswith("tests/")}
    record_property("sizes", figures("lines a module", list(sizes.values())))

    assert over(sizes, MODULE_LINES) == {}


def test_no_function_branches_more_than_a_reader_can_hold(record_property: Report) -> None:
    sizes = {one.name: complexity(one) for source in sources() for one in functions(source)}
    record_property("sizes", figures("complexity", list(sizes.values())))

    assert over(sizes, COMPLEXITY) == {}


def test_length_leaves_out_the_docstring_and_complexity_counts_branches() -> None:
    text = 'def f(x: int) -> int:\n    """One.\n\n    Two.\n    """\n    if x:\n        return 1\n    return 2\n'
    (one,) = functions(from_text("planted.py", text))

    assert (length(one), complexity(one)) == (4, 2)


def length(one: Within) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = one.node.body[0]
    documented = ast.get_docstring(one.node, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (one.node.end_lineno or one.node.lineno) - one.node.lineno + 1 - docstring


def complexity(one: Within) -> int:
    """McCabe's number: one more than the branches."""
    return 1 + sum(isinstance(node, BRANCHES) for node in ast.walk(one.node))


def over(sizes: dict[str, int], limit: int) -> dict[str, int]:
    """Those above the limit."""
    return {name: size for name, size in sizes.items() if size > limit}


def figures(name: str, values: Sequence[int]) -> str:
    """One line for the summary."""
    p95 = statistics.quantiles(values, n=20)[-1]
    return f"{name}: {len(values)} counted, median {statistics.median(values):.0f}, p95 {p95:.0f}, most {max(values)}"
