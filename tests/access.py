"""Operations on keys, members and tenants for tests of the store, each with its audit entry."""

import msgspec

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from engines.store.operations.auditing import facts
from models.clock import SystemClock
from models.ids import KEY, MEMBER, Ids, encode
from models.vocabulary import AuditAction, Role, TenantKind

clock = SystemClock()
ids = Ids(clock.now_us)
ACTOR = bytes(15) + b"\x01"
HOUR_US = 3_600_000_000
NOW_US = 1_800_000_000_000_000


def entry(action: AuditAction, subject: str = "x", after: bytes | None = None) -> op.AuditEntry:
    return op.AuditEntry(Role.ADMIN, ACTOR, "ci", action, subject, NOW_US, after=after)


async def make_tenant(store: Store, account: bytes | None = None) -> bytes:
    tenant = ids.new()
    await store.write(op.PutTenant(tenant, account or ids.new(), "acme", "live", TenantKind.LIVE, b"wrapped", NOW_US))
    return tenant


async def make_key(store: Store, tenant: bytes, role: Role = Role.ADMIN, expires_at: int | None = None) -> bytes:
    key = ids.new()
    audit = entry(AuditAction.KEY_CREATED, encode(KEY, key))
    await store.write(op.PutKey(tenant, key, key * 2, "ci", role, NOW_US, expires_at, ACTOR, 600, audit))
    return key


def revoke(tenant: bytes, key: bytes, at_us: int = NOW_US) -> op.RevokeKey:
    return op.RevokeKey(tenant, key, at_us, entry(AuditAction.KEY_REVOKED, encode(KEY, key)))


def rotate(tenant: bytes, key: bytes, grace_us: int = HOUR_US, expires_at: int | None = None) -> op.RotateKey:
    audit = entry(AuditAction.KEY_ROTATED, encode(KEY, key))
    new = ids.new()
    return op.RotateKey(tenant, key, new, new * 2, NOW_US + 10, grace_us, expires_at, ACTOR, audit)


def member(tenant: bytes, name: str, role: Role = Role.VIEWER) -> op.PutMember:
    blind = name.encode().ljust(32, b".")
    audit = entry(AuditAction.MEMBER_ADDED, after=facts(role=role.name))
    return op.PutMember(tenant, ids.new(), blind, b"sealed " + blind, b"sealed name", role, ACTOR, NOW_US, audit)


def change(tenant: bytes, id_: bytes, role: Role | None = None, name: bytes | None = None) -> op.ChangeMember:
    return op.ChangeMember(tenant, id_, role, name, NOW_US, entry(AuditAction.MEMBER_CHANGED, encode(MEMBER, id_)))


def remove(tenant: bytes, id_: bytes) -> op.RemoveMember:
    return op.RemoveMember(tenant, id_, NOW_US, entry(AuditAction.MEMBER_REMOVED, encode(MEMBER, id_)))


async def add(store: Store, tenant: bytes, name: str, role: Role = Role.VIEWER) -> bytes:
    answer = await store.write(member(tenant, name, role))
    assert isinstance(answer, op.MemberPut)
    return answer.id


async def audited(store: Store, tenant: bytes) -> list[q.AuditRow]:
    return list(await store.read(q.AuditPage(tenant, 0, 1 << 40, 5_000, newest_first=False)))


async def told(store: Store, tenant: bytes) -> list[tuple[AuditAction, object, object]]:
    """Every entry of a chain: what was done, what was before and after."""
    return [(AuditAction(row.action), _said(row.before), _said(row.after)) for row in await audited(store, tenant)]


def _said(facts_: bytes | None) -> object:
    return None if facts_ is None else msgspec.json.decode(facts_)
