"""Prints the measured sizes below the tests' results."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each figure that a test recorded under "sizes"."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    figures = [value for report in reports for name, value in report.user_properties if name == "sizes"]
    if figures:
        terminalreporter.section("sizes")
        for figure in figures:
            terminalreporter.line(str(figure))
