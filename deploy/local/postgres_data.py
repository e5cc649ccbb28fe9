"""Makes PostgreSQL data folders: initialised once, then copied. Called by `postgres.py`."""

import shutil
import subprocess
from functools import partial
from pathlib import Path

from deploy.local.account import Account
from deploy.local.cache import Cache
from deploy.local.postgres_programs import ENVIRONMENT, Programs
from errors import ConfigurationError, EngineUnavailable

_RECIPE = 1
"""Grows when the options of initdb below change, so that cached folders of the older kind are left alone."""
_INITDB = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8")


def ensure_data(data: Path, programs: Programs, account: Account | None, cache: Cache, *, durable: bool) -> None:
    """Make `data` a folder that the server can start on, unless it exists. It appears whole or not at all.

    Args:
        account: whose it becomes; None leaves it the caller's.
        durable: wait until the disk has it; worth nothing for a temporary folder.

    Raises:
        ConfigurationError: the account cannot reach the folder.
        EngineUnavailable: initdb failed; the message holds its reason.
    """
    if account is not None and not account.reaches(data.parent):
        raise ConfigurationError(f"{data.parent} cannot be reached by {account.name!r}, whom servers of root run as")
    if not data.exists():
        template = cache.entry(f"postgres-{programs.version}-data-{_RECIPE}", partial(_initialise, programs, account))
        _copy(template / "data", data, programs, account, durable)


def _initialise(programs: Programs, account: Account | None, into: Path) -> None:
    data = into / "data"
    data.mkdir(mode=0o700)
    if account is not None:
        account.own(data)
    _initdb(programs, account, *_INITDB, "-D", str(data))


def _copy(template: Path, data: Path, programs: Programs, account: Account | None, durable: bool) -> None:
    half = data.with_name(f"{data.name}.partial")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(template, half)
    if account is not None:
        account.own(half)
    if durable:
        _initdb(programs, account, "--sync-only", "-D", str(half))
    half.rename(data)


def _initdb(programs: Programs, account: Account | None, *arguments: str) -> None:
    ran = subprocess.run(
        [programs.path("initdb"), *arguments],
        env=ENVIRONMENT,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if ran.returncode != 0:
        raise EngineUnavailable(f"initdb failed: {ran.stderr.strip().rpartition(chr(10))[2]}")
