"""The closed list of what can be wrong between outside journals. Made by `bench.balance`, shown by feeds and drills."""

from enum import Enum

import msgspec


class Kind(Enum):
    """What can be wrong."""

    LOST = "lost"
    """Accepted, and nothing came of it."""
    DUPLICATE = "duplicate"
    """Came once more than the attempt log explains."""
    SWAP = "swap"
    """Reached somebody else, or said something else."""
    LEAK = "leak"
    """Reached somebody, and nobody had asked for it."""
    GAP = "gap"
    """A number of an inbox log is missing or came out of order."""
    UNSETTLED = "unsettled"
    """Neither final nor waiting for a known moment."""
    UNREASONED = "unreasoned"
    """Not delivered, and nobody says why."""
    CONTRADICTION = "contradiction"
    """The product's log says otherwise than an outside journal."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not balance."""

    kind: Kind
    text: str
