"""One line on a terminal that says how far something is; where there is none, a line every few seconds."""

import sys
import time

EVERY_S = 0.2
QUIET_EVERY_S = 10.0
WIDTH = 100


class Progress:
    """Counts one thing after the other on standard error."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_s = 0.0
        self._what = ""
        self._of = 0
        self._began_s = time.monotonic()
        self._at = 0

    def begin(self, what: str, of: int) -> None:
        """From now on this is counted."""
        self._what, self._of, self._at = what, of, 0
        self._began_s = time.monotonic()
        self._show()

    def at(self, count: int) -> None:
        """So many are done."""
        self._at = count
        pause_s = EVERY_S if self._terminal else QUIET_EVERY_S
        if time.monotonic() - self._shown_s > pause_s:
            self._show()

    def end(self) -> None:
        """It is done."""
        self._show()
        if self._terminal:
            sys.stderr.write("\n")

    def say(self, line: str) -> None:
        """A line of its own, above what is counted."""
        sys.stderr.write(f"\r{line:<{WIDTH}}\n" if self._terminal else f"{line}\n")

    def _show(self) -> None:
        self._shown_s = time.monotonic()
        line = f"{self._what}: {self._at:,} of {self._of:,} ({self._shown_s - self._began_s:.0f} s)"
        sys.stderr.write(f"\r{line:<{WIDTH}}" if self._terminal else f"{line}\n")
        sys.stderr.flush()
