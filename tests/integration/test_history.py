"""History through the GraphQL door: lists in both directions, filters, cancelling, replaying, and what it all costs."""

import asyncio

import pytest

from engines.store.operations import Accepted
from models import ids
from models.clock import to_datetime
from models.content import Content
from models.vocabulary import Channel, Role
from tests.pipelines import SECOND_US
from tests.products import Json, Product
from tests.simulators import Side
from tests.stores import Watch
from usecases.requests import Audience, SendRequest

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
ARGUMENTS = "$first: Int, $after: String, $last: Int, $before: String"
PASSED = "first: $first, after: $after, last: $last, before: $before"
NOTIFICATIONS = f"""query ($filter: NotificationFilterInput, {ARGUMENTS}) {{
  notifications(filter: $filter, {PASSED}) {{ {PAGE} edges {{ cursor node {{ id categoryKey state }} }} }}
}}"""
DELIVERIES = f"""query ($filter: DeliveryFilterInput, {ARGUMENTS}) {{
  deliveries(filter: $filter, {PASSED}) {{ {PAGE} edges {{ cursor node {{ id channel state reason }} }} }}
}}"""
DEAD_LETTERS = f"""query ($filter: DeadLetterFilterInput, {ARGUMENTS}) {{
  deadLetters(filter: $filter, {PASSED}) {{ {PAGE} edges {{ cursor node {{
    reason createdAt attemptCount delivery {{ id state user {{ id }} }}
  }} }} }}
}}"""
CANCEL = """mutation ($input: CancelNotificationInput!) { cancelNotification(input: $input) {
  __typename
  ... on NotificationCancelled { stoppedCount leftCount repeated notification { id state counts { state count } } }
  ... on Failure { code path message }
} }"""
REPLAY = """mutation ($input: ReplayDeadLettersInput!) { replayDeadLetters(input: $input) {
  __typename
  ... on DeadLettersReplayed {
    dryRun count hasMore reasons { reason count } refused { reason count } deliveries { id state }
  }
  ... on Failure { code path message }
} }"""
WIDE = """query ($first: Int!) { notifications(first: $first) { edges { node {
  id state counts { state count }
  deliveries(first: 20) { pageInfo { hasNextPage } edges { node {
    id state user { id externalId email } attempts(first: 5) { edges { node { number outcome } } }
  } } }
} } } }"""


async def send_many(product: Product, count: int, users: tuple[str, ...], channels: tuple[Channel, ...]) -> list[str]:
    """Send by the use case, as fast as it goes; their ids, oldest first."""
    request = SendRequest(Audience(users=users), Content(body="Order 17"), channels=channels)
    answers = await product.pipeline.send(product.pipeline.caller, [request] * count)
    accepted = [answer.id for answer in answers if isinstance(answer, Accepted)]
    assert len(accepted) == count
    return [ids.encode(ids.NOTIFICATION, id_) for id_ in accepted]


async def walk(product: Product, query: str, *, backward: bool, size: int = 100, **more: object) -> list[Json]:
    """Every edge of a list, page by page, in the list's own order; checks what each page says about its place."""
    edges: list[Json] = []
    cursor: str | None = None
    for _ in range(200):
        where: Json = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        [page] = (await product.data(query, None, **where, **more)).values()
        here, info = page["edges"], page["pageInfo"]
        assert info["hasNextPage" if backward else "hasPreviousPage"] is (cursor is not None)
        if here:
            assert (info["startCursor"], info["endCursor"]) == (here[0]["cursor"], here[-1]["cursor"])
        edges = [*here, *edges] if backward else [*edges, *here]
        cursor = info["startCursor" if backward else "endCursor"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return edges
    raise AssertionError("the list has no end")


async def mail_of(product: Product, notification: str) -> Json:
    query = """query ($id: ID!) { notification(id: $id) { deliveries(filter: { channels: [EMAIL] }) { edges { node {
      id state reason attempts { edges { node { number outcome } } }
    } } } } }"""
    found = (await product.data(query, id=notification))["notification"]
    mail: Json = found["deliveries"]["edges"][0]["node"]
    return mail


# -------------------------------------------------------------------------------------------------------------- lists


async def test_a_thousand_notifications_are_walked_once_each_while_more_come_in(product: Product) -> None:
    ada = await product.user("ada")
    sent = [one for _ in range(4) for one in await send_many(product, 250, (ada,), (Channel.IN_APP,))]
    more: list[str] = []

    async def keep_sending() -> None:
        while True:
            more.extend(await send_many(product, 5, (ada,), (Channel.IN_APP,)))
            await asyncio.sleep(0.01)

    sending = asyncio.create_task(keep_sending())
    forward = await walk(product, NOTIFICATIONS, backward=False)
    backward = await walk(product, NOTIFICATIONS, backward=True)
    sending.cancel()
    await asyncio.wait([sending])

    for edges in (forward, backward):
        seen = [edge["node"]["id"] for edge in edges]
        assert len(seen) == len(set(seen)) and seen == sorted(seen, reverse=True)
        assert [one for one in seen if one in set(sent)] == sent[::-1]
    assert more


async def test_deliveries_are_listed_by_notification_user_and_tenant(product: Product) -> None:
    people = [await product.user(f"user-{n}", email=f"user-{n}@example.test") for n in range(3)]
    sent = [await product.send({"users": people}) for _ in range(3)]
    for id_ in sent:
        await product.settled(id_, 6)

    for filter_, count in (
        (None, 18),
        ({"notification": sent[0]}, 6),
        ({"user": people[1]}, 6),
        ({"externalId": "user-2"}, 6),
        ({"notification": sent[1], "user": people[0]}, 2),
        ({"user": people[1], "channels": ["EMAIL"], "states": ["SENT"]}, 3),
        ({"notification": sent[2], "states": ["DELIVERED"]}, 3),
        ({"externalId": "nobody"}, 0),
    ):
        forward = await walk(product, DELIVERIES, backward=False, size=4, filter=filter_)
        backward = await walk(product, DELIVERIES, backward=True, size=4, filter=filter_)
        found = [edge["node"]["id"] for edge in forward]
        assert len(set(found)) == len(found) == count, filter_
        assert [edge["node"]["id"] for edge in backward] == found


async def test_notifications_of_a_user_are_filtered_by_what_they_are(product: Product) -> None:
    ada, bob = await product.user("ada"), await product.user("bob")
    sent = []
    for n in range(6):
        to = {"user": bob if n == 3 else ada}
        sent.append(await product.send(to, labels={"order": n % 2}, priority="HIGH" if n == 4 else "NORMAL"))
        await product.settled(sent[-1], 2)
        product.pass_time(10)

    async def found(**filter_: object) -> list[int]:
        edges = await walk(product, NOTIFICATIONS, backward=False, size=2, filter=filter_)
        return [sent.index(edge["node"]["id"]) for edge in edges]

    began_us = product.base.clock.now_us() - 60 * SECOND_US
    middle = {
        "from": to_datetime(began_us + 10 * SECOND_US).isoformat(),
        "to": to_datetime(began_us + 40 * SECOND_US).isoformat(),
    }
    assert await found(user=ada) == await found(externalId="ada") == [5, 4, 2, 1, 0]
    assert await found(user=ada, labels={"order": 0}) == [4, 2, 0]
    assert await found(user=ada, priorities=["HIGH"]) == [4]
    assert await found(createdAt=middle) == [3, 2, 1] and await found(user=ada, createdAt=middle) == [2, 1]
    assert await found(user=ada, categories=["transactional"], createdAt=middle) == [2, 1]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_filter_that_no_index_serves_says_what_to_add(product: Product) -> None:
    refused = [
        (NOTIFICATIONS, {"categories": ["orders"]}, "user or externalId"),
        (NOTIFICATIONS, {"labels": {"order": 17}, "createdAt": {}}, "user or externalId"),
        (DELIVERIES, {"states": ["SENT"]}, "notification or user or externalId"),
        (DELIVERIES, {"provider": "smtp"}, "notification or user or externalId"),
    ]
    for query, filter_, hint in refused:
        error = await product.error(query, filter=filter_)
        assert error["code"] == "FILTER_NOT_INDEXED" and hint in error["message"], error
    wrong: list[tuple[str, Json]] = [
        (NOTIFICATIONS, {"user": "usr_1"}),
        (NOTIFICATIONS, {"user": ids.encode(ids.USER, bytes(16)), "externalId": "ada"}),
        (NOTIFICATIONS, {"createdAt": {"from": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}}),
        (DELIVERIES, {"notification": "ntf_1"}),
        (DELIVERIES, {"user": ids.encode(ids.USER, bytes(16)), "states": []}),
        (DELIVERIES, {"externalId": ""}),
        (DELIVERIES, {"externalId": "a\x00b"}),
        (DEAD_LETTERS, {"deliveries": ["dlv_1"]}),
    ]
    for query, filter_ in wrong:
        error = await product.error(query, filter=filter_)
        assert (error["code"], error["argument"]) == ("INVALID_INPUT", "filter"), (filter_, error)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_cursors_that_this_list_never_gave_are_refused(product: Product) -> None:
    ada = await product.user("ada")
    sent = [await product.send({"user": ada}) for _ in range(3)]
    for id_ in sent:
        await product.settled(id_, 2)
    pages = [
        (query, filter_, (await product.data(query, filter=filter_, first=1)).popitem()[1]["pageInfo"]["endCursor"])
        for query, filter_ in (
            (NOTIFICATIONS, None), (NOTIFICATIONS, {"user": ada}), (DELIVERIES, None), (DELIVERIES, {"user": ada}),
            (DELIVERIES, {"notification": sent[0]}), (DELIVERIES, {"notification": sent[1]}),
            (DELIVERIES, {"user": ada, "channels": ["IN_APP"]}),
        )
    ]  # fmt: skip
    foreign = await product.key(Role.ADMIN, await product.other_tenant())

    for at, (query, filter_, cursor) in enumerate(pages):
        assert "errors" not in await product.ask(query, filter=filter_, after=cursor)
        others = [one for place, (_, _, one) in enumerate(pages) if place != at]
        for bad in (
            *others,
            cursor[:-2],
            cursor + "A",
            "",
            "é",
            f"{cursor[:9]}{'B' if cursor[9] == 'A' else 'A'}{cursor[10:]}",
        ):
            for name in ("after", "before"):
                error = await product.error(query, filter=filter_, **{name: bad})
                assert (error["code"], error["argument"]) == ("INVALID_INPUT", name), (filter_, bad, error)
        error = await product.error(query, foreign, filter=filter_, after=cursor)
        assert (error["code"], error["argument"]) == ("INVALID_INPUT", "after")
    both = await product.error(NOTIFICATIONS, first=1, last=1)
    assert (both["code"], both["argument"]) == ("INVALID_INPUT", "last")


async def test_what_a_page_costs_does_not_depend_on_its_size(product: Product, watch: Watch) -> None:
    people = tuple([await product.user(f"user-{n}", email=f"user-{n}@example.test") for n in range(3)])
    sent = await send_many(product, 100, people, (Channel.EMAIL, Channel.IN_APP))
    for id_ in sent:
        await product.settled(id_, 6)
    await product.data(WIDE, first=1)

    costs = []
    for first in (1, 10, 100):
        watch.statements.clear()
        found = (await product.data(WIDE, first=first))["notifications"]["edges"]
        costs.append(len([one for one in watch.statements if "workers" not in one and "outbox" not in one]))
        assert len(found) == first
        assert all(len(edge["node"]["deliveries"]["edges"]) == 6 for edge in found)
        mails = [one["node"] for one in found[0]["node"]["deliveries"]["edges"] if one["node"]["state"] == "SENT"]
        assert all(one["user"]["email"] and one["attempts"]["edges"][0]["node"]["outcome"] == "SENT" for one in mails)

    assert costs[0] == costs[1] == costs[2] <= 12, costs


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_roles_and_tenants_see_of_history_what_is_theirs(product: Product) -> None:
    ada = await product.user("ada")
    id_ = await product.send({"user": ada})
    await product.settled(id_, 2)
    browser, foreign = product.browser(ada), await product.key(Role.ADMIN, await product.other_tenant())

    for query in (NOTIFICATIONS, DELIVERIES, DEAD_LETTERS):
        assert (await product.error(query, browser))["code"] == "FORBIDDEN"
        [page] = (await product.data(query, foreign)).values()
        assert page["edges"] == []
    for filter_ in ({"user": ada}, {"notification": id_}):
        assert (await product.data(DELIVERIES, foreign, filter=filter_))["deliveries"]["edges"] == []
        assert (await product.data(DELIVERIES, product.viewer, filter=filter_))["deliveries"]["edges"]
    by_name = {"externalId": "ada"}
    assert (await product.error(DELIVERIES, product.viewer, filter=by_name))["code"] == "FORBIDDEN"
    user = "query ($id: ID, $externalId: String) { user(id: $id, externalId: $externalId) { id externalId } }"
    assert (await product.data(user, externalId="ada"))["user"] == {"id": ada, "externalId": "ada"}
    assert (await product.data(user, product.viewer, id=ada))["user"] == {"id": ada, "externalId": None}
    assert (await product.error(user, product.viewer, externalId="ada"))["code"] == "FORBIDDEN"
    assert (await product.data(user, foreign, id=ada))["user"] is None
    assert (await product.data(user, foreign, externalId="ada"))["user"] is None
    for token, expected in ((product.viewer, "Forbidden"), (browser, "Forbidden"), (foreign, "NotFound")):
        answer = (await product.data(CANCEL, token, input={"id": id_}))["cancelNotification"]
        assert answer["__typename"] == expected
    sender = await product.key(Role.SERVICE_ACCOUNT)
    for token in (product.viewer, browser, sender):
        answer = (await product.data(REPLAY, token, input={"filter": {"reasons": ["EXPIRED"]}}))["replayDeadLetters"]
        assert answer["__typename"] == "Forbidden"


# ------------------------------------------------------------------------------------------------- cancel and replay


async def cancelled(product: Product, id_: str) -> Json:
    answer: Json = (await product.data(CANCEL, input={"id": id_}))["cancelNotification"]
    return answer


async def test_a_notification_is_cancelled_at_each_stage(product: Product, side: Side) -> None:
    later = to_datetime(product.base.clock.now_us() + 3_600 * SECOND_US).isoformat()
    planned = await product.send({"email": "planned@example.test"}, channels=["EMAIL"], sendAt=later)
    deferred = await product.send({"email": "defer@example.test"}, channels=["EMAIL"])
    done = await product.send({"email": "done@example.test"}, channels=["EMAIL"])
    for id_ in (deferred, done):
        await product.settled(id_)

    first, again = await cancelled(product, planned), await cancelled(product, planned)
    assert (first["stoppedCount"], first["leftCount"], first["repeated"], again["repeated"]) == (0, 0, False, True)
    assert first["notification"] == {"id": planned, "state": "CANCELLED", "counts": []}
    stopped = await cancelled(product, deferred)
    assert (stopped["stoppedCount"], stopped["leftCount"]) == (1, 0)
    assert stopped["notification"]["counts"] == [{"state": "CANCELLED", "count": 1}]
    mail = await mail_of(product, deferred)
    assert (mail["state"], mail["reason"]) == ("CANCELLED", "CANCELLED")
    assert [edge["node"]["outcome"] for edge in mail["attempts"]["edges"]] == ["BUSY"]
    late = await cancelled(product, done)
    assert (late["__typename"], late["code"], late["path"]) == ("Conflict", "CONFLICT", ["id"])

    lines = len(side.lines())
    await product.pipeline.pass_time(7_200)
    await asyncio.sleep(0.2)
    assert len(side.lines()) == lines


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_nobody_cancels_what_is_absent_or_no_notification(product: Product) -> None:
    absent = await cancelled(product, ids.encode(ids.NOTIFICATION, product.base.ids.new()))
    wrong = [await cancelled(product, id_) for id_ in ("ntf_1", "", ids.encode(ids.USER, bytes(16)))]

    assert (absent["__typename"], absent["code"]) == ("NotFound", "NOT_FOUND")
    assert [(one["__typename"], one["path"]) for one in wrong] == [("InvalidInput", ["id"])] * 3


async def replayed(product: Product, **wanted: object) -> Json:
    answer: Json = (await product.data(REPLAY, input=wanted))["replayDeadLetters"]
    return answer


async def test_a_replay_delivers_the_mail_and_the_log_tells_all_attempts(product: Product, side: Side) -> None:
    ada = await product.user("ada", email="bounce@example.test")
    id_ = await product.send({"user": ada}, channels=["EMAIL"])
    await product.settled(id_)
    [letter] = [edge["node"] for edge in (await product.data(DEAD_LETTERS))["deadLetters"]["edges"]]
    assert letter["attemptCount"] == 1 and letter["delivery"]["user"]["id"] == ada
    await product.user("ada", email="ada@example.test")
    filter_ = {"notification": id_, "reasons": [letter["reason"]]}

    dry = await replayed(product, filter=filter_)
    assert (dry["dryRun"], dry["count"], dry["hasMore"]) == (True, 1, False)
    assert dry["reasons"] == [{"reason": letter["reason"], "count": 1}]
    assert dry["deliveries"] == [{"id": letter["delivery"]["id"], "state": "FAILED"}]
    assert len((await product.data(DEAD_LETTERS))["deadLetters"]["edges"]) == 1
    clicks = await asyncio.gather(*[replayed(product, filter=filter_, dryRun=False) for _ in range(2)])
    assert sorted([click["count"] for click in clicks]) == [0, 1]
    await product.settled(id_)

    mail = await mail_of(product, id_)
    assert mail["state"] == "SENT" and mail["reason"] is None
    assert [edge["node"]["outcome"] for edge in mail["attempts"]["edges"]] == ["REFUSED", "SENT"]
    assert (await product.data(DEAD_LETTERS))["deadLetters"]["edges"] == []
    assert len(await side.shown(to="ada@example.test")) == 1


async def test_what_expired_is_not_replayed_and_does_not_hide_what_can_be(product: Product) -> None:
    ends = to_datetime(product.base.clock.now_us() + 60 * SECOND_US).isoformat()
    kept = [await product.send({"email": f"bounce+{n}@example.test"}, channels=["EMAIL"]) for n in range(2)]
    late = [
        await product.send({"email": f"bounce+{n}@example.test"}, channels=["EMAIL"], expiresAt=ends)
        for n in range(2, 4)
    ]
    for id_ in (*kept, *late):
        await product.settled(id_)
    product.pass_time(120)

    dry = await replayed(product, filter={"createdAt": {}}, limit=1)
    real = await replayed(product, filter={"createdAt": {}}, dryRun=False)

    assert (dry["count"], dry["hasMore"]) == (1, True)
    assert (real["count"], real["refused"], real["hasMore"]) == (2, [{"reason": "EXPIRED", "count": 2}], False)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_replay_needs_a_filter_and_a_limit_that_can_be(product: Product) -> None:
    for wanted, path in (
        ({"filter": {}}, ["filter"]),
        ({"filter": {"createdAt": {}}, "limit": 0}, ["limit"]),
        ({"filter": {"createdAt": {}}, "limit": 1_001}, ["limit"]),
        ({"filter": {"deliveries": ["dlv_1"]}}, ["filter", "deliveries", "0"]),
    ):
        answer = await replayed(product, **wanted)
        assert (answer["__typename"], answer["path"]) == ("InvalidInput", path)
