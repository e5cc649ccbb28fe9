"""Keys, members and tenants, as every store keeps them; told by operations and queries alone."""

import asyncio

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.ids import KEY, MEMBER, encode
from models.vocabulary import AuditAction, Role, TenantKind
from tests.access import (
    ACTOR,
    HOUR_US,
    NOW_US,
    add,
    audited,
    change,
    entry,
    ids,
    make_key,
    make_tenant,
    member,
    remove,
    revoke,
    rotate,
    told,
)

# --------------------------------------------------------------------------------------------------------------- keys


async def test_a_key_is_kept_with_who_made_it_and_what_it_may_send(store: Store) -> None:
    tenant = await make_tenant(store)
    key = await make_key(store, tenant, Role.DEVELOPER, NOW_US + HOUR_US)

    [row] = await store.read(q.KeysById((tenant,), (key,)))
    assert (row.name, row.role, row.expires_at) == ("ci", Role.DEVELOPER, NOW_US + HOUR_US)
    assert (row.created_by, row.quota_per_minute) == (ACTOR, 600)


async def test_a_key_that_several_revoke_at_once_is_revoked_by_one_of_them(store: Store) -> None:
    tenant = await make_tenant(store)
    await make_key(store, tenant)
    key = await make_key(store, tenant)

    answers = await asyncio.gather(*[store.write(revoke(tenant, key)) for _ in range(20)])

    assert sorted(map(repr, answers)) == ["False"] * 19 + ["True"]
    assert [action for action, _, _ in await told(store, tenant)].count(AuditAction.KEY_REVOKED) == 1


async def test_the_last_administrator_stays_however_many_try_at_once(store: Store) -> None:
    tenant = await make_tenant(store)
    keys = [await make_key(store, tenant) for _ in range(3)]
    person = await add(store, tenant, "ada", Role.ADMIN)

    answers = await asyncio.gather(
        *[store.write(revoke(tenant, key)) for key in keys],
        store.write(remove(tenant, person)),
        store.write(change(tenant, person, Role.VIEWER)),
    )

    left = [row.id for row in await store.read(q.KeysPage(tenant, NOW_US, 10)) if row.role == Role.ADMIN]
    people = [row.id for row in await store.read(q.MembersOf(tenant, 10)) if row.role == Role.ADMIN]
    assert len(left) + len(people) == 1
    assert op.LastAdmin() in answers
    assert [await store.write(revoke(tenant, key)) for key in left] == [op.LastAdmin() for _ in left]
    assert [await store.write(remove(tenant, one)) for one in people] == [op.LastAdmin() for _ in people]


async def test_a_key_that_ended_by_itself_is_no_administrator(store: Store) -> None:
    tenant = await make_tenant(store)
    await make_key(store, tenant, expires_at=NOW_US + 1)
    key = await make_key(store, tenant)

    assert await store.write(revoke(tenant, key, NOW_US + 1)) == op.LastAdmin()
    assert await store.write(revoke(tenant, key, NOW_US)) is True


async def test_a_rotated_key_is_followed_by_one_like_it(store: Store) -> None:
    tenant = await make_tenant(store)
    old = await make_key(store, tenant)
    wanted = rotate(tenant, old)

    answer = await store.write(wanted)

    assert answer == op.Rotated("ci", Role.ADMIN, None, NOW_US + 10 + HOUR_US, 600)
    rows = {row.id: row for row in await store.read(q.KeysById((tenant,), (old, wanted.new_id)))}
    assert rows[old].expires_at == NOW_US + 10 + HOUR_US and rows[old].revoked_at is None
    new = rows[wanted.new_id]
    assert (new.hash, new.name, new.role, new.expires_at, new.created_by) == (
        wanted.new_hash, "ci", Role.ADMIN, None, ACTOR,
    )  # fmt: skip
    assert new.quota_per_minute == 600
    action, before, after = (await told(store, tenant))[-1]
    assert (action, before) == (AuditAction.KEY_ROTATED, {"name": "ci", "role": "ADMIN", "quotaPerMinute": 600})
    assert after == {"newKey": encode(KEY, wanted.new_id), "expiresAt": "2027-01-15T09:00:00.000010Z"}


async def test_a_key_with_an_end_is_followed_by_one_that_lives_as_long_or_as_asked(store: Store) -> None:
    tenant = await make_tenant(store)
    soon, later = [await make_key(store, tenant, expires_at=NOW_US + end) for end in (60, 24 * HOUR_US)]

    first = await store.write(rotate(tenant, soon))
    second = await store.write(rotate(tenant, later, grace_us=0, expires_at=NOW_US + 5 * HOUR_US))

    assert isinstance(first, op.Rotated) and (first.old_expires_at, first.expires_at) == (NOW_US + 60, NOW_US + 70)
    assert isinstance(second, op.Rotated) and second.old_expires_at == NOW_US + 10
    assert second.expires_at == NOW_US + 5 * HOUR_US
    assert await store.write(rotate(tenant, later)) is None, "it has ended"
    assert await store.write(rotate(tenant, ids.new())) is None
    assert await store.write(rotate(await make_tenant(store), soon)) is None, "another tenant's"


async def test_keys_are_listed_newest_first_with_those_that_ended_or_without(store: Store) -> None:
    tenant = await make_tenant(store)
    first, expired, revoked, last = [await make_key(store, tenant, expires_at=end) for end in (None, 1, None, None)]
    await store.write(revoke(tenant, revoked))
    await make_key(store, await make_tenant(store))

    async def listed(at_us: int, limit: int = 10) -> list[bytes]:
        return [row.id for row in await store.read(q.KeysPage(tenant, at_us, limit))]

    assert await listed(NOW_US) == [last, first]
    assert await listed(-1) == [last, revoked, expired, first]
    assert await listed(-1, limit=2) == [last, revoked]


# ------------------------------------------------------------------------------------------------------------ members


async def test_a_member_is_added_once_and_comes_back_as_the_same(store: Store) -> None:
    tenant, other = await make_tenant(store), await make_tenant(store)
    first = await add(store, tenant, "ada")

    assert await store.write(member(tenant, "ada", Role.ADMIN)) == op.MemberThere(first)
    assert await add(store, other, "ada") != first
    assert await store.write(remove(tenant, first)) is True
    assert await store.write(remove(tenant, first)) is False
    assert list(await store.read(q.MembersOf(tenant, 10))) == []
    assert await store.write(member(tenant, "ada", Role.DEVELOPER)) == op.MemberPut(first)
    [row] = await store.read(q.MembersById((tenant,), (first,)))
    assert (row.id, row.role, row.name_sealed) == (first, Role.DEVELOPER, b"sealed name")
    assert {one.subject for one in await audited(store, tenant)} == {encode(MEMBER, first)}


async def test_many_who_add_one_person_at_once_make_one_member(store: Store) -> None:
    tenant = await make_tenant(store)

    answers = await asyncio.gather(*[store.write(member(tenant, "ada")) for _ in range(20)])

    assert len({one.id for one in answers}) == 1 and sum(isinstance(one, op.MemberPut) for one in answers) == 1
    assert len(await store.read(q.MembersOf(tenant, 10))) == 1


async def test_members_are_found_by_who_they_are_elsewhere_unless_removed(store: Store) -> None:
    tenant, other = await make_tenant(store), await make_tenant(store)
    ada, eve = await add(store, tenant, "ada"), await add(store, tenant, "eve")
    blinds = tuple([name.encode().ljust(32, b".") for name in ("ada", "eve", "bob")])

    async def found() -> set[bytes]:
        return {row.id for row in await store.read(q.MembersByIdentity((tenant, other), blinds))}

    assert await found() == {ada, eve}
    await store.write(remove(tenant, eve))
    assert await found() == {ada}
    assert list(await store.read(q.MembersByIdentity((other,), blinds))) == []


async def test_changes_of_one_member_at_once_all_count_and_are_told_in_order(store: Store) -> None:
    tenant = await make_tenant(store)
    await make_key(store, tenant)
    ada = await add(store, tenant, "ada")

    answers = await asyncio.gather(
        *[store.write(change(tenant, ada, role, name)) for role, name in ((Role.ADMIN, None), (None, b"new name"))]
    )

    assert answers == [True, True]
    [row] = await store.read(q.MembersById((tenant,), (ada,)))
    assert (row.role, row.name_sealed) == (Role.ADMIN, b"new name")
    assert (await told(store, tenant))[-2:] == [
        (AuditAction.MEMBER_CHANGED, {"role": "VIEWER"}, {"role": "ADMIN"}),
        (AuditAction.MEMBER_CHANGED, {"role": "ADMIN"}, {"role": "ADMIN", "renamed": True}),
    ]
    assert await store.write(change(tenant, ids.new(), Role.VIEWER)) is False
    assert await store.write(change(await make_tenant(store), ada, Role.VIEWER)) is False


# ------------------------------------------------------------------------------------------------------------ tenants


async def test_an_account_lists_its_tenants_oldest_first(store: Store) -> None:
    account = ids.new()
    tenants = [await make_tenant(store, account) for _ in range(3)]
    await make_tenant(store)

    assert [row.id for row in await store.read(q.TenantsOf(account, 10))] == tenants
    assert [row.id for row in await store.read(q.TenantsOf(account, 2))] == tenants[:2]


async def test_a_tenant_is_made_once_with_its_keys_and_told_where_it_matters(store: Store) -> None:
    account = ids.new()
    maker, tenant, key = await make_tenant(store, account), ids.new(), ids.new()
    put = op.PutTenant(
        id=tenant,
        account=account,
        account_name="",
        name="test",
        kind=TenantKind.TEST,
        wrapped_key=b"wrapped",
        at_us=NOW_US,
        keys=(op.NewKey(key, key * 2, "first key", Role.ADMIN, NOW_US),),
        witnesses=(maker,),
        audit=entry(AuditAction.TENANT_CREATED),
    )

    await asyncio.gather(*[store.write(put) for _ in range(5)])

    assert [row.id for row in await store.read(q.KeysPage(tenant, NOW_US, 10))] == [key]
    for chain in (maker, tenant):
        assert [action for action, _, _ in await told(store, chain)] == [AuditAction.TENANT_CREATED]
