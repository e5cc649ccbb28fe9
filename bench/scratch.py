"""The folder of one run: database, logs and journals are evidence until it has passed. Used by feeds and drills."""

import shutil
import tempfile
from pathlib import Path


def new_folder(purpose: str) -> Path:
    """An empty one among the system's temporary files."""
    return Path(tempfile.mkdtemp(prefix=f"carillon-{purpose}-"))


def forget(folder: Path) -> None:
    """Remove it with all that it holds."""
    shutil.rmtree(folder)
