"""Members: people who sign in elsewhere."""

from collections.abc import Sequence

from msgspec.structs import replace

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import ChangeMember, LastAdmin, MemberPut, MemberThere, PutMember, RemoveMember
from engines.store.operations.auditing import facts
from engines.store.transactions.admins import Admins, administrators
from engines.store.transactions.auditing import Recorded, lock_heads, record
from models import ids, tables
from models.vocabulary import Role

KEY = ("tenant_id", "id")
IDENTITY = ("tenant_id", "identity_blind")
TERMS = ("role", "name_sealed", "updated_at", "removed_at")
AGAIN = ("identity_sealed", "created_by", *TERMS)
NEW_MEMBER = (*KEY, "identity_blind", "created_at", *AGAIN)

Members = dict[Row, tuple[int, bytes | None]]
"""(tenant, member) → role and sealed name."""


def put_member(d: Dialect, operations: Sequence[PutMember]) -> Transaction[list[MemberPut | MemberThere]]:
    """Add members; who was removed comes back as they were known."""
    yield from lock_heads(d, {one.tenant for one in operations})
    wanted = {(one.tenant, one.identity_blind) for one in operations}
    rows = yield from d.lookup(tables.members, IDENTITY, wanted, (*IDENTITY, "id", "removed_at"))
    known = {tuple(row[:2]): (row[2], row[3]) for row in rows}
    made: list[Row] = []
    again: list[Row] = []
    answers: list[MemberPut | MemberThere] = []
    entries: list[Recorded] = []
    for one in operations:
        id_, removed_at = known.get((one.tenant, one.identity_blind), (one.id, 0))
        if removed_at is None:
            answers.append(MemberThere(id_))
            continue
        known[one.tenant, one.identity_blind] = (id_, None)
        answers.append(MemberPut(id_))
        values = (one.identity_sealed, one.created_by, one.role.value, one.name_sealed, one.at_us, None)
        if id_ == one.id:
            made.append((one.tenant, id_, one.identity_blind, one.at_us, *values))
        else:
            again.append((one.tenant, id_, *values))
        entries.append((one.tenant, replace(one.audit, subject=ids.encode(ids.MEMBER, id_))))
    yield from d.insert(tables.members, NEW_MEMBER, made)
    yield from d.update(tables.members, KEY, AGAIN, again)
    yield from record(d, entries)
    return answers


def change_member(d: Dialect, operations: Sequence[ChangeMember]) -> Transaction[list[bool | LastAdmin]]:
    """Give members another role or name; the last administrator stays one."""
    admins = yield from administrators(d, {one.tenant for one in operations})
    members = yield from _present(d, operations)
    changed: dict[Row, Row] = {}
    answers: list[bool | LastAdmin] = []
    entries: list[Recorded] = []
    for one in operations:
        key: Row = (one.tenant, one.id)
        answer = _judged(one, members, admins, leaves=one.role not in {None, Role.ADMIN})
        answers.append(answer)
        if answer is True:
            role, name = members[key]
            new_role = role if one.role is None else one.role.value
            members[key] = (new_role, one.name_sealed or name)
            _note(admins, key, new_role)
            changed[key] = (*members[key], one.at_us, None)
            after = facts(role=Role(new_role).name, renamed=True if one.name_sealed else None)
            entries.append((one.tenant, replace(one.audit, before=facts(role=Role(role).name), after=after)))
    yield from d.update(tables.members, KEY, TERMS, [(*key, *terms) for key, terms in changed.items()])
    yield from record(d, entries)
    return answers


def remove_member(d: Dialect, operations: Sequence[RemoveMember]) -> Transaction[list[bool | LastAdmin]]:
    """End memberships; the last administrator stays."""
    admins = yield from administrators(d, {one.tenant for one in operations})
    members = yield from _present(d, operations)
    gone: list[Row] = []
    answers: list[bool | LastAdmin] = []
    entries: list[Recorded] = []
    for one in operations:
        answer = _judged(one, members, admins, leaves=True)
        answers.append(answer)
        if answer is True:
            role, _ = members.pop((one.tenant, one.id))
            admins.drop(one.tenant, one.id)
            gone.append((one.tenant, one.id, role, None, one.at_us, one.at_us))
            entries.append((one.tenant, replace(one.audit, before=facts(role=Role(role).name))))
    yield from d.update(tables.members, KEY, TERMS, gone)
    yield from record(d, entries)
    return answers


def _present(d: Dialect, operations: Sequence[ChangeMember | RemoveMember]) -> Transaction[Members]:
    wanted = {(one.tenant, one.id) for one in operations}
    rows = yield from d.lookup(tables.members, KEY, wanted, (*KEY, *TERMS))
    return {(tenant, id_): (role, name) for tenant, id_, role, name, _, removed_at in rows if removed_at is None}


def _judged(one: ChangeMember | RemoveMember, members: Members, admins: Admins, *, leaves: bool) -> bool | LastAdmin:
    if (one.tenant, one.id) not in members:
        return False
    if leaves and admins.is_last(one.tenant, one.id, one.at_us):
        return LastAdmin()
    return True


def _note(admins: Admins, key: Row, role: int) -> None:
    if role == Role.ADMIN:
        admins.put(*key)
    else:
        admins.drop(*key)
