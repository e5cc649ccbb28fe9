"""The product and the simulator as processes of their own, started and ended by feeds and drills."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from errors import EngineUnavailable

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(20_000, 30_000)
"""Below the ports that a system gives to clients: a client that knocks at a closed one of its own range may connect to
itself, and keep the server from listening there."""
STOP_WITHIN_S = 20.0
READY_WITHIN_S = 60.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    while True:
        port = random.choice(PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Child:
    """One process in a session of its own; what it says goes to a log file. Ended by its id."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._words = list(words)
        self._environment = dict(environment)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id; 0 before its start."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it; what it says is added to the log."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *self._words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=self._environment,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> int | None:
        """SIGTERM, and SIGKILL where that does not help; the exit status, None if it was never started."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Ports(msgspec.Struct, frozen=True):
    """Where the simulator answers."""

    smtp_port: int
    http_port: int


@contextlib.contextmanager
def simulator(folder: Path) -> Iterator[Ports]:
    """A running SMTP simulator that writes `smtp.jsonl`.

    Raises:
        EngineUnavailable: it did not start.
    """
    said = folder / "simulator.log"
    child = Child(["-m", "simulator", "--journal", str(smtp_journal(folder))], without_settings(), said)
    child.start()
    try:
        yield _ports(child)
    finally:
        child.stop()


def smtp_journal(folder: Path) -> Path:
    """Where the simulator of this folder writes its journal."""
    return folder / "smtp.jsonl"


def carillon(folder: Path, port: int, smtp_port: int, more: Mapping[str, str]) -> Child:
    """The product, not started yet: it listens on the port and keeps its files in `var` of the folder."""
    settings = {
        "CARILLON_LISTEN": f"127.0.0.1:{port}",
        "CARILLON_FOLDER": str(folder / "var"),
        "CARILLON_EMAIL": f"smtp://127.0.0.1:{smtp_port}?tls=none",
        "CARILLON_LOG_LEVEL": "warning",
    }
    return Child(["app.py", "run"], {**without_settings(), **settings, **more}, folder / "carillon.log")


def without_settings() -> dict[str, str]:
    """This process's environment without settings of the product."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")}


def admin_key(folder: Path) -> str:
    """The key that the product's first start in this folder made."""
    return (folder / "var" / "keys" / "admin.key").read_text().strip()


def _ports(child: Child) -> Ports:
    deadline = time.monotonic() + READY_WITHIN_S
    while child.alive and time.monotonic() < deadline:
        line, end, _ = child.log.read_bytes().partition(b"\n")
        if end:
            return msgspec.json.decode(line, type=Ports)
        time.sleep(0.02)
    raise EngineUnavailable(f"the simulator did not start: {child.last_words()}")
