"""`carillon run` as a process of its own, and the other verbs of the command line beside it."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.children import ROOT, free_port, without_settings

CARILLON = Path(sys.executable).with_name("carillon")
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
COMMAND_WITHIN_S = 60.0
_URL = re.compile(r"^Carillon runs at (http://\S+)$", re.MULTILINE)
_FAULTS = re.compile(r'Traceback|internal error|^ERROR|\b(ERROR|CRITICAL) |"level":"(error|critical)"')


class CarillonProcess:
    """Keeps its files in a folder, listens on one port over all restarts, and is ended by its id.

    Args:
        settings: variables of its environment, on top of folder and port.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.url = ""
        self.said = folder / "said.txt"
        self._settings = {
            "CARILLON_LISTEN": f"127.0.0.1:{free_port()}",
            "CARILLON_FOLDER": str(folder / "var"),
            "CARILLON_LOG_LEVEL": "warning",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the process and its commands are told."""
        return {**without_settings(), **self._settings}

    @property
    def admin_key(self) -> str:
        """The key that the very first start made."""
        return (self.folder / "var" / "keys" / "admin.key").read_text().strip()

    @property
    def alive(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def memory_mb(self) -> float:
        """Resident memory."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024

    def start(self) -> None:
        """Start it, and return when it has printed its URL."""
        before = self.said.stat().st_size if self.said.exists() else 0
        with self.said.open("ab") as output:
            self._process = subprocess.Popen(
                [CARILLON, "run", "--demo"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
            )
        self.url = self._printed_url(before)

    def kill(self) -> None:
        """SIGKILL, and wait for the end. Twice is no harm."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def begin_stop(self) -> None:
        """SIGTERM, without waiting."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def end_stop(self) -> float:
        """Wait for the end after `begin_stop`: in time and with status 0. Gives the seconds that it took."""
        assert self._process is not None
        began_s = time.monotonic()
        try:
            status = self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no clean stop within {STOP_WITHIN_S:g} s:\n{self.last_words()}") from None
        assert status == 0, f"a clean stop ended with {status}:\n{self.last_words()}"
        return time.monotonic() - began_s

    def stop(self) -> float:
        """SIGTERM and wait for a clean end; the seconds that it took."""
        self.begin_stop()
        return self.end_stop()

    def restart(self) -> None:
        """A clean stop, and a start on the same files and port."""
        self.stop()
        self.start()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another verb of the command line, with the same settings."""
        return subprocess.run(
            [CARILLON, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )

    def answer(self, *words: str) -> str:
        """What a command that succeeds prints."""
        done = self.command(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def faults(self) -> list[str]:
        """What it said, over all its lives, that speaks of a fault of ours."""
        return [line for line in self.said.read_text(errors="replace").splitlines() if _FAULTS.search(line)]

    def last_words(self, lines: int = 25) -> str:
        """The end of all that it said."""
        return "\n".join(self.said.read_text(errors="replace").splitlines()[-lines:])

    def _printed_url(self, from_byte: int) -> str:
        deadline_s = time.monotonic() + READY_WITHIN_S
        while self.alive and time.monotonic() < deadline_s:
            found = _URL.search(self.said.read_bytes()[from_byte:].decode(errors="replace"))
            if found is not None:
                return found[1]
            time.sleep(0.02)
        raise AssertionError(f"it did not start:\n{self.last_words()}")


@contextmanager
def running(folder: Path, settings: Mapping[str, str]) -> Iterator[CarillonProcess]:
    """A started process; the test may end it itself, and it may not have met a fault of its own."""
    process = CarillonProcess(folder, settings)
    try:
        process.start()
        yield process
        faults = "\n".join(process.faults())
        assert not faults, f"it met faults of its own:\n{faults}"
    finally:
        process.kill()
