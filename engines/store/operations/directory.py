"""Users and their addresses."""

import msgspec

from engines.store.base import OfTenant
from models.vocabulary import Channel


class UserRow(msgspec.Struct, frozen=True):
    """A user as it shall stand. Sealed fields are sealed under `wrapped_key`; None leaves what is there."""

    id: bytes
    handle_blind: bytes
    handle_sealed: bytes
    wrapped_key: bytes
    locale: str | None
    time_zone: str | None
    data_sealed: bytes | None
    addresses: tuple[tuple[Channel, bytes, bytes], ...]
    """(channel, blind index, sealed address)."""


class Upserted(msgspec.Struct, frozen=True):
    """The user stands as asked."""

    id: bytes
    created: bool


class StaleKey(msgspec.Struct, frozen=True):
    """Nothing was written: the user has another key by now; read it, seal again, and repeat."""


class UpsertUsers(OfTenant[list[Upserted | StaleKey]], frozen=True):
    """Makes or changes users known by an external id. One answer per row, in order; blind indexes must be distinct."""

    rows: tuple[UserRow, ...]
    at_us: int

    def size(self) -> int:
        """A user and an address each."""
        return 2 * len(self.rows)
