"""The simulated server's own record of every outcome, one JSON line each. Written by SMTP, read by drills."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from errors import ConfigurationError, CorruptData
from simulator.scripts import Stage


class Line(msgspec.Struct, frozen=True):
    """What became of one recipient of one mail."""

    at: int
    """Microseconds since 1970 UTC."""
    sender: str = msgspec.field(name="from")
    to: str
    stage: Stage
    answer: str | None
    """The SMTP reply as it was said; None where nothing was."""
    taken: bool
    """A copy of the mail exists on the receiver's side, whether or not the sender was told."""
    script: str | None = None
    """The script that decided; None for ordinary addresses."""
    message_id: str | None = None
    """Without angle brackets; None for outcomes at RCPT, where it is not known yet."""
    subject: str | None = None
    headers: dict[str, str] = {}
    """Every `X-` field of the mail."""


class Journal:
    """An append-only file. A line is with the operating system before the client hears the answer.

    Raises:
        ConfigurationError: the file cannot be opened for appending.
    """

    def __init__(self, path: Path) -> None:
        self._encoder = msgspec.json.Encoder()
        try:
            self._file = path.open("ab")
        except OSError as problem:
            raise ConfigurationError(f"journal {path} cannot be opened for appending: {problem}") from problem

    def write(self, lines: Sequence[Line]) -> None:
        """Append and flush, so that the lines outlive this process (but not a loss of power)."""
        self._file.write(b"".join([self._encoder.encode(line) + b"\n" for line in lines]))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> list[Line]:
    """Every finished line, in order; a last line without its end is left out, as its writer may be at it.

    Raises:
        CorruptData: a finished line is none of ours.
    """
    decoder = msgspec.json.Decoder(Line)
    finished = path.read_bytes().split(b"\n")[:-1]
    try:
        return [decoder.decode(line) for line in finished]
    except msgspec.DecodeError as problem:
        raise CorruptData(f"{path} is not a journal of the simulator: {problem}") from problem
