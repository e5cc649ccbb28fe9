"""What callers of the GraphQL API get: sending, following what became of it, and reading the inbox."""

from models import ids
from models.clock import to_datetime
from models.principal import PERMISSIONS
from models.vocabulary import Role
from services.access import FIRST_TENANT
from tests.pipelines import SECOND_US
from tests.products import INBOX, MARK, SEND, SEND_MANY, UPSERT, Json, Product
from tests.stores import Watch
from usecases.inbox_cursor import InboxCursors, Place

NOTIFICATION = """query ($id: ID!, $first: Int, $after: String) { notification(id: $id) {
  id state categoryKey priority channels recipientCount labels createdAt sendAt expiresAt
  counts { state count } decisions { stage rule reason }
  deliveries(first: $first, after: $after) {
    pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { cursor node {
      id channel step state reason providerName decisions { stage rule reason } notification { id }
      user { id externalId email locale timeZone createdAt } content { title body url html }
      attempts(first: 20) { edges { cursor node {
        id number outcome reason providerName providerMessageId answer startedAt settledAt
      } } pageInfo { hasNextPage } }
      createdAt nextAttemptAt sentAt deliveredAt seenAt readAt
    } }
  }
} }"""
PLANNED = "2027-01-16T08:00:00Z"
STATE = "query ($id: ID!) { notification(id: $id) { state counts { state count } } }"


async def state_of(product: Product, id_: str) -> tuple[str, dict[str, int]]:
    found = (await product.data(STATE, id=id_))["notification"]
    return found["state"], {one["state"]: one["count"] for one in found["counts"]}


def by_channel(found: Json) -> dict[str, Json]:
    return {edge["node"]["channel"]: edge["node"] for edge in found["deliveries"]["edges"]}


async def test_a_notification_tells_everything_that_became_of_it(product: Product) -> None:
    ada = await product.user("ada", email="ada@example.test", locale="en-GB", timeZone="Europe/London")
    content = {
        "title": "Packed", "body": "Order 17", "url": "https://shop.example/17",
        "email": {"subject": "Your order", "html": "<p>Order 17</p>"}, "inApp": {"body": "Order 17 is packed"},
    }  # fmt: skip
    await product.category("orders")
    id_ = await product.send({"user": ada}, content, labels={"order": 17}, priority="HIGH", category="orders")
    await product.settled(id_, 2)

    found = (await product.data(NOTIFICATION, id=id_))["notification"]

    assert (found["id"], found["state"], found["recipientCount"]) == (id_, "COMPLETED", 1)
    assert (found["labels"], found["priority"], found["categoryKey"]) == ({"order": 17}, "HIGH", "orders")
    assert found["channels"] == ["EMAIL", "IN_APP"] and found["createdAt"] == "2027-01-15T08:00:00Z"
    assert found["counts"] == [{"state": "SENT", "count": 1}, {"state": "DELIVERED", "count": 1}]
    mail, item = by_channel(found)["EMAIL"], by_channel(found)["IN_APP"]
    assert mail["user"] == {
        "id": ada, "externalId": "ada", "email": "ada@example.test", "locale": "en-GB", "timeZone": "Europe/London",
        "createdAt": "2027-01-15T08:00:00Z",
    }  # fmt: skip
    assert mail["content"] == {
        "title": "Your order", "body": "Order 17", "url": "https://shop.example/17", "html": "<p>Order 17</p>",
    }  # fmt: skip
    assert (item["content"]["title"], item["content"]["body"]) == ("Packed", "Order 17 is packed")
    [attempt] = [edge["node"] for edge in mail["attempts"]["edges"]]
    assert (attempt["number"], attempt["outcome"], mail["state"], mail["step"]) == (1, "SENT", "SENT", "email")
    assert attempt["answer"].startswith("250") and mail["sentAt"] is not None
    assert [one["stage"] for one in mail["decisions"]] == [
        "AUDIENCE", "ADDRESS", "ROUTE", "PREFERENCES", "COMPOSE", "THROTTLE",
    ]  # fmt: skip
    assert item["attempts"]["edges"] == [] and item["state"] == "DELIVERED" and mail["notification"] == {"id": id_}


async def test_a_dropped_delivery_says_which_stage_dropped_it_and_why(product: Product) -> None:
    id_ = await product.send({"user": await product.user("ada")})
    await product.settled(id_, 2)

    mail = by_channel((await product.data(NOTIFICATION, id=id_))["notification"])["EMAIL"]

    assert (mail["state"], mail["reason"], mail["user"]["email"]) == ("SKIPPED", "NO_ADDRESS", None)
    assert mail["decisions"][-1] == {"stage": "ADDRESS", "rule": "NO_ADDRESS_ON_FILE", "reason": "NO_ADDRESS"}


async def test_the_state_of_a_notification_follows_its_deliveries(product: Product) -> None:
    now_us = product.base.clock.now_us()
    later = to_datetime(now_us + 3_600 * SECOND_US).isoformat()
    planned = await product.send({"email": "ada@example.test"}, channels=["EMAIL"], sendAt=later)
    deferred = await product.send({"email": "defer@example.test"}, channels=["EMAIL"])
    await product.settled(deferred)

    assert await state_of(product, planned) == ("SCHEDULED", {})
    assert await state_of(product, deferred) == ("PROCESSING", {"RETRY_WAIT": 1})
    await product.pipeline.pass_time(3_600)
    await product.settled(planned)
    assert await state_of(product, planned) == ("COMPLETED", {"SENT": 1})


async def test_a_repeated_key_is_a_duplicate_and_with_another_input_a_conflict(product: Product) -> None:
    wanted = {"to": {"email": "ada@example.test"}, "message": {"content": {"body": "a"}}, "idempotencyKey": "17"}

    answers = [(await product.data(SEND, input=wanted))["sendNotification"] for _ in range(2)]
    other = (await product.data(SEND, input={**wanted, "priority": "BULK"}))["sendNotification"]

    assert [one["duplicate"] for one in answers] == [False, True]
    assert answers[0]["notification"] == answers[1]["notification"]
    assert (other["__typename"], other["code"], other["path"]) == (
        "IdempotencyConflict", "IDEMPOTENCY_CONFLICT", ["idempotencyKey"],
    )  # fmt: skip


async def test_a_repeated_key_is_answered_as_before_though_its_time_has_passed(product: Product) -> None:
    ends = to_datetime(product.base.clock.now_us() + 60 * SECOND_US).isoformat()
    wanted = {
        "to": {"email": "ada@example.test"},
        "message": {"content": {"body": "a"}},
        "idempotencyKey": "17",
        "expiresAt": ends,
    }
    first = (await product.data(SEND, input=wanted))["sendNotification"]
    product.pass_time(61)

    again = (await product.data(SEND, input=wanted))["sendNotification"]
    without_key = (await product.data(SEND, input={**wanted, "idempotencyKey": None}))["sendNotification"]
    other = (await product.data(SEND, input={**wanted, "priority": "BULK"}))["sendNotification"]

    assert again["notification"] == first["notification"] and again["duplicate"]
    assert [one["code"] for one in (without_key, other)] == ["INVALID_INPUT"] * 2
    product.pass_time(24 * 3_600)
    assert (await product.data(SEND, input=wanted))["sendNotification"]["code"] == "INVALID_INPUT"


async def test_lists_of_inputs_are_answered_one_by_one(product: Product) -> None:
    good: Json = {"to": {"email": "ada@example.test"}, "message": {"content": {"body": "a"}}}
    bad = {**good, "to": {"externalId": "nobody"}}
    sent = (await product.data(SEND_MANY, inputs=[good, bad, good]))["sendNotifications"]["results"]
    users = [{"externalId": "ada"}, {"externalId": "bob", "timeZone": "Mars"}, {"externalId": "ada", "locale": "de"}]
    made = (await product.data(UPSERT, inputs=users))["upsertUsers"]["results"]

    assert [one["__typename"] for one in sent] == ["NotificationAccepted", "InvalidInput", "NotificationAccepted"]
    assert sent[1]["path"] == ["to", "externalId"]
    assert [one["__typename"] for one in made] == ["UserUpserted", "InvalidInput", "UserUpserted"]
    assert made[1]["path"] == ["timeZone"] and made[0]["user"] == made[2]["user"]


async def test_everything_is_found_again_by_its_id(product: Product) -> None:
    ada = await product.user("ada", email="ada@example.test")
    id_ = await product.send({"user": ada})
    await product.settled(id_, 2)
    mail = by_channel((await product.data(NOTIFICATION, id=id_))["notification"])["EMAIL"]
    attempt = mail["attempts"]["edges"][0]["node"]["id"]
    absent = ids.encode(ids.NOTIFICATION, product.base.ids.new())
    unmade = ids.encode(ids.ATTEMPT, ids.decode(ids.ATTEMPT, attempt)[:34] + b"\x00\x09")
    wanted = [ada, absent, id_, mail["id"], unmade, attempt]

    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Attempt { outcome } } }"
    nodes = (await product.data(query, ids=wanted))["nodes"]

    assert [node and node["__typename"] for node in nodes] == [
        "User", None, "Notification", "Delivery", None, "Attempt",
    ]  # fmt: skip
    assert [node["id"] for node in nodes if node] == [ada, id_, mail["id"], attempt] and nodes[5]["outcome"] == "SENT"
    assert (await product.data("query ($id: ID!) { node(id: $id) { id } }", id=absent))["node"] is None


async def test_deliveries_come_in_pages_that_together_are_all_of_them(product: Product) -> None:
    users = [await product.user(f"user-{n}") for n in range(5)]
    id_ = await product.send({"users": users}, channels=["IN_APP"])
    await product.settled(id_, 5)

    seen: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = (await product.data(NOTIFICATION, id=id_, first=2, after=after))["notification"]["deliveries"]
        seen += [edge["node"]["user"]["id"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (pages > 0)
        after, pages = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None, pages + 1

    assert (sorted(seen), pages) == (sorted(users), 3)


async def test_the_inbox_comes_newest_first_with_what_a_bell_needs(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    empty = (await product.data(INBOX, token))["inbox"]
    in_app = {"title": "T", "url": "https://shop.example/", "data": {"order": 17}}
    sent = [await product.send({"user": ada}, {"body": f"n{n}", "inApp": in_app}) for n in range(3)]
    for id_ in sent:
        await product.settled(id_, 2)

    page = (await product.data(INBOX, token, first=2))["inbox"]
    rest = (await product.data(INBOX, token, first=2, after=page["pageInfo"]["endCursor"]))["inbox"]

    assert empty["edges"] == [] and empty["unread"] == 0 and empty["liveCursor"]
    bodies = [edge["node"]["body"] for edge in (*page["edges"], *rest["edges"])]
    assert bodies == ["n2", "n1", "n0"] and (page["unread"], rest["unread"]) == (3, 3)
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    item = page["edges"][0]["node"]
    assert (item["title"], item["data"], item["categoryKey"]) == ("T", {"order": 17}, "transactional")
    node = await product.data(
        "query ($id: ID!) { node(id: $id) { ... on InboxItem { id body } } }", token, id=item["id"]
    )
    assert node["node"] == {"id": item["id"], "body": "n2"}


async def test_marks_change_items_and_a_page_cursor_reaches_all_older_ones(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    for n in range(3):
        await product.settled(await product.send({"user": ada}, {"body": f"n{n}"}), 2)
    edges = (await product.data(INBOX, token))["inbox"]["edges"]

    async def mark(which: Json, how: str) -> Json:
        marked: Json = (await product.data(MARK, token, input={"which": which, "mark": how}))["markInbox"]
        return marked

    assert await mark({"before": edges[1]["cursor"]}, "READ") == {
        "__typename": "InboxMarked",
        "changed": 2,
        "unread": 1,
    }
    assert (await mark({"ids": [edges[0]["node"]["id"]]}, "ARCHIVED"))["unread"] == 0
    assert (await mark({"all": True}, "UNREAD"))["changed"] == 2
    left = (await product.data(INBOX, token))["inbox"]
    assert [edge["node"]["body"] for edge in left["edges"]] == ["n1", "n0"] and left["unread"] == 2


async def test_a_full_page_costs_as_many_statements_as_a_short_one(product: Product, watch: Watch) -> None:
    """With attempts, users, addresses and content of each delivery."""
    inputs = [{"externalId": f"user-{n}", "email": f"user-{n}@example.test"} for n in range(50)]
    await product.data(UPSERT, inputs=inputs)
    id_ = await product.send({"externalIds": [one["externalId"] for one in inputs]})
    await product.settled(id_, 100)
    costs = []
    for first in (4, 100):
        watch.statements.clear()
        page = (await product.data(NOTIFICATION, id=id_, first=first))["notification"]["deliveries"]
        costs.append(len([one for one in watch.statements if one.startswith("SELECT") and "outbox" not in one]))
        assert len(page["edges"]) == first and all(edge["node"]["user"]["email"] for edge in page["edges"])

    assert costs[0] == costs[1] <= 10, costs


async def test_a_send_that_asks_for_the_id_alone_reads_nothing_back(product: Product, watch: Watch) -> None:
    wanted = {"to": {"email": "ada@example.test"}, "message": {"content": {"body": "a"}}, "sendAt": PLANNED}
    more = SEND.replace("notification { id }", "notification { id state }")
    read = []
    for query in (SEND, more):
        watch.statements.clear()
        accepted = (await product.data(query, input=wanted))["sendNotification"]
        assert accepted["__typename"] == "NotificationAccepted"
        read.append(sum("notifications.content_sealed" in text for text in watch.statements))

    assert read == [0, 1]


async def test_a_cursor_of_an_inbox_that_was_begun_anew_is_refused(product: Product) -> None:
    ada = await product.user("ada")
    await product.settled(await product.send({"user": ada}), 2)
    older = InboxCursors(product.base.sealer).write(FIRST_TENANT, ids.decode(ids.USER, ada), Place(1, 5))

    assert (await product.error(INBOX, product.browser(ada), after=older))["argument"] == "after"


async def test_lists_within_lists_have_a_common_bound(product: Product) -> None:
    inputs = [{"externalId": f"user-{n}"} for n in range(100)]
    await product.data(UPSERT, inputs=inputs)
    id_ = await product.send({"externalIds": [one["externalId"] for one in inputs]}, channels=["IN_APP"])
    await product.settled(id_, 100)
    nested = "step"
    for _ in range(3):
        nested = f"notification {{ deliveries(first: 100) {{ edges {{ node {{ {nested} }} }} }} }}"

    answer = await product.ask(f"query ($id: ID!) {{ {nested.replace(' {', '(id: $id) {', 1)} }}", id=id_)

    assert {error["extensions"]["code"] for error in answer["errors"]} == {"QUERY_TOO_COSTLY"}
    assert str(answer["data"]).count("step") < 20_000


async def test_a_viewer_sees_itself(product: Product) -> None:
    query = "{ viewer { role name tenantId permissions user { id email externalId } } }"
    ada = await product.user("ada", email="ada@example.test")

    admin = (await product.data(query))["viewer"]
    browser = (await product.data(query, product.browser(ada)))["viewer"]

    assert (admin["role"], admin["name"], admin["user"]) == ("ADMIN", "admin", None)
    assert set(admin["permissions"]) == {one.name for one in PERMISSIONS[Role.ADMIN]}
    assert admin["tenantId"] == browser["tenantId"] == ids.encode(ids.TENANT, FIRST_TENANT)
    assert (browser["role"], browser["name"]) == ("END_USER", None)
    assert set(browser["permissions"]) == {"READ_INBOX", "MARK_INBOX", "SET_OWN_PREFERENCES"}
    assert browser["user"] == {"id": ada, "email": "ada@example.test", "externalId": "ada"}
