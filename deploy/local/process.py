"""One engine's process under guard: started, asked to stop, or killed with its children. Used by the launchers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from deploy.local import guard
from deploy.local.account import Account
from errors import EngineUnavailable

KILL_WITHIN_S = 10.0


class ServerProcess:
    """A running server that ends at the latest with this process, even when this process is killed."""

    def __init__(self, guard_process: subprocess.Popen[bytes], pid: int, stop_signal: int) -> None:
        self._guard = guard_process
        self._stop_signal = stop_signal
        self.pid = pid

    @classmethod
    def launch(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        account: Account | None,
        log: Path,
        *,
        stop_signal: int = signal.SIGTERM,
        grace_s: float = 10.0,
        remove: Path | None = None,
    ) -> Self:
        """Start a server whose output is appended to `log`. It hears nothing of a Ctrl-C in this terminal.

        Args:
            account: whom it runs as; None means as this process.
            remove: a folder to remove if this process ends first.

        Raises:
            EngineUnavailable: it could not be started at all; the log says why.
        """
        ward = guard.Ward(
            command=list(command),
            environment=dict(environment),
            launcher_pid=os.getpid(),
            uid=account.uid if account else None,
            gid=account.gid if account else None,
            stop_signal=stop_signal,
            grace_s=grace_s,
            remove=str(remove) if remove else None,
        )
        process = _guarded(ward, log)
        return cls(process, _first_line(process, command[0], log), stop_signal)

    @property
    def alive(self) -> bool:
        """Whether the server still runs."""
        return self._guard.poll() is None

    def stop(self, within_s: float) -> None:
        """Ask it to stop and wait; after `within_s` kill it. Does nothing to a server that has ended."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, self._stop_signal)
        if not self._gone(within_s):
            self.kill()

    def kill(self) -> None:
        """SIGKILL the server and all its children at once, and return when none is left.

        Where there is no /proc the children are not looked up: a server's own must notice that it is gone.
        """
        if not self.alive:
            return
        with suppress(ProcessLookupError):
            # stopped first, it can neither start nor bury a child between the look and the kill
            os.kill(self.pid, signal.SIGSTOP)
        family = [self.pid, *_children(self.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._gone(KILL_WITHIN_S)
        _wait_for_end(family, KILL_WITHIN_S)

    def _gone(self, within_s: float) -> bool:
        try:
            self._guard.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True


def _guarded(ward: guard.Ward, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-P", guard.__file__, msgspec.json.encode(ward).decode()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd="/",
            start_new_session=True,
        )


def _first_line(process: subprocess.Popen[bytes], program: str, log: Path) -> int:
    assert process.stdout is not None
    with process.stdout as output:
        line = output.readline()
    if not line:
        process.wait()
        last = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise EngineUnavailable(f"{program} could not be started: {last}")
    return int(line)


def _children(pid: int) -> list[int]:
    return [int(one.name) for one in Path("/proc").glob("[0-9]*") if _state(int(one.name))[1] == pid]


def _state(pid: int) -> tuple[str, int]:
    """(state letter, parent's pid), as in proc(5); a process that is gone counts as a zombie of nobody."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "Z", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def _wait_for_end(pids: Sequence[int], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while any(_state(pid)[0] not in "ZX" for pid in pids):
        if time.monotonic() > deadline:
            raise EngineUnavailable(f"killed processes did not end within {within_s:.0f} s: {pids}")
        time.sleep(0.005)
