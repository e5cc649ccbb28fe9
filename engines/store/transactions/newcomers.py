"""From what a caller named to user ids; address-only users are made here on their first notification."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import Newcomer, NewNotification
from models import tables

HANDLE = ("tenant_id", "handle_blind")
USER_COLUMNS = (
    "tenant_id", "id", "handle_kind", "handle_blind", "handle_sealed", "wrapped_key", "created_at", "updated_at",
)  # fmt: skip
CHANNEL_COLUMNS = ("tenant_id", "user_id", "channel", "address_blind", "address_sealed", "updated_at")

Item = tuple[bytes, NewNotification]


def audiences(d: Dialect, items: Sequence[Item]) -> Transaction[dict[bytes, list[bytes | None]]]:
    """Notification id → user ids in the caller's order, None where nobody is known by that id or handle."""
    ids = yield from _known_ids(d, items)
    handles = yield from _known_handles(d, items)
    return {
        item.id: [user if (tenant, user) in ids else None for user in item.users]
        or [handles.get((tenant, handle)) for handle in item.handles]
        for tenant, item in items
    }


def _known_ids(d: Dialect, items: Sequence[Item]) -> Transaction[set[Row]]:
    wanted = {(tenant, user) for tenant, item in items for user in item.users}
    rows = yield from d.lookup(tables.users, ("tenant_id", "id"), wanted, ("tenant_id", "id"))
    return {tuple(row) for row in rows}


def _known_handles(d: Dialect, items: Sequence[Item]) -> Transaction[dict[Row, bytes]]:
    wanted = {(tenant, handle) for tenant, item in items for handle in item.handles}
    known = yield from _ids_by_handle(d, wanted)
    missing = {
        (tenant, item.newcomer.handle_blind): (item.newcomer, item.created_at)
        for tenant, item in reversed(items)
        if item.newcomer is not None and (tenant, item.newcomer.handle_blind) not in known
    }
    if missing:
        yield from _welcome(d, missing)
        known |= yield from _ids_by_handle(d, set(missing))
    return known


def _ids_by_handle(d: Dialect, handles: set[tuple[bytes, bytes]]) -> Transaction[dict[Row, bytes]]:
    rows = yield from d.lookup(tables.users, HANDLE, handles, (*HANDLE, "id"))
    return {(tenant, handle): user for tenant, handle, user in rows}


def _welcome(d: Dialect, missing: dict[tuple[bytes, bytes], tuple[Newcomer, int]]) -> Transaction[None]:
    rows: list[Row] = [
        (tenant, one.id, int(one.handle_kind), one.handle_blind, one.handle_sealed, one.wrapped_key, at, at)
        for (tenant, _), (one, at) in missing.items()
    ]
    made = yield from d.insert_new(tables.users, USER_COLUMNS, HANDLE, rows)
    addresses: list[Row] = [
        (tenant, one.id, int(one.channel), one.address_blind, one.address_sealed, at)
        for (tenant, handle), (one, at) in missing.items()
        if (tenant, handle) in made
    ]
    yield from d.insert(tables.user_channels, CHANNEL_COLUMNS, addresses)
