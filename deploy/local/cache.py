"""Where fetched programs and prepared data folders are kept between runs. Called by the launchers."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.account import Account, make_folder

FOR_ROOT = Path("/var/cache")
"""Used by root when its own cache folder lies where no other account may look, as it usually does."""


class Cache:
    """A folder of entries, each filled once and whole, however many processes ask for it at the same time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entry(self, name: str, fill: Callable[[Path], None]) -> Path:
        """The folder of that name. If it is missing, `fill` gets an empty folder, which takes the name when it returns.

        Others who ask meanwhile wait. What a dead process left half filled is thrown away.
        """
        entry = self.folder / name
        if not entry.exists():
            make_folder(self.folder)
            with _locked(self.folder / f"{name}.lock"):
                if not entry.exists():
                    self._fill(entry, fill)
        return entry

    def _fill(self, entry: Path, fill: Callable[[Path], None]) -> None:
        partial = entry.with_name(f"{entry.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        partial.chmod(0o755)
        try:
            fill(partial)
            partial.rename(entry)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def engines_cache(account: Account | None, environment: Mapping[str, str] = os.environ) -> Cache:
    """`carillon/engines` in $XDG_CACHE_HOME or ~/.cache; for root in /var/cache, if `account` cannot reach those."""
    base = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if account is not None and not account.reaches(base):
        base = FOR_ROOT
    return Cache(base / "carillon" / "engines")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
