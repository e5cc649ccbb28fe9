"""The place in a user's inbox log that a client holds: opaque, bound to its user, and forgery-proof."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from engines.secrets.sealer import Sealer

_FORM = struct.Struct(">BQQ")
_VERSION = 1
_MAC_BYTES = 12
PURPOSE = b"inbox-cursor"


class Place(msgspec.Struct, frozen=True):
    """After event `seq` of the log that was born at `epoch`; both 0 where the user had no log yet."""

    epoch: int
    seq: int


class InboxCursors:
    """Writes and reads cursors."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def write(self, tenant: bytes, user: bytes, place: Place) -> str:
        """The client's text: 40 characters, URL-safe."""
        form = _FORM.pack(_VERSION, place.epoch, place.seq)
        mac = self._sealer.mac(PURPOSE, form + tenant + user)
        return urlsafe_b64encode(form + mac).rstrip(b"=").decode()

    def read(self, tenant: bytes, user: bytes, text: str) -> Place | None:
        """The place, or None where the text is not a cursor that was written for this user."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        form, mac = raw[: _FORM.size], raw[_FORM.size :]
        if len(mac) != _MAC_BYTES or not self._sealer.verify_mac(PURPOSE, form + tenant + user, mac):
            return None
        _, epoch, seq = _FORM.unpack(form)
        return Place(epoch, seq)
