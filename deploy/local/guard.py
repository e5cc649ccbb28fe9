"""The small process between a launcher and its server, so that no server outlives its launcher. Run by `process.py`.

Why a process of its own: the kernel's parent-death signal (prctl(2), PR_SET_PDEATHSIG) fires when the *thread* that
started the child ends, and has to be asked for between fork and exec, where a launcher with several threads may
deadlock. The guard has one thread, so both are safe here: it watches the launcher, and the kernel watches the guard.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import msgspec

LOOK_EVERY_S = 0.5
_PR_SET_PDEATHSIG = 1


class Ward(msgspec.Struct, frozen=True):
    """What the guard starts, as whom (None: as itself), and what it does when the launcher is gone."""

    command: list[str]
    environment: dict[str, str]
    launcher_pid: int
    uid: int | None
    gid: int | None
    stop_signal: int
    grace_s: float
    remove: str | None = None
    """A folder that nobody wants any more once the launcher is gone."""


def guard(ward: Ward) -> None:
    """Start the server, print its pid, and stay until it ends or the launcher does."""
    server = _start(ward)
    print(server.pid, flush=True)
    while not _ended(server, LOOK_EVERY_S):
        if os.getppid() != ward.launcher_pid:
            _clear_away(server, ward)


def _start(ward: Ward) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ward.command,
        env=ward.environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        user=ward.uid,
        group=ward.gid,
        extra_groups=None if ward.uid is None else [],
        preexec_fn=_dies_with_guard(ward.stop_signal) if sys.platform == "linux" else None,  # noqa: PLW1509 (one thread)
    )


def _dies_with_guard(stop_signal: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None)
    guard_pid = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != guard_pid:
            os._exit(1)

    return ask_kernel


def _ended(server: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        server.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _clear_away(server: subprocess.Popen[bytes], ward: Ward) -> None:
    server.send_signal(ward.stop_signal)
    if not _ended(server, ward.grace_s):
        server.send_signal(signal.SIGKILL)
    if ward.remove is not None:
        server.wait()
        shutil.rmtree(ward.remove, ignore_errors=True)


if __name__ == "__main__":
    guard(msgspec.json.decode(sys.argv[1], type=Ward))
