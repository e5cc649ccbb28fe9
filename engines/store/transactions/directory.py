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
PERSON = ("id", "wrapped_key", "locale", "time_zone", "data_sealed")

Item = tuple[bytes, UserRow, int]
"""(tenant, user, when)."""
People = dict[Row, Row]
"""(tenant, blind index) → values of `PERSON`."""


def upsert_users(d: Dialect, operations: Sequence[UpsertUsers]) -> Transaction[list[list[Upserted | StaleKey]]]:
    """A user's key never changes here: who sealed under another one is told to read and seal again.

    Those who are there are locked before anybody is made, each in key order: two writers never wait in a ring.
    """
    items = [(one.tenant, row, one.at_us) for one in operations for row in one.rows]
    people = yield from _locked(d, items)
    made = yield from _made(d, [item for item in items if _handle(item) not in people])
    people |= made
    created = {person[0] for person in made.values()}
    changes = [item for item in items if item[1].id not in created and _same_key(item, people)]
    yield from _put_profiles(d, changes, people)
    yield from _put_addresses(d, [item for item in items if _same_key(item, people)], people)
    return [[_answer((one.tenant, row, one.at_us), people, created) for row in one.rows] for one in operations]


def _handle(item: Item) -> Row:
    return item[0], item[1].handle_blind


def _locked(d: Dialect, items: Sequence[Item]) -> Transaction[People]:
    rows = yield from d.lookup(tables.users, HANDLE, {_handle(item) for item in items}, (*HANDLE, *PERSON), lock=True)
    return {tuple(row[:2]): tuple(row[2:]) for row in rows}


def _made(d: Dialect, items: Sequence[Item]) -> Transaction[People]:
    """Those of the users whom nobody else made meanwhile; of several for one handle, the first is made."""
    missing = {_handle(item): item for item in reversed(items)}
    made = yield from d.insert_new(tables.users, COLUMNS, HANDLE, [_new(item) for item in missing.values()])
    rows = {handle: missing[handle][1] for handle in made}
    return {key: (row.id, row.wrapped_key, row.locale, row.time_zone, row.data_sealed) for key, row in rows.items()}


def _new(item: Item) -> Row:
    tenant, row, at = item
    return (
        tenant, row.id, HandleKind.EXTERNAL_ID.value, row.handle_blind, row.handle_sealed, row.wrapped_key, at,
        row.locale, row.time_zone, row.data_sealed, at,
    )  # fmt: skip


def _same_key(item: Item, people: People) -> bool:
    person = people.get(_handle(item))
    return person is not None and person[1] == item[1].wrapped_key


def _put_profiles(d: Dialect, items: Sequence[Item], people: People) -> Transaction[None]:
    profiles: dict[Row, Row] = {}
    for item in items:
        tenant, row, at = item
        user, key, locale, time_zone, data = people[_handle(item)]
        profile = (row.locale or locale, row.time_zone or time_zone, row.data_sealed or data)
        people[_handle(item)] = (user, key, *profile)
        profiles[tenant, user] = (*profile, at)
    yield from d.update(tables.users, ("tenant_id", "id"), PROFILE, [(*key, *new) for key, new in profiles.items()])


def _put_addresses(d: Dialect, items: Sequence[Item], people: People) -> Transaction[None]:
    """The last of several for one user and channel stays."""
    rows: dict[Row, Row] = {
        (item[0], people[_handle(item)][0], channel.value): (blind, sealed, item[2])
        for item in items
        for channel, blind, sealed in item[1].addresses
    }
    columns = (*ADDRESS, "address_blind", "address_sealed", "updated_at")
    yield from d.delete(tables.user_channels, ADDRESS, list(rows))
    yield from d.insert(tables.user_channels, columns, [(*key, *address) for key, address in rows.items()])


def _answer(item: Item, people: People, created: set[bytes]) -> Upserted | StaleKey:
    if not _same_key(item, people):
        return StaleKey()
    user = people[_handle(item)][0]
    return Upserted(user, created=item[1].id == user and user in created)
