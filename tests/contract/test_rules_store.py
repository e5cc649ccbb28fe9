"""Categories, defaults, preferences and what users had lately, told by operations and queries alone, on each store."""

import asyncio

import msgspec
import pytest

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.preferences import Choice
from models.rules import ITS_OWN, Category, TenantRules
from models.states import STOPPED, DeliveryState, Outcome, ReasonCode
from models.topics import Lane
from models.vocabulary import AuditAction, Channel, Priority, RevisionKind, Role, WhenUnknown
from tests.contract.test_store import clock, ids, make_tenant, make_users, notification, settlement
from tests.pipelines import SECOND_US

EMAIL, IN_APP = Channel.EMAIL.value, Channel.IN_APP.value
FULL = Category(
    "orders", "Orders", "About orders", False, ITS_OWN | 1 << Channel.EMAIL, Priority.HIGH, 3_600, WhenUnknown.HOLD,
    False,
)  # fmt: skip


def entry(action: AuditAction, subject: str) -> op.AuditEntry:
    return op.AuditEntry(Role.ADMIN, ids.new(), "key", action, subject, clock.now_us(), after=b"{}")


def put(tenant: bytes, *categories: Category, most: int = 200) -> op.PutCategories:
    new = [op.NewCategory(ids.new(), one, entry(AuditAction.CATEGORY_PUT, one.key)) for one in categories]
    return op.PutCategories(tenant, tuple(new), most, clock.now_us())


async def written(store: Store, operation: op.PutCategories) -> tuple[op.CategoryPut, ...]:
    answer = await store.write(operation)
    assert not isinstance(answer, op.TooManyCategories)
    return answer


def chosen(user: bytes, *choices: tuple[Choice, bool | None], told: bool = False) -> op.UserChoices:
    return op.UserChoices(user, choices, entry(AuditAction.PREFERENCES_SET, "usr") if told else None)


async def revision(store: Store, tenant: bytes) -> int:
    rows = await store.read(q.Revisions((tenant,)))
    return next((row.revision for row in rows if row.kind == RevisionKind.RULES), 0)


async def kept(store: Store, tenant: bytes, *users: bytes) -> dict[tuple[bytes, str, int], bool]:
    rows = await store.read(q.PreferencesOf((tenant,), users))
    return {(row.user, row.category, row.channel): bool(row.enabled) for row in rows}


async def audited(store: Store, tenant: bytes) -> list[q.AuditRow]:
    return list(await store.read(q.AuditPage(tenant, 0, 1 << 40, 1_000, newest_first=False)))


async def test_a_category_is_kept_whole_and_changed_by_key(store: Store) -> None:
    tenant = await make_tenant(store)
    [first] = await written(store, put(tenant, FULL))
    [second] = await written(store, put(tenant, Category("orders", "Orders now")))

    assert (first.created, second.created, second.id) == (True, False, first.id)
    [row] = await store.read(q.CategoriesOf((tenant,)))
    assert (row.key, row.name, row.description, bool(row.mandatory), row.channels) == (
        "orders",
        "Orders now",
        None,
        0,
        0,
    )
    assert (row.priority, row.expires_after_s, row.when_unknown, bool(row.limited)) == (None, None, None, True)
    assert await revision(store, tenant) == 2


async def test_all_of_a_category_is_read_back(store: Store) -> None:
    tenant = await make_tenant(store)
    await store.write(put(tenant, FULL))

    [row] = await store.read(q.CategoriesOf((tenant,)))
    assert (row.name, row.description, row.channels, row.priority) == ("Orders", "About orders", FULL.channels, 2)
    assert (row.expires_after_s, row.when_unknown, bool(row.limited)) == (3_600, WhenUnknown.HOLD, False)


async def test_too_many_categories_are_refused_as_a_whole(store: Store) -> None:
    tenant = await make_tenant(store)
    await store.write(put(tenant, Category("a", "A"), most=2))

    refused = await store.write(put(tenant, Category("b", "B"), Category("c", "C"), most=2))
    allowed = await store.write(put(tenant, Category("a", "A again"), Category("b", "B"), most=2))

    assert refused == op.TooManyCategories()
    assert not isinstance(allowed, op.TooManyCategories) and [one.created for one in allowed] == [False, True]
    assert [row.key for row in await store.read(q.CategoriesOf((tenant,)))] == ["a", "b"]


async def test_writers_of_one_key_make_one_category(store: Store) -> None:
    tenant = await make_tenant(store)

    answers = await asyncio.gather(*[store.write(put(tenant, Category("news", f"News {n}"))) for n in range(20)])

    made = [one for answer in answers if not isinstance(answer, op.TooManyCategories) for one in answer]
    assert len({one.id for one in made}) == 1 and sum(one.created for one in made) == 1
    assert len(await store.read(q.CategoriesOf((tenant,)))) == 1
    assert len(await audited(store, tenant)) == 20


async def test_tenants_rules_are_their_own(store: Store) -> None:
    one, other = await make_tenant(store), await make_tenant(store)
    set_by = entry(AuditAction.RULES_CHANGED, "ten")
    for limit in (5, None):
        await store.write(op.SetTenantRules(one, TenantRules(1 << EMAIL, limit), set_by, clock.now_us()))
    await store.write(put(other, Category("news", "News")))

    [row] = await store.read(q.TenantRulesOf((one, other)))
    assert (row.tenant, row.channels, row.hourly_limit) == (one, 1 << EMAIL, None)
    assert await store.read(q.CategoriesOf((one,))) == []
    entries = await audited(store, one)
    assert [json_of(row.before) for row in entries] == [None, {"channels": ["EMAIL"], "hourlyLimit": 5}]


def json_of(data: bytes | None) -> object:
    return msgspec.json.decode(data) if data is not None else None


async def test_a_change_is_told_with_what_was_before(store: Store) -> None:
    tenant = await make_tenant(store)
    await store.write(put(tenant, FULL))
    await store.write(put(tenant, Category("orders", "Orders now")))

    first, second = await audited(store, tenant)
    assert first.before is None and second.before is not None
    assert json_of(second.before) == {
        "name": "Orders",
        "description": "About orders",
        "mandatory": False,
        "channels": ["EMAIL"],
        "priority": "HIGH",
        "expiresAfterSeconds": 3_600,
        "whenUnknown": "HOLD",
        "limited": False,
    }


async def test_choices_are_made_changed_and_forgotten(store: Store) -> None:
    tenant = await make_tenant(store)
    ada, bob = await make_users(store, tenant, "ada", "bob")
    first = (chosen(ada, (("news", EMAIL), False), (("", 0), True)), chosen(bob, (("news", 0), False)))
    assert await store.write(op.SetPreferences(tenant, first, clock.now_us())) == frozenset()
    again = (chosen(ada, (("news", EMAIL), True), (("", 0), None), (("orders", IN_APP), False)),)
    await store.write(op.SetPreferences(tenant, again, clock.now_us()))

    assert await kept(store, tenant, ada, bob) == {
        (ada, "news", EMAIL): True,
        (ada, "orders", IN_APP): False,
        (bob, "news", 0): False,
    }


async def test_who_chose_something_is_marked_until_all_is_forgotten(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada, bob] = await make_users(store, tenant, "ada", "bob")

    async def marked() -> dict[bytes, bool]:
        rows = await store.read(q.Recipients((tenant,), (ada, bob)))
        return {row.id: row.preferences_at is not None for row in rows}

    await store.write(op.SetPreferences(tenant, (chosen(ada, (("news", 0), False)),), clock.now_us()))
    assert await marked() == {ada: True, bob: False}
    await store.write(op.SetPreferences(tenant, (chosen(ada, (("news", 0), None)),), clock.now_us()))
    assert await marked() == {ada: False, bob: False}
    assert await kept(store, tenant, ada) == {}


async def test_nobodys_choices_are_not_written(store: Store) -> None:
    tenant, other = await make_tenant(store), await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    [eve] = await make_users(store, other, "eve")
    absent = ids.new()
    wanted = tuple([chosen(user, (("", 0), False), told=True) for user in (ada, absent, eve)])

    assert await store.write(op.SetPreferences(tenant, wanted, clock.now_us())) == {absent, eve}
    assert set(await kept(store, tenant, ada, absent, eve)) == {(ada, "", 0)}
    assert await kept(store, other, eve) == {}
    assert len(await audited(store, tenant)) == 1


async def test_choices_by_somebody_else_are_told_with_what_was_before(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    await store.write(op.SetPreferences(tenant, (chosen(ada, (("news", EMAIL), False)),), clock.now_us()))
    by_admin = chosen(ada, (("news", EMAIL), True), (("", 0), False), told=True)
    await store.write(op.SetPreferences(tenant, (by_admin,), clock.now_us()))

    [told] = await audited(store, tenant)
    assert json_of(told.before) == [
        {"category": None, "channel": None, "enabled": None},
        {"category": "news", "channel": "EMAIL", "enabled": False},
    ]


async def test_concurrent_choices_of_one_user_are_all_kept(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    each = [op.SetPreferences(tenant, (chosen(ada, ((f"c{n % 10}", 0), True)),), clock.now_us()) for n in range(40)]

    await asyncio.gather(*[store.write(one) for one in each])

    assert len(await kept(store, tenant, ada)) == 10


async def routed(store: Store, tenant: bytes, user: bytes, at_us: int, state: DeliveryState) -> bytes:
    """One delivery of an hour ago or now."""
    item = notification(user)
    reason = ReasonCode.OPTED_OUT if state in STOPPED else None
    channel = Channel.IN_APP if state is not DeliveryState.QUEUED else Channel.EMAIL
    one = op.NewDelivery(tenant, item.id, user, channel.value, channel, state, reason, b"", None, Lane.NORMAL)
    await store.write(op.Expand((one,), at_us))
    return item.id


async def test_what_a_user_had_lately_is_newest_first_and_capped(store: Store) -> None:
    tenant = await make_tenant(store)
    ada, bob = await make_users(store, tenant, "ada", "bob")
    since = clock.now_us()
    for user, times in ((ada, (-1, 0, 1, 2, 3)), (bob, (5,))):
        for at in times:
            await routed(store, tenant, user, since + at * SECOND_US, DeliveryState.DELIVERED)

    async def recent(most: int) -> list[tuple[bytes, int]]:
        rows = await store.read(q.RecentDeliveries((tenant,), (ada, bob), since, most))
        return [(row.user, (row.created_at - since) // SECOND_US) for row in rows]

    assert sorted(await recent(10), key=repr) == sorted([(ada, 3), (ada, 2), (ada, 1), (bob, 5)], key=repr)
    assert [at for user, at in await recent(2) if user == ada] == [3, 2]


@pytest.mark.parametrize("state", [*STOPPED, DeliveryState.QUEUED, DeliveryState.DELIVERED])
async def test_what_a_rule_stopped_is_nothing_that_a_user_had(store: Store, state: DeliveryState) -> None:
    tenant, other = await make_tenant(store), await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    now_us = clock.now_us()
    id_ = await routed(store, tenant, ada, now_us, state)

    rows = await store.read(q.RecentDeliveries((tenant,), (ada,), now_us - 1, 10))

    assert [row.key for row in rows] == ([] if state in STOPPED else [(id_, ada, rows[0].step)])
    assert await store.read(q.RecentDeliveries((other,), (ada,), now_us - 1, 10)) == []


async def test_only_unknown_outcomes_are_counted_as_unknown(store: Store) -> None:
    tenant = await make_tenant(store)
    [ada] = await make_users(store, tenant, "ada")
    item = notification(ada)
    await store.write(op.Accept(tenant, (item,)))
    worker = ids.new()
    key = (item.id, ada, EMAIL)
    delivery = op.NewDelivery(
        tenant, item.id, ada, EMAIL, Channel.EMAIL, DeliveryState.QUEUED, None, b"", None, Lane.NORMAL
    )
    await store.write(op.Expand((delivery,), clock.now_us()))
    outcomes = [Outcome.BUSY, Outcome.UNKNOWN, Outcome.NOT_CALLED, Outcome.UNKNOWN]
    counts = []
    for number, outcome in enumerate(outcomes, start=1):
        [row] = await store.read(q.Sendable((tenant,), ((tenant, key),)))
        counts.append(row.unknowns)
        await store.write(op.Claim(ids.new(), worker, "smtp", ((tenant, (*key, number)),), clock.now_us()))
        done = settlement(tenant, (*key, number), worker, DeliveryState.RETRY_WAIT, outcome)
        await store.write(op.Settle((done,)))
    [row] = await store.read(q.Sendable((tenant,), ((tenant, key),)))

    assert [*counts, row.unknowns] == [0, 0, 1, 1, 2]
