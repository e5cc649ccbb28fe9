"""The account that engines run as when root starts them. Called by the launchers, because servers refuse to be root."""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from errors import ConfigurationError


class Account(msgspec.Struct, frozen=True):
    """A user of this machine without rights. It needs a name: initdb looks its own up."""

    name: str
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Make the folder and everything in it this account's."""
        for one in (folder, *folder.rglob("*")):
            os.chown(one, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, path: Path) -> bool:
        """Whether every folder that leads there, as far as it exists, lets this account pass."""
        return all(self._passes(one) for one in _existing(path.absolute()))

    def _passes(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == self.gid else stat.S_IXOTH))


def make_folder(folder: Path) -> None:
    """Make a folder and what is missing above it; those that root makes let every account pass, whatever the umask."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            one.chmod(0o755)


def _existing(path: Path) -> Iterator[Path]:
    return (one for one in (path, *path.parents) if one.is_dir())


def server_account(name: str = "nobody") -> Account | None:
    """Whom servers run as: None, meaning the caller's own account, unless the caller is root.

    Raises:
        ConfigurationError: root, on a machine without that account.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError as missing:
        raise ConfigurationError(f"servers must not run as root, and this machine has no account {name!r}") from missing
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
