"""Reads the place out of an inbox cursor. A client must not; a checker of gaps has to. Used by feeds and drills."""

import struct
from base64 import urlsafe_b64decode

_FORM = struct.Struct(">BQQ")


def seq_of(cursor: str) -> int:
    """The number of the event after which the cursor stands."""
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    _version, _epoch, seq = _FORM.unpack_from(raw)
    return int(seq)
