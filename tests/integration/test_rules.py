"""Who gets what, told through the public doors: categories, defaults and preferences, on each store."""

import asyncio
from typing import Any

import pytest

from engines.store import queries as q
from errors import InvalidInput
from models import ids
from models.rules import Category
from models.vocabulary import AuditAction, Priority, Role
from services.access import FIRST_TENANT
from tests.products import SEND, Product
from tests.simulators import Side
from usecases.put_categories import MOST_CATEGORIES, PutCategories
from usecases.rules_directory import RulesDirectory

Json = dict[str, Any]

PUT = """mutation ($input: PutCategoryInput!) { putCategory(input: $input) { __typename
  ... on CategoryPut { created category { key name description mandatory channels priority expiresAfterSeconds
    whenUnknown limited } }
  ... on Failure { code path message } } }"""
RULES = """mutation ($input: SetTenantRulesInput!) { setTenantRules(input: $input) { __typename
  ... on TenantRulesSet { tenantRules { channels hourlyLimit } } ... on Failure { code path message } } }"""
WANTED = """opted: optedOut user { id } choices { category channel enabled }
  categories { category { key } channels { channel enabled fixed rule } }"""
CHOOSE = f"""mutation ($input: SetPreferencesInput!) {{ setPreferences(input: $input) {{ __typename
  ... on PreferencesSet {{ preferences {{ {WANTED} }} }} ... on Failure {{ code path message }} }} }}"""
CHOSEN = (
    f"query ($user: ID, $externalId: String) {{ preferences(user: $user, externalId: $externalId) {{ {WANTED} }} }}"
)
DELIVERIES = """query ($id: ID!) { notification(id: $id) { priority expiresAt deliveries { edges { node {
  channel state reason decisions { stage rule reason } } } } } }"""


async def put(product: Product, key: str, **more: object) -> Json:
    answer = await product.data(PUT, input={"key": key, "name": key.title(), **more})
    put_category: Json = answer["putCategory"]
    return put_category


async def choose(product: Product, whose: Json, *choices: Json, token: str | None = None) -> Json:
    answer = await product.data(CHOOSE, token, input={**whose, "choices": list(choices)})
    chosen: Json = answer["setPreferences"]
    return chosen


async def outcome(product: Product, to: Json, **more: object) -> dict[str, str]:
    """What becomes of one notification by both channels: the state, or the reason why not."""
    deliveries = await told(product, to, **more)
    return {one["channel"]: one["reason"] or one["state"] for one in deliveries}


async def told(product: Product, to: Json, **more: object) -> list[Json]:
    notification = await product.send(to, None, **more)
    await product.settled(notification, 2)
    answer = await product.data(DELIVERIES, id=notification)
    return [edge["node"] for edge in answer["notification"]["deliveries"]["edges"]]


@pytest.fixture
async def ada(product: Product) -> Json:
    """A user with an e-mail address, as an audience."""
    return {"user": await product.user("ada", email="ada@example.test")}


NOBODY = {"EMAIL": "OPTED_OUT", "IN_APP": "OPTED_OUT"}
BOTH = {"EMAIL": "SENT", "IN_APP": "DELIVERED"}
NO = {"enabled": False}
YES = {"enabled": True}
NEWS, MAIL = {"category": "news"}, {"channel": "EMAIL"}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ([], BOTH),
        ([NEWS | NO], NOBODY),
        ([MAIL | NO], {"EMAIL": "OPTED_OUT", "IN_APP": "DELIVERED"}),
        ([NEWS | MAIL | NO], {"EMAIL": "OPTED_OUT", "IN_APP": "DELIVERED"}),
        ([NO], NOBODY),
        ([NO, NEWS | YES, NEWS | MAIL | YES], NOBODY),
        ([MAIL | NO, NEWS | YES], BOTH),
        ([NEWS | NO, NEWS | MAIL | YES], {"EMAIL": "SENT", "IN_APP": "OPTED_OUT"}),
        ([{"category": "orders"} | NO], BOTH),
        ([NEWS | NO, NEWS | {"enabled": None}], BOTH),
    ],
    ids=str,
)
async def test_what_was_declined_is_not_sent_and_says_so(
    product: Product, ada: Json, choices: list[Json], expected: dict[str, str]
) -> None:
    for key in ("news", "orders"):
        await put(product, key)
    for one in choices:
        assert (await choose(product, ada, one))["__typename"] == "PreferencesSet"

    assert await outcome(product, ada, category="news") == expected


async def test_a_mandatory_category_reaches_who_declined_everything(product: Product, ada: Json, side: Side) -> None:
    await put(product, "recall", mandatory=True)
    await put(product, "news")
    await choose(product, ada, NO)

    assert await outcome(product, ada) == BOTH
    assert await outcome(product, ada, category="recall") == BOTH
    assert await outcome(product, ada, category="news") == NOBODY
    assert len(await side.shown()) == 2


async def test_each_stage_says_which_rule_decided(product: Product, ada: Json) -> None:
    await put(product, "news")
    await choose(product, ada, NEWS | MAIL | NO)

    decisions = {one["channel"]: one["decisions"] for one in await told(product, ada, category="news")}

    assert decisions["EMAIL"][-1] == {"stage": "PREFERENCES", "rule": "DECLINED", "reason": "OPTED_OUT"}
    assert [(one["stage"], one["rule"]) for one in decisions["IN_APP"]][-3:] == [
        ("PREFERENCES", "ON_BY_DEFAULT"),
        ("COMPOSE", "INLINE_CONTENT"),
        ("THROTTLE", "WITHIN_LIMIT"),
    ]


async def test_defaults_of_the_tenant_and_of_categories_hold_until_somebody_chooses(
    product: Product, ada: Json
) -> None:
    await put(product, "news")
    await put(product, "mails", channels=["EMAIL"])
    await put(product, "quiet", channels=[])
    answer = await product.data(RULES, input={"channels": ["IN_APP"], "hourlyLimit": None})
    assert answer["setTenantRules"]["tenantRules"] == {"channels": ["IN_APP"], "hourlyLimit": None}

    assert await outcome(product, ada, category="news") == {"EMAIL": "SWITCHED_OFF", "IN_APP": "DELIVERED"}
    assert await outcome(product, ada, category="mails") == {"EMAIL": "SENT", "IN_APP": "SWITCHED_OFF"}
    assert await outcome(product, ada, category="quiet") == {"EMAIL": "SWITCHED_OFF", "IN_APP": "SWITCHED_OFF"}
    assert await outcome(product, ada) == BOTH
    await choose(product, ada, {"category": "quiet"} | MAIL | YES)
    assert await outcome(product, ada, category="quiet") == {"EMAIL": "SENT", "IN_APP": "SWITCHED_OFF"}


async def test_choices_of_one_recipient_touch_no_other(product: Product, ada: Json) -> None:
    await put(product, "news")
    bob = await product.user("bob", email="bob@example.test")
    await choose(product, ada, NO)
    both = await product.send({"users": [ada["user"], bob]}, category="news")
    await product.settled(both, 4)

    rows = await product.pipeline.deliveries(ids.decode(ids.NOTIFICATION, both))

    assert {row.user: row.reason is None for row in rows} == {
        ids.decode(ids.USER, ada["user"]): False,
        ids.decode(ids.USER, bob): True,
    }


async def test_a_category_that_does_not_exist_is_refused_with_some_that_do(product: Product, ada: Json) -> None:
    for n in range(9):
        await put(product, f"c{n}")

    wanted = {"to": ada, "message": {"content": {"body": "Packed"}}, "category": "newz"}
    failure = (await product.data(SEND, input=wanted))["sendNotification"]

    assert (failure["code"], failure["path"]) == ("INVALID_INPUT", ["category"])
    assert failure["message"] == "expected the key of a category, such as c0, c1, c2, c3, c4, got 'newz'"


async def test_another_tenants_category_does_not_exist(product: Product) -> None:
    other = await product.key(Role.ADMIN, await product.other_tenant())
    await product.data(PUT, other, input={"key": "news", "name": "News"})

    listed = await product.data("query { categories { key mandatory } }")

    assert listed["categories"] == [{"key": "transactional", "mandatory": True}]


async def test_a_category_gives_priority_and_expiry_where_the_caller_gives_none(product: Product, ada: Json) -> None:
    await put(product, "news", priority="BULK", expiresAfterSeconds=600)

    async def sent(**more: object) -> tuple[str, str | None]:
        notification = await product.send(ada, None, category="news", **more)
        answer = (await product.data(DELIVERIES, id=notification))["notification"]
        return answer["priority"], answer["expiresAt"]

    assert await sent() == ("BULK", "2027-01-15T08:10:00Z")
    assert await sent(sendAt="2027-01-15T09:00:00Z") == ("BULK", "2027-01-15T09:10:00Z")
    assert await sent(priority="HIGH", expiresAt="2027-01-15T08:00:01Z") == ("HIGH", "2027-01-15T08:00:01Z")


async def test_a_category_that_holds_what_is_unknown_sends_nothing_twice(product: Product, side: Side) -> None:
    await put(product, "payments", whenUnknown="HOLD")
    lost = {"email": "drop-after-data@example.test"}
    held = await product.send(lost, category="payments", channels=["EMAIL"])
    await product.settled(held)
    resent = await product.send(lost, channels=["EMAIL"])
    await product.settled(resent)
    await product.pipeline.pass_time(5)
    await product.settled(resent)

    async def attempts(notification: str) -> int:
        [row] = await product.pipeline.deliveries(ids.decode(ids.NOTIFICATION, notification))
        return len(await product.pipeline.attempts(row))

    assert (await attempts(held), await attempts(resent)) == (1, 2)
    assert len(await side.shown()) == 3


async def test_the_page_of_preferences_shows_what_follows_from_each_choice(product: Product, ada: Json) -> None:
    for key in ("news", "orders"):
        await put(product, key)
    chosen = await choose(product, ada, NEWS | MAIL | NO, {"channel": "IN_APP"} | YES)

    wanted = chosen["preferences"]
    assert wanted["choices"] == [
        {"category": None, "channel": "IN_APP", "enabled": True},
        {"category": "news", "channel": "EMAIL", "enabled": False},
    ]
    cells = {
        (line["category"]["key"], cell["channel"]): (cell["enabled"], cell["fixed"], cell["rule"])
        for line in wanted["categories"]
        for cell in line["channels"]
    }
    assert cells == {
        ("news", "EMAIL"): (False, False, "DECLINED"),
        ("news", "IN_APP"): (True, False, "CHOSEN"),
        ("orders", "EMAIL"): (True, False, "ON_BY_DEFAULT"),
        ("orders", "IN_APP"): (True, False, "CHOSEN"),
        ("transactional", "EMAIL"): (True, True, "MANDATORY_CATEGORY"),
        ("transactional", "IN_APP"): (True, True, "MANDATORY_CATEGORY"),
    }
    assert await product.data(CHOSEN, externalId="ada") == {"preferences": wanted}


async def test_a_browser_sets_its_own_users_preferences_and_nobody_elses(product: Product, ada: Json) -> None:
    await put(product, "news")
    bob = await product.user("bob")
    browser = product.browser(ada["user"])

    own = await choose(product, {}, NEWS | NO, token=browser)
    named = await choose(product, ada, NEWS | MAIL | NO, token=browser)
    refused = [await choose(product, whose, NO, token=browser) for whose in ({"user": bob}, {"externalId": "ada"})]

    assert own["preferences"]["user"] == named["preferences"]["user"] == {"id": ada["user"]}
    assert [one["__typename"] for one in refused] == ["Forbidden", "Forbidden"]
    assert (await product.data(CHOSEN, browser))["preferences"]["user"]["id"] == ada["user"]
    assert (await product.error(CHOSEN, browser, user=bob))["code"] == "FORBIDDEN"
    assert (await product.data(CHOSEN, user=bob))["preferences"]["choices"] == []


async def test_choices_by_others_are_in_the_audit_log_and_own_ones_are_not(product: Product, ada: Json) -> None:
    await put(product, "news")
    await choose(product, {}, NEWS | NO, token=product.browser(ada["user"]))
    await choose(product, {"externalId": "ada"}, NEWS | YES)

    page = q.AuditPage(FIRST_TENANT, 0, 1 << 40, 100, False, action=AuditAction.PREFERENCES_SET)
    [entry] = await product.base.store.read(page)

    assert entry.subject == ada["user"]
    assert entry.before == b'[{"category":"news","channel":null,"enabled":false}]'
    assert entry.after == b'[{"category":"news","channel":null,"enabled":true}]'


@pytest.mark.parametrize(
    ("input_", "path"),
    [
        ({"key": "News"}, ["key"]),
        ({"key": ""}, ["key"]),
        ({"key": "x" * 65}, ["key"]),
        ({"name": " "}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"description": "\x07"}, ["description"]),
        ({"mandatory": True, "channels": ["EMAIL"]}, ["channels"]),
        ({"expiresAfterSeconds": 0}, ["expiresAfterSeconds"]),
        ({"expiresAfterSeconds": 2_592_001}, ["expiresAfterSeconds"]),
    ],
    ids=str,
)
async def test_a_category_with_a_fault_is_refused_by_the_path_to_it(
    product: Product, input_: Json, path: list[str]
) -> None:
    answer = (await product.data(PUT, input={"key": "news", "name": "News", **input_}))["putCategory"]

    assert (answer["__typename"], answer["path"]) == ("InvalidInput", path)


@pytest.mark.parametrize(
    ("whose", "choices", "path"),
    [
        ({}, [NO], ["user"]),
        ({"user": "usr_1", "externalId": "ada"}, [NO], ["externalId"]),
        ({"user": "usr_1"}, [NO], ["user"]),
        ({"user": ids.encode(ids.USER, bytes(16))}, [NO], ["user"]),
        ({"externalId": "nobody"}, [NO], ["externalId"]),
        ({"externalId": "ada"}, [], ["choices"]),
        ({"externalId": "ada"}, [NO] * 501, ["choices"]),
        ({"externalId": "ada"}, [NO, {"category": "newz"} | NO], ["choices", "1", "category"]),
        ({"externalId": "ada"}, [{"category": "transactional"} | NO], ["choices", "0", "category"]),
    ],
    ids=[str(n) for n in range(9)],
)
async def test_choices_with_a_fault_are_refused_by_the_path_to_it(
    product: Product, ada: Json, whose: Json, choices: list[Json], path: list[str]
) -> None:
    answer = await choose(product, whose, *choices)

    assert (answer["__typename"], answer["path"]) == ("InvalidInput", path)
    assert (await product.data(CHOSEN, **ada))["preferences"]["choices"] == []


@pytest.mark.parametrize("limit", [-1, 10_001])
async def test_an_hourly_limit_out_of_bounds_is_refused(product: Product, limit: int) -> None:
    answer = (await product.data(RULES, input={"channels": [], "hourlyLimit": limit}))["setTenantRules"]

    assert (answer["__typename"], answer["path"]) == ("InvalidInput", ["hourlyLimit"])
    assert (await product.data("query { tenantRules { hourlyLimit } }"))["tenantRules"] == {"hourlyLimit": None}


async def test_who_may_only_look_changes_nothing(product: Product, ada: Json) -> None:
    changes = [
        (PUT, {"key": "news", "name": "News"}),
        (RULES, {"channels": []}),
        (CHOOSE, {**ada, "choices": [NO]}),
    ]
    answers = [await product.data(document, product.viewer, input=input_) for document, input_ in changes]

    assert [one["__typename"] for answer in answers for one in answer.values()] == ["Forbidden"] * 3
    assert (await product.error(CHOSEN, product.viewer, **ada))["code"] == "FORBIDDEN"
    assert (await product.data("query { categories { key } }", product.viewer))["categories"] == [
        {"key": "transactional"}
    ]


async def test_a_tenant_has_so_many_categories_and_no_more(product: Product) -> None:
    base = product.base
    put_all = PutCategories(base.store, base.rules, base.clock, base.ids)
    caller = product.pipeline.caller
    await put_all(caller, [Category(f"c{n}", f"No. {n}") for n in range(MOST_CATEGORIES)])

    with pytest.raises(InvalidInput, match="at most 200 categories"):
        await put_all(caller, [Category("one-more", "One more")])
    with pytest.raises(InvalidInput, match="each key once"):
        await put_all(caller, [Category("c1", "Twice"), Category("c1", "Twice")])
    assert len((await product.data("query { categories { key } }"))["categories"]) == MOST_CATEGORIES + 1


async def test_another_process_sees_new_rules_within_a_second(product: Product) -> None:
    elsewhere = RulesDirectory(product.base.store, product.base.clock)
    assert set((await elsewhere.get(FIRST_TENANT)).categories) == {"transactional"}
    await put(product, "news", priority="HIGH")
    await product.data(RULES, input={"channels": ["EMAIL"], "hourlyLimit": 7})

    product.pass_time(1)

    rules = await elsewhere.get(FIRST_TENANT)
    assert rules.of("news").priority is Priority.HIGH
    assert (rules.defaults.hourly_limit, rules.of("gone").mandatory) == (7, False)


async def test_a_category_that_is_put_by_the_built_in_key_takes_its_place(product: Product, ada: Json) -> None:
    await put(product, "transactional", mandatory=False)
    await choose(product, ada, NO)

    assert await outcome(product, ada) == NOBODY


async def test_changes_made_at_the_same_time_are_all_in_force(product: Product) -> None:
    answers = await asyncio.gather(*[put(product, f"c{n}") for n in range(20)])

    assert all(answer["created"] for answer in answers)
    assert len((await product.data("query { categories { key } }"))["categories"]) == 21
