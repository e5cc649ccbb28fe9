"""People: users known by an external id, and their addresses."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import StaleKey, Upserted, UpsertUsers, UserRow
from models import tables
from models.vocabulary import HandleKind

HANDLE = ("tenant_id", "handle_blind")
PROFILE = ("locale", "time_zone", "data_sealed", "updated_at")
COLUMNS = ("tenant_id", "id", "handle_kind", "handle_blind", "handle_sealed", "wrapped_key", "created_at", *PROFILE)
ADDRESS = ("tenant_id", "user_id", "channel")

Item = tuple[bytes, UserRow, int]
"""(tenant, user, when)."""


def upsert_users(d: Dialect, operations: Sequence[UpsertUsers]) -> Transaction[list[list[Upserted | StaleKey]]]:
    """A user's key never changes here: who sealed under another one is told to read and seal again."""
    answers = []
    for one in operations:
        items = [(one.tenant, row, one.at_us) for row in one.rows]
        answers.append((yield from _upsert(d, items)))
    return answers


def _upsert(d: Dialect, items: Sequence[Item]) -> Transaction[list[Upserted | StaleKey]]:
    found = yield from d.lookup(
        tables.users, HANDLE, [(t, row.handle_blind) for t, row, _ in items],
        ("handle_blind", "id", "wrapped_key", "locale", "time_zone", "data_sealed"), lock=True,
    )  # fmt: skip
    known = {row[0]: row for row in found}
    missing = [item for item in items if item[1].handle_blind not in known]
    made = yield from d.insert_new(tables.users, COLUMNS, HANDLE, [_new(item) for item in missing])
    mine = [item for item in items if _same_key(item[1], known)]
    profiles = [(t, known[row.handle_blind][1], *_profile(row, known[row.handle_blind], at)) for t, row, at in mine]
    yield from d.update(tables.users, ("tenant_id", "id"), PROFILE, profiles)
    fresh = [item for item in missing if (item[0], item[1].handle_blind) in made]
    yield from _put_addresses(d, [(t, known[row.handle_blind][1], row, at) for t, row, at in mine])
    yield from _put_addresses(d, [(t, row.id, row, at) for t, row, at in fresh])
    created = {row.handle_blind for _, row, _ in fresh}
    return [_answer(row, known, created) for _, row, _ in items]


def _new(item: Item) -> Row:
    tenant, row, at = item
    return (
        tenant, row.id, HandleKind.EXTERNAL_ID.value, row.handle_blind, row.handle_sealed, row.wrapped_key, at,
        row.locale, row.time_zone, row.data_sealed, at,
    )  # fmt: skip


def _same_key(row: UserRow, known: dict[bytes, Row]) -> bool:
    return row.handle_blind in known and known[row.handle_blind][2] == row.wrapped_key


def _profile(row: UserRow, old: Row, at: int) -> Row:
    _, _, _, locale, time_zone, data = old
    return (row.locale or locale, row.time_zone or time_zone, row.data_sealed or data, at)


def _put_addresses(d: Dialect, items: Sequence[tuple[bytes, bytes, UserRow, int]]) -> Transaction[None]:
    rows: list[Row] = [
        (tenant, user, channel.value, blind, sealed, at)
        for tenant, user, row, at in items
        for channel, blind, sealed in row.addresses
    ]
    yield from d.delete(tables.user_channels, ADDRESS, [row[:3] for row in rows])
    yield from d.insert(tables.user_channels, (*ADDRESS, "address_blind", "address_sealed", "updated_at"), rows)


def _answer(row: UserRow, known: dict[bytes, Row], created: set[bytes]) -> Upserted | StaleKey:
    if row.handle_blind in created:
        return Upserted(row.id, created=True)
    if _same_key(row, known):
        return Upserted(known[row.handle_blind][1], created=False)
    return StaleKey()
