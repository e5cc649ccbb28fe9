"""The audit log, as every store keeps it: what it tells, how it is read, and that tampering with it is found."""

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from deploy.local.postgres import Postgres
from engines.secrets.base import KeyRing
from engines.secrets.sealer import Sealer
from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.ids import KEY, encode
from models.paging import Paging
from models.principal import Principal
from models.vocabulary import AuditAction, Role, TenantKind
from tests.access import (
    ACTOR,
    HOUR_US,
    NOW_US,
    add,
    audited,
    entry,
    ids,
    make_key,
    make_tenant,
    member,
    remove,
    revoke,
    told,
)
from tests.guarded_database import naming
from tests.stores import open_postgres, open_sqlite
from usecases.read_audit_log import AuditFilter, ReadAuditLog
from usecases.verify_audit import PIECE, VerifyAudit

COPIED = "at, actor_role, actor, actor_name, action, subject, before, after, previous, hash"


async def test_every_change_is_told_with_what_was_before(store: Store) -> None:
    tenant = await make_tenant(store)
    await make_key(store, tenant)
    key = await make_key(store, tenant, Role.VIEWER, NOW_US + HOUR_US)
    ada = await add(store, tenant, "ada", Role.DEVELOPER)
    await store.write(revoke(tenant, key))
    await store.write(remove(tenant, ada))

    was = {"name": "ci", "role": "VIEWER", "expiresAt": "2027-01-15T09:00:00Z", "quotaPerMinute": 600}
    assert (await told(store, tenant))[2:] == [
        (AuditAction.MEMBER_ADDED, None, {"role": "DEVELOPER"}),
        (AuditAction.KEY_REVOKED, was, None),
        (AuditAction.MEMBER_REMOVED, {"role": "DEVELOPER"}, None),
    ]
    rows = await audited(store, tenant)
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous for row in rows] == [bytes(32), *[row.hash for row in rows[:-1]]]
    assert {(row.actor, row.actor_name, row.actor_role, row.at) for row in rows} == {(ACTOR, "ci", Role.ADMIN, NOW_US)}


async def test_what_is_refused_is_not_told(store: Store) -> None:
    tenant = await make_tenant(store)
    key = await make_key(store, tenant)
    before = await audited(store, tenant)

    await store.write(revoke(tenant, key))
    await store.write(revoke(tenant, ids.new()))
    await store.write(remove(tenant, ids.new()))

    assert await audited(store, tenant) == before


async def test_the_log_is_read_in_both_directions_and_by_each_filter(store: Store) -> None:
    tenant = await make_tenant(store)
    keys = [await make_key(store, tenant) for _ in range(4)]
    await add(store, tenant, "ada")
    await make_key(store, await make_tenant(store))

    async def numbers(
        *, newest_first: bool = True, limit: int = 10, after: int = 0, before: int = 99, **more: object
    ) -> list[int]:
        page = q.AuditPage(tenant, after, before, limit, newest_first, **more)  # type: ignore[arg-type]
        return [row.seq for row in await store.read(page)]

    assert await numbers() == [5, 4, 3, 2, 1]
    assert await numbers(newest_first=False, after=1, before=5) == [2, 3, 4]
    assert await numbers(before=5, limit=2) == [4, 3]
    assert await numbers(action=int(AuditAction.MEMBER_ADDED)) == [5]
    assert await numbers(subject=encode(KEY, keys[1])) == [2]
    assert await numbers(actor=ACTOR, limit=1) == [5] and await numbers(actor=ids.new()) == []
    assert await numbers(from_us=NOW_US, until_us=NOW_US + 1) == [5, 4, 3, 2, 1]
    assert await numbers(from_us=NOW_US + 1) == await numbers(until_us=NOW_US) == []
    assert {row.seq for row in await store.read(q.AuditEntries(tenant, (2, 4, 9)))} == {2, 4}


async def test_a_filter_that_fits_little_gives_short_pages_and_loses_nothing(store: Store) -> None:
    """Each page looks at five entries at most, in either direction."""
    tenant = await make_tenant(store)
    for name in ("ada", "eve", "bob"):
        await add(store, tenant, name)
        for _ in range(7):
            await make_key(store, tenant)
    sealer = Sealer(KeyRing(1, 1, {1: bytes(32)}))
    read, caller = ReadAuditLog(store, sealer, looked_at=5), Principal(tenant, ACTOR, Role.ADMIN, "ci")
    wanted = AuditFilter(action=AuditAction.MEMBER_ADDED)

    async def walked(*, forward: bool) -> list[int]:
        found: list[int] = []
        paging, pages = Paging(first=2) if forward else Paging(last=2), 0
        while True:
            page = await read(caller, wanted, paging)
            found += [row.seq for row in (page.items if forward else reversed(page.items))]
            pages += 1
            if not (page.has_next if forward else page.has_previous):
                break
            paging = Paging(first=2, after=page.end) if forward else Paging(last=2, before=page.start)
        assert pages == 5
        return found

    assert await walked(forward=True) == [17, 9, 1]
    assert await walked(forward=False) == [1, 9, 17]


async def test_writers_that_meet_in_the_log_leave_one_unbroken_chain(store: Store) -> None:
    tenants = [await make_tenant(store) for _ in range(3)]
    wanted = [member(tenant, f"{n}") for n in range(40) for tenant in tenants]
    keys = [(tenant, ids.new()) for _ in range(40) for tenant in tenants]

    await asyncio.gather(
        *[store.write(one) for one in wanted],
        *[
            store.write(op.PutKey(tenant, key, key * 2, "ci", Role.VIEWER, 1, audit=entry(AuditAction.KEY_CREATED)))
            for tenant, key in keys
        ],
    )

    for tenant in tenants:
        verdict = await VerifyAudit(store)(tenant)
        assert (verdict.entries, verdict.fault) == (80, None)


async def test_a_log_without_an_entry_holds(store: Store) -> None:
    verdict = await VerifyAudit(store)(await make_tenant(store))

    assert (verdict.entries, verdict.hash, verdict.holds) == (0, bytes(32), True)


@pytest.fixture(params=["sqlite", "postgres"])
async def planted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator["Planted"]:
    """A store, and somebody who writes past it."""
    if request.param == "sqlite":
        async with open_sqlite(tmp_path) as opened:
            yield Planted(opened, f"{tmp_path}/carillon.db", None)
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        owner_url: str = request.getfixturevalue("postgres_database")
        async with open_postgres(server, owner_url) as opened:
            yield Planted(opened, owner_url, server)


class Planted:
    """A tenant with three pieces of audit log, and a way to tamper with it."""

    def __init__(self, store: Store, place: str, server: Postgres | None) -> None:
        self.store = store
        self._place = place
        self._server = server
        self.tenant = ids.new()

    async def fill(self, count: int) -> None:
        await self.store.write(
            op.PutTenant(self.tenant, ids.new(), "acme", "live", TenantKind.LIVE, b"wrapped", NOW_US)
        )
        await asyncio.gather(*[make_key(self.store, self.tenant) for _ in range(count)])

    def tamper(self, *statements: str) -> None:
        if self._server is None:
            with sqlite3.connect(self._place) as database:
                for one in statements:
                    database.execute(one)
            database.close()
            return
        with psycopg.connect(self._place, autocommit=True) as owner, naming(owner, [str(uuid.UUID(bytes=self.tenant))]):
            for one in statements:
                owner.execute(one.encode())


@pytest.mark.parametrize(
    ("statements", "entries", "fault"),
    [
        (["UPDATE audit_log SET actor_name = 'somebody else' WHERE seq = 7"], 6, "entry 7 was changed"),
        (["UPDATE audit_log SET at = at + 1 WHERE seq = 1"], 0, "entry 1 was changed"),
        (["UPDATE audit_log SET action = 99 WHERE seq = 4"], 3, "entry 4 holds a role or an action that is none"),
        (["DELETE FROM audit_log WHERE seq = 5"], 4, "entry 5 is missing"),
        (["DELETE FROM audit_log WHERE seq > 10"], 10, "entry 11 is missing: the log should end with entry 12"),
        (
            [
                "UPDATE audit_log SET seq = 99 WHERE seq = 3",
                "UPDATE audit_log SET seq = 3 WHERE seq = 4",
                "UPDATE audit_log SET seq = 4 WHERE seq = 99",
            ],
            2,
            "entry 3 does not follow the one before it",
        ),
        (
            [f"INSERT INTO audit_log SELECT tenant_id, 13, {COPIED} FROM audit_log WHERE seq = 12"],
            12,
            "entry 13 was slipped in at the end",
        ),
    ],
    ids=["a change", "a time", "a number", "a removal", "an end cut off", "a swap", "an addition"],
)
async def test_planted_tampering_is_found_and_named(
    planted: Planted, statements: list[str], entries: int, fault: str
) -> None:
    await planted.fill(12)
    assert (await VerifyAudit(planted.store)(planted.tenant)).holds

    planted.tamper(*statements)

    verdict = await VerifyAudit(planted.store)(planted.tenant)
    assert (verdict.entries, verdict.fault) == (entries, fault)


async def test_a_long_log_is_walked_in_pieces(planted: Planted) -> None:
    await planted.fill(2 * PIECE + 100)

    assert (await VerifyAudit(planted.store)(planted.tenant)).entries == 2 * PIECE + 100
    planted.tamper(f"UPDATE audit_log SET subject = 'x' WHERE seq = {2 * PIECE + 50}")
    assert (await VerifyAudit(planted.store)(planted.tenant)).fault == f"entry {2 * PIECE + 50} was changed"
