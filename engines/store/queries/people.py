"""Users and their addresses."""

import msgspec

from engines.store.base import FromTenant, FromTenants


class PersonRow(msgspec.Struct, frozen=True):
    """A user with everything but the addresses, sealed under `wrapped_key`."""

    tenant: bytes
    id: bytes
    handle_kind: int
    handle_blind: bytes
    handle_sealed: bytes
    wrapped_key: bytes
    locale: str | None
    time_zone: str | None
    data_sealed: bytes | None
    created_at: int


class PeopleById(FromTenants[PersonRow], frozen=True):
    """Users by id."""

    ids: tuple[bytes, ...]


class PeopleByHandle(FromTenant[PersonRow], frozen=True):
    """Users by blind index."""

    handles: tuple[bytes, ...]


class AddressRow(msgspec.Struct, frozen=True):
    """An address of a user, sealed under the user's key."""

    tenant: bytes
    user: bytes
    channel: int
    address_blind: bytes
    address_sealed: bytes


class AddressesOf(FromTenants[AddressRow], frozen=True):
    """All addresses of these users."""

    users: tuple[bytes, ...]


class RecipientRow(msgspec.Struct, frozen=True, gc=False):
    """What the orchestrator must know of a person."""

    tenant: bytes
    id: bytes
    locale: str | None
    preferences_at: int | None
    """None: nothing was ever chosen."""


class Recipients(FromTenants[RecipientRow], frozen=True):
    """Those of the users who exist."""

    ids: tuple[bytes, ...]


class ReachableRow(msgspec.Struct, frozen=True, gc=False):
    """A user has an address for a channel."""

    tenant: bytes
    user: bytes
    channel: int


class Reachable(FromTenants[ReachableRow], frozen=True):
    """For which channels these users have addresses."""

    users: tuple[bytes, ...]
