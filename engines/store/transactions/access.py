"""Tenants and API keys."""

from collections.abc import Sequence

from msgspec.structs import replace

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import LastAdmin, PutKey, PutTenant, RevokeKey, Rotated, RotateKey
from engines.store.operations.access import NewKey
from engines.store.operations.auditing import AuditEntry, facts, key_facts, moment
from engines.store.transactions.admins import administrators
from engines.store.transactions.auditing import Recorded, lock_heads, record
from models import ids, tables
from models.vocabulary import Role

KEY = ("tenant_id", "id")
TERMS = ("name", "role", "created_at", "expires_at", "revoked_at", "quota_per_minute")
NEW_KEY = (*KEY, "hash", "name", "role", "created_at", "expires_at", "created_by", "quota_per_minute")

Keys = dict[Row, Row]
"""(tenant, key) → values of `TERMS`."""


def put_tenant(d: Dialect, operations: Sequence[PutTenant]) -> Transaction[list[None]]:
    """Make accounts and tenants that are not there yet."""
    accounts: dict[bytes, Row] = {one.account: (one.account, one.account_name, one.at_us) for one in operations}
    yield from d.insert_new(tables.accounts, ("id", "name", "created_at"), ("id",), list(accounts.values()))
    columns = ("id", "account_id", "name", "kind", "wrapped_key", "created_at")
    first = {one.id: one for one in reversed(operations)}
    rows: list[Row] = [
        (one.id, one.account, one.name, one.kind.value, one.wrapped_key, one.at_us) for one in first.values()
    ]
    made = yield from d.insert_new(tables.tenants, columns, ("id",), rows)
    pair = ("account_id", "tenant_id")
    yield from d.insert_new(tables.account_tenants, pair, pair, [(one.account, one.id) for one in first.values()])
    fresh = [one for one in first.values() if (one.id,) in made]
    yield from d.insert(tables.api_keys, NEW_KEY, [_key_row(one.id, key) for one in fresh for key in one.keys])
    entries = [(tenant, one.audit) for one in fresh if one.audit for tenant in (one.id, *one.witnesses)]
    yield from record(d, entries)
    return [None] * len(operations)


def put_key(d: Dialect, operations: Sequence[PutKey]) -> Transaction[list[None]]:
    """Store keys by their hashes."""
    yield from d.insert(tables.api_keys, NEW_KEY, [_key_row(one.tenant, one) for one in operations])
    yield from record(d, [(one.tenant, one.audit) for one in operations if one.audit])
    return [None] * len(operations)


def revoke_key(d: Dialect, operations: Sequence[RevokeKey]) -> Transaction[list[bool | LastAdmin]]:
    """End keys; a key ends once, and the last administrator stays."""
    admins = yield from administrators(d, {one.tenant for one in operations})
    keys = yield from _standing(d, [(one.tenant, one.id) for one in operations])
    answers: list[bool | LastAdmin] = []
    ended: list[Row] = []
    entries: list[Recorded] = []
    for one in operations:
        terms = keys.get((one.tenant, one.id))
        if terms is None:
            answers.append(False)
        elif admins.is_last(one.tenant, one.id, one.at_us):
            answers.append(LastAdmin())
        else:
            answers.append(True)
            del keys[one.tenant, one.id]
            admins.drop(one.tenant, one.id)
            ended.append((one.tenant, one.id, one.at_us))
            entries += _recorded(one.tenant, one.audit, terms)
    yield from d.update(tables.api_keys, KEY, ("revoked_at",), ended)
    yield from record(d, entries)
    return answers


def rotate_key(d: Dialect, operations: Sequence[RotateKey]) -> Transaction[list[Rotated | None]]:
    """Make keys like others, which end after a while."""
    yield from lock_heads(d, {one.tenant for one in operations})
    keys = yield from _standing(d, [(one.tenant, one.id) for one in operations])
    answers: list[Rotated | None] = []
    made: list[Row] = []
    ends: dict[Row, int] = {}
    entries: list[Recorded] = []
    for one in operations:
        old: Row = (one.tenant, one.id)
        rotated = _rotated(one, keys.get(old))
        answers.append(rotated)
        if rotated is not None:
            ends[old] = rotated.old_expires_at
            entries += _recorded(one.tenant, _told(one, rotated), keys[old])
            name, role, created_at, _, revoked_at, quota = keys[old]
            keys[old] = (name, role, created_at, rotated.old_expires_at, revoked_at, quota)
            made.append(_key_row(one.tenant, _like(one, rotated)))
    yield from d.insert(tables.api_keys, NEW_KEY, made)
    yield from d.update(tables.api_keys, KEY, ("expires_at",), [(*key, end) for key, end in ends.items()])
    yield from record(d, entries)
    return answers


def _standing(d: Dialect, keys: Sequence[Row]) -> Transaction[Keys]:
    """Those of the keys that were not revoked."""
    rows = yield from d.lookup(tables.api_keys, KEY, set(keys), (*KEY, *TERMS))
    found = {tuple(row[:2]): tuple(row[2:]) for row in rows}
    return {key: terms for key, terms in found.items() if terms[4] is None}


def _rotated(one: RotateKey, terms: Row | None) -> Rotated | None:
    if terms is None or (terms[3] is not None and terms[3] <= one.at_us):
        return None
    name, role, created_at, expires_at, _, quota = terms
    as_long = None if expires_at is None else one.at_us + expires_at - created_at
    old_ends = one.at_us + one.grace_us
    return Rotated(
        name=name,
        role=Role(role),
        expires_at=as_long if one.expires_at is None else one.expires_at,
        old_expires_at=old_ends if expires_at is None else min(old_ends, expires_at),
        quota_per_minute=quota,
    )


def _like(one: RotateKey, rotated: Rotated) -> NewKey:
    return NewKey(
        one.new_id, one.new_hash, rotated.name, rotated.role, one.at_us, rotated.expires_at, one.created_by,
        rotated.quota_per_minute,
    )  # fmt: skip


def _told(one: RotateKey, rotated: Rotated) -> AuditEntry:
    after = facts(
        expiresAt=moment(rotated.old_expires_at),
        newKey=ids.encode(ids.KEY, one.new_id),
        newExpiresAt=moment(rotated.expires_at),
    )
    return replace(one.audit, after=after)


def _recorded(tenant: bytes, entry: AuditEntry | None, terms: Row) -> list[Recorded]:
    if entry is None:
        return []
    name, role, _, expires_at, _, quota = terms
    return [(tenant, replace(entry, before=key_facts(name, Role(role), expires_at, quota)))]


def _key_row(tenant: bytes, key: NewKey | PutKey) -> Row:
    return (
        tenant, key.id, key.hash, key.name, key.role.value, key.at_us, key.expires_at, key.created_by,
        key.quota_per_minute,
    )  # fmt: skip
