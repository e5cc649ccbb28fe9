"""How much a recipient gets within an hour, and how much a caller may send within a minute, on each store."""

from collections import Counter
from pathlib import Path

import pytest

from dispatchers.recipient_limits import HOUR_US, HourlyLimits
from dispatchers.stages.admission import Asked
from engines.store import operations as op
from engines.store.base import Store
from errors import CallerError, InvalidInput, RateLimited
from models.content import Content
from models.decisions import Rule, unpack
from models.ids import Ids
from models.principal import Principal
from models.rules import Category, TenantRules
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel, Priority, Role
from services.access import FIRST_TENANT
from tests.pipelines import SECOND_US, Pipeline, running
from tests.products import SEND, Product, serving
from tests.simulators import DrivenClock, Side
from usecases.put_categories import PutCategories
from usecases.requests import Audience, SendRequest, UserRequest
from usecases.set_tenant_rules import SetTenantRules

CONTENT = Content(body="Order 17 is packed.")
BATCH = 100


def to_ada(channels: tuple[Channel, ...] = (Channel.IN_APP,), **more: object) -> SendRequest:
    return SendRequest(Audience(external_id="ada"), CONTENT, channels=channels, **more)  # type: ignore[arg-type]


async def send(pipeline: Pipeline, count: int, **more: object) -> Counter[str]:
    """Send to ada; how many came to which end."""
    fates: Counter[str] = Counter()
    for first in range(0, count, BATCH):
        requests = [to_ada(**more) for _ in range(min(BATCH, count - first))]  # type: ignore[arg-type]
        answers = await pipeline.send(pipeline.caller, requests)
        for answer in answers:
            assert isinstance(answer, op.Accepted), answer
            for row in await pipeline.settled(answer.id, len(requests[0].channels or ())):
                fates[ReasonCode(row.reason).name if row.reason else DeliveryState(row.state).name] += 1
    return fates


@pytest.fixture
async def known(pipeline: Pipeline) -> Pipeline:
    """A pipeline that knows ada."""
    await pipeline.upsert(pipeline.caller, [UserRequest("ada", email="ada@example.test")])
    return pipeline


async def rules(pipeline: Pipeline, limit: int | None) -> None:
    base = pipeline.base
    await SetTenantRules(base.store, base.rules, base.clock)(pipeline.caller, TenantRules(hourly_limit=limit))


async def test_after_150_within_an_hour_nothing_more_comes_but_what_is_critical(known: Pipeline) -> None:
    assert await send(known, 160) == {"DELIVERED": 150, "THROTTLED": 10}
    assert await send(known, 3, priority=Priority.CRITICAL) == {"DELIVERED": 3}
    assert await send(known, 1, priority=Priority.HIGH) == {"THROTTLED": 1}

    await known.pass_time(3_600)
    assert await send(known, 1) == {"DELIVERED": 1}


async def test_the_hour_slides(known: Pipeline) -> None:
    await rules(known, 10)
    assert await send(known, 6) == {"DELIVERED": 6}
    await known.pass_time(1_800)
    assert await send(known, 6) == {"DELIVERED": 4, "THROTTLED": 2}
    await known.pass_time(1_799)
    assert await send(known, 1) == {"THROTTLED": 1}
    await known.pass_time(1)
    assert await send(known, 8) == {"DELIVERED": 6, "THROTTLED": 2}
    await known.pass_time(1_800)
    assert await send(known, 8) == {"DELIVERED": 4, "THROTTLED": 4}


async def test_all_channels_count_together_and_what_a_rule_stopped_does_not(known: Pipeline) -> None:
    await rules(known, 5)
    await known.upsert(known.caller, [UserRequest("bob")])
    without_address = SendRequest(Audience(external_id="bob"), CONTENT)
    for _ in range(4):
        [answer] = await known.send(known.caller, [without_address])
        assert isinstance(answer, op.Accepted)
        rows = await known.settled(answer.id, 2)
        assert {row.reason for row in rows} == {None, ReasonCode.NO_ADDRESS}

    both = (Channel.EMAIL, Channel.IN_APP)
    assert await send(known, 3, channels=both) == {"SENT": 3, "DELIVERED": 2, "THROTTLED": 1}


async def test_a_tenants_limit_replaces_the_installations_and_nought_is_none(known: Pipeline) -> None:
    await rules(known, 2)
    assert await send(known, 3) == {"DELIVERED": 2, "THROTTLED": 1}
    await rules(known, 0)
    assert await send(known, 160) == {"DELIVERED": 160}
    await rules(known, None)
    assert await send(known, 1) == {"DELIVERED": 1}


async def test_what_is_exempt_comes_in_any_case_and_counts(known: Pipeline) -> None:
    base = known.base
    put = PutCategories(base.store, base.rules, base.clock, base.ids)
    await put(known.caller, [Category("chat", "Chat", limited=False), Category("news", "News")])
    await rules(known, 3)

    assert await send(known, 5, category="chat") == {"DELIVERED": 5}
    assert await send(known, 1, category="news") == {"THROTTLED": 1}
    await known.pass_time(3_600)
    assert await send(known, 1, category="news") == {"DELIVERED": 1}


async def test_a_drop_names_its_rule(known: Pipeline) -> None:
    await rules(known, 1)
    answers = await known.send(known.caller, [to_ada(), to_ada(), to_ada(priority=Priority.CRITICAL)])

    told = []
    for answer in answers:
        assert isinstance(answer, op.Accepted)
        [row] = await known.settled(answer.id)
        told.append(unpack(row.decisions)[-1][1])

    assert told == [Rule.WITHIN_LIMIT, Rule.OVER_LIMIT, Rule.EXEMPT_FROM_LIMIT]


async def test_the_limit_may_be_switched_off(store: Store, side: Side, tmp_path: Path) -> None:
    async with running(store, tmp_path, side.port, CARILLON_HOURLY_LIMIT="0") as pipeline:
        await pipeline.upsert(pipeline.caller, [UserRequest("ada")])

        assert await send(pipeline, 160) == {"DELIVERED": 160}


class TestHourlyLimits:
    """The windows behind the stage, over a store of each kind."""

    @pytest.fixture
    def clock(self) -> DrivenClock:
        return DrivenClock()

    def asked(self, count: int, limit: int = 5, user: bytes = b"u" * 16, exempt: bool = False) -> list[Asked]:
        ids = Ids(lambda: 1)
        return [Asked(FIRST_TENANT, user, ids.new(), 4, limit, exempt) for _ in range(count)]

    async def test_who_asks_again_gets_the_same_answer_and_counts_once(self, store: Store, clock: DrivenClock) -> None:
        limits = HourlyLimits(store, clock)
        wanted = self.asked(4)

        assert await limits.admit(wanted) == await limits.admit(wanted) == [True] * 4
        assert await limits.admit(self.asked(2)) == [True, False]

    async def test_a_restart_forgets_nothing(self, pipeline: Pipeline) -> None:
        [ada] = await pipeline.upsert(pipeline.caller, [UserRequest("ada")])
        assert isinstance(ada, op.Upserted)
        await rules(pipeline, 5)
        assert await send(pipeline, 7) == {"DELIVERED": 5, "THROTTLED": 2}
        afresh = HourlyLimits(pipeline.base.store, pipeline.base.clock)

        assert await afresh.admit(self.asked(1, user=ada.id)) == [False]
        assert await afresh.admit(self.asked(1, limit=6, user=ada.id)) == [True]
        await pipeline.pass_time(HOUR_US / SECOND_US)
        assert await afresh.admit(self.asked(5, user=ada.id)) == [True] * 5

    async def test_what_was_delivered_before_a_restart_is_no_second_one(self, pipeline: Pipeline) -> None:
        [ada] = await pipeline.upsert(pipeline.caller, [UserRequest("ada")])
        assert isinstance(ada, op.Upserted)
        [answer] = await pipeline.send(pipeline.caller, [to_ada()])
        assert isinstance(answer, op.Accepted)
        await pipeline.settled(answer.id)
        afresh = HourlyLimits(pipeline.base.store, pipeline.base.clock)
        again = Asked(FIRST_TENANT, ada.id, answer.id, Channel.IN_APP.value, 1, is_exempt=False)

        assert await afresh.admit([again]) == [True]
        assert await afresh.admit(self.asked(1, limit=1, user=ada.id)) == [False]

    async def test_few_windows_are_kept_and_each_is_read_again(self, store: Store, clock: DrivenClock) -> None:
        limits = HourlyLimits(store, clock, most_windows=2)
        users = [bytes([n]) * 16 for n in range(4)]
        for user in users:
            assert await limits.admit(self.asked(1, limit=1, user=user)) == [True]

        # nothing of this is in the store, so whoever was forgotten starts anew
        assert [await limits.admit(self.asked(1, limit=1, user=user)) for user in reversed(users)] == [
            [False], [False], [True], [True],
        ]  # fmt: skip

    async def test_a_flood_of_exempt_ones_keeps_the_newest(self, store: Store, clock: DrivenClock) -> None:
        limits = HourlyLimits(store, clock)
        for _ in range(4):
            await limits.admit(self.asked(5, exempt=True))
            clock.us += HOUR_US // 2 + 1

        assert await limits.admit(self.asked(1)) == [False]
        clock.us += HOUR_US // 2
        assert await limits.admit(self.asked(5)) == [True] * 5


def caller(quota: int) -> Principal:
    return Principal(FIRST_TENANT, b"k" * 16, Role.SERVICE_ACCOUNT, "shop", quota_per_minute=quota)


async def test_a_caller_sends_no_more_than_its_quota(known: Pipeline) -> None:
    await known.send(caller(10), [to_ada() for _ in range(8)])

    with pytest.raises(RateLimited) as refused:
        await known.send(caller(10), [to_ada() for _ in range(5)])
    with pytest.raises(InvalidInput, match="at most 10 notifications at once"):
        await known.send(caller(10), [to_ada() for _ in range(11)])
    assert refused.value.retry_after_s == 18.0
    await known.pass_time(18)
    answers = await known.send(caller(10), [to_ada() for _ in range(5)])
    assert all(isinstance(answer, op.Accepted) for answer in answers)


async def test_only_what_is_newly_accepted_costs(known: Pipeline) -> None:
    quotas = known.base.quotas
    bad, stranger = to_ada(category="newz"), SendRequest(Audience(external_id="nobody"), CONTENT)
    keyed = to_ada(idempotency_key="order-17")

    answers = await known.send(caller(10), [keyed, keyed, bad, stranger, to_ada()])
    await known.send(caller(10), [keyed])

    assert [isinstance(answer, CallerError) for answer in answers] == [False, False, True, True, False]
    standing = quotas.standing(caller(10))
    assert standing is not None and (standing.limit, standing.remaining) == (10, 8)


async def test_the_door_says_when_to_come_again(store: Store, side: Side, tmp_path: Path) -> None:
    quota = {"CARILLON_QUOTA_PER_MINUTE": "2"}
    async with running(store, tmp_path, side.port, **quota) as pipeline, serving(pipeline) as product:
        user = await product.user("ada")
        for _ in range(2):
            await product.send({"user": user})
        refused = await _refused(product, user)
        other_key = await product.key(Role.DEVELOPER)

        assert (refused["__typename"], refused["code"], refused["retryable"]) == (
            "RateLimited",
            "RATE_LIMITED",
            True,
        )
        assert refused["retryAfterSeconds"] == 30.0
        wanted = {"to": {"user": user}, "message": {"content": {"body": "Packed"}}}
        answer = await product.data(SEND, other_key, input=wanted)
        assert answer["sendNotification"]["__typename"] == "NotificationAccepted"


async def _refused(product: Product, user: str) -> dict[str, object]:
    document = """mutation ($inputs: [SendNotificationInput!]!) { sendNotifications(inputs: $inputs) { __typename
      ... on Failure { code retryable } ... on RateLimited { retryAfterSeconds } } }"""
    wanted = {"to": {"user": user}, "message": {"content": {"body": "Packed"}}}
    refused: dict[str, object] = (await product.data(document, inputs=[wanted]))["sendNotifications"]
    return refused


async def test_a_key_that_was_made_with_a_quota_has_it(product: Product) -> None:
    user = await product.user("ada")
    make = """mutation { createKey(input: { name: "shop", role: SERVICE_ACCOUNT, quotaPerMinute: 1 }) {
      ... on KeyCreated { text } } }"""
    key = (await product.data(make))["createKey"]["text"]
    wanted = {"to": {"user": user}, "message": {"content": {"body": "Packed"}}}

    answers = [(await product.data(SEND, key, input=wanted))["sendNotification"]["__typename"] for _ in range(2)]
    product.pass_time(60)
    again = (await product.data(SEND, key, input=wanted))["sendNotification"]["__typename"]

    assert (answers, again) == (["NotificationAccepted", "RateLimited"], "NotificationAccepted")
