"""What users want to receive. A user's choices change under the lock of the user's row."""

from collections.abc import Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import AuditEntry, SetPreferences, UserChoices
from engines.store.transactions.auditing import Recorded, record
from models import tables
from models.preferences import Choice, choices_json

USER = ("tenant_id", "user_id")
PREFERENCE = (*USER, "category", "channel")
VALUES = ("enabled", "updated_at")

Owner = tuple[bytes, bytes]
"""(tenant, user)."""
Kept = dict[Choice, bool]


def set_preferences(d: Dialect, operations: Sequence[SetPreferences]) -> Transaction[list[frozenset[bytes]]]:
    """Each finds what those before it chose. Users who chose nothing (any more) are marked so."""
    wanted = {(one.tenant, of_user.user) for one in operations for of_user in one.users}
    before = yield from _kept(d, wanted)
    after = {owner: dict(kept) for owner, kept in before.items()}
    entries: list[Recorded] = []
    changed_at: dict[Owner, int] = {}
    for one in operations:
        for of_user in one.users:
            owner = (one.tenant, of_user.user)
            if owner in after:
                if of_user.entry is not None:
                    entries.append((one.tenant, _entry(of_user, of_user.entry, after[owner])))
                _choose(of_user, after[owner])
                changed_at[owner] = one.at_us
    yield from _write(d, before, after, changed_at)
    yield from record(d, entries)
    return [
        frozenset([of_user.user for of_user in one.users if (one.tenant, of_user.user) not in after])
        for one in operations
    ]


def _kept(d: Dialect, owners: set[Owner]) -> Transaction[dict[Owner, Kept]]:
    """The choices of those of the users who exist."""
    people = yield from d.lookup(tables.users, ("tenant_id", "id"), owners, ("tenant_id", "id"), lock=True)
    kept: dict[Owner, Kept] = {(tenant, user): {} for tenant, user in people}
    rows = yield from d.lookup(tables.user_notification_preferences, USER, list(kept), (*PREFERENCE, "enabled"))
    for tenant, user, category, channel, enabled in rows:
        kept[tenant, user][category, channel] = bool(enabled)
    return kept


def _entry(one: UserChoices, entry: AuditEntry, kept: Kept) -> AuditEntry:
    return msgspec.structs.replace(
        entry, before=choices_json([(choice, kept.get(choice)) for choice, _ in one.choices])
    )


def _choose(one: UserChoices, kept: Kept) -> None:
    for choice, said in one.choices:
        if said is None:
            kept.pop(choice, None)
        else:
            kept[choice] = said


def _write(
    d: Dialect, before: dict[Owner, Kept], after: dict[Owner, Kept], changed_at: dict[Owner, int]
) -> Transaction[None]:
    made: list[Row] = []
    changed: list[Row] = []
    gone: list[Row] = []
    for owner, at_us in changed_at.items():
        old, new = before[owner], after[owner]
        made += [(*owner, *choice, said, at_us) for choice, said in new.items() if choice not in old]
        changed += [(*owner, *choice, said, at_us) for choice, said in new.items() if old.get(choice, said) is not said]
        gone += [(*owner, *choice) for choice in old if choice not in new]
    preferences = tables.user_notification_preferences
    yield from d.insert(preferences, (*PREFERENCE, *VALUES), made)
    yield from d.update(preferences, PREFERENCE, VALUES, changed)
    yield from d.delete(preferences, PREFERENCE, gone)
    times: list[Row] = [(*owner, at_us if after[owner] else None) for owner, at_us in changed_at.items()]
    yield from d.update(tables.users, ("tenant_id", "id"), ("preferences_at",), times)
