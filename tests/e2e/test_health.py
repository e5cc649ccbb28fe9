"""What an operator's machines ask, and a store that goes away and comes back."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.postgres import Postgres
from errors import EngineUnavailable
from tests.e2e.process import running
from tests.e2e.product import Json, Product, attempts, deliveries, reached, titles, until
from tests.stores import service_url

READY_AGAIN_WITHIN_S = 15.0
ACCEPTABLE = {"NotificationAccepted", "Unavailable"}


async def test_a_process_that_serves_is_alive_and_ready(product: Product) -> None:
    live, ready = await product.get("/health/live"), await product.get("/health/ready")

    assert (live.status_code, live.text) == (200, "alive\n")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "engines": {"store": "ok"}})


async def test_the_counters_move_with_the_work(product: Product) -> None:
    before = await counters(product)
    sent = await product.send({"externalId": "ada"}, "Counted")
    bounced = await product.send({"email": "bounce+counted@example.test"}, "Counted", channels=["EMAIL"])
    await product.completed(sent.id)
    await product.completed(bounced.id)
    people = await product.people()
    async with product.following(people["ada"].token, None):
        during = await until(lambda: counters(product), lambda now: now.get("carillon_graphql_sockets", 0) >= 1)
    after = await until(
        lambda: counters(product), lambda now: moved(before, now, "carillon_graphql_operations_total", "mutation") >= 2
    )

    assert moved(before, after, "carillon_bus_pointers_total", "notification.created") >= 2
    assert moved(before, after, "carillon_bus_pointers_total", "channel.email.queued") >= 2
    assert moved(before, after, "carillon_deliveries_expanded_total", "DELIVERED") >= 1
    assert moved(before, after, "carillon_attempts_settled_total", "EMAIL", "SENT") >= 1
    assert moved(before, after, "carillon_attempts_settled_total", "EMAIL", "FAILED") >= 1
    assert sum(count for name, count in after.items() if name.startswith("carillon_bus_set_aside_total")) == 0
    assert "carillon_inbox_followers" in during


async def counters(product: Product) -> dict[str, float]:
    """Every sample by its name and the values of its labels."""
    answer = await product.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def moved(before: dict[str, float], after: dict[str, float], name: str, *labels: str) -> float:
    """By how much the samples of that name that have these labels grew together."""
    chosen = [one for one in after if one.split(" ")[0] == name and set(labels) <= set(one.split(" ")[1:])]
    return sum(after[one] - before.get(one, 0.0) for one in chosen)


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A PostgreSQL server that the test may stop."""
    try:
        server = Postgres.temporary(fsync=False)
    except EngineUnavailable as missing:
        pytest.skip(missing.message)
    with server:
        yield server


@pytest.mark.usefixtures("postgres_server")
async def test_a_store_that_goes_away_and_comes_back_needs_no_restart(own_server: Postgres, tmp_path: Path) -> None:
    owner_url = own_server.create_database("health")
    settings = {"CARILLON_STORE": service_url(own_server, owner_url)}
    with running(tmp_path, settings) as process:
        async with reached(process) as product:
            ada = (await product.people())["ada"]
            start = (await product.inbox(ada.token))["liveCursor"]
            async with product.following(ada.token, start) as live:
                before = await product.send({"externalId": "ada"}, "Before")
                await live.next()
                await asyncio.to_thread(own_server.stop)
                refused, statuses = await sent_to_nobody(product)
                await asyncio.to_thread(own_server.start)
                began_s = time.monotonic()
                await until(lambda: product.get("/health/ready"), answers_200, READY_AGAIN_WITHIN_S)
                sent = await until(lambda: tried(product, "After"), was_taken, READY_AGAIN_WITHIN_S)
                took_s = time.monotonic() - began_s
                await live.next()
            stories = [await product.completed(id_) for id_ in (before.id, sent["notification"]["id"])]

    assert statuses == {"live": 200, "ready": 503}
    assert refused["code"] == "UNAVAILABLE" and refused["retryable"]
    assert titles(live.events) == ["Before", "After"] and took_s < READY_AGAIN_WITHIN_S
    assert [attempts(deliveries(one)["EMAIL"])[-1]["outcome"] for one in stories] == ["SENT", "SENT"]


async def sent_to_nobody(product: Product) -> tuple[Json, dict[str, int]]:
    """What a caller and a machine are told while the store is away."""
    ready = await until(lambda: product.get("/health/ready"), lambda answer: answer.status_code == 503)
    assert ready.json()["ready"] is False and ready.json()["engines"]["store"] != "ok"
    live = await product.get("/health/live")
    return await tried(product, "Meanwhile"), {"live": live.status_code, "ready": ready.status_code}


async def tried(product: Product, title: str) -> Json:
    """The result of a send, whether the caller was turned away at the door or by the mutation."""
    body = await product.ask(SENDING, title=title)
    if "errors" in body:
        extensions: Json = body["errors"][0]["extensions"]
        return {"__typename": "Unavailable", **extensions}
    result: Json = body["data"]["sendNotification"]
    return result


SENDING = """mutation ($title: String!) {
  sendNotification(input: {to: {externalId: "ada"}, message: {content: {title: $title, body: "x"}}}) {
    __typename
    ... on NotificationAccepted { notification { id } }
    ... on Failure { code message retryable }
  }
}"""


def answers_200(answer: httpx.Response) -> bool:
    """Whether it is ready."""
    return answer.status_code == 200


def was_taken(result: Json) -> bool:
    """Whether it was accepted; nothing but "later" may come before."""
    assert result["__typename"] in ACCEPTABLE, result
    return bool(result["__typename"] == "NotificationAccepted")
