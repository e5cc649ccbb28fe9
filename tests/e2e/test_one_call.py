"""One mutation rings every bell, once."""

import asyncio

from bench.inbox_places import seq_of
from tests.e2e.product import Accepted, Product, attempts, deliveries, seqs, titles

TWINS = 25


async def test_one_mutation_rings_the_mailbox_and_the_live_inbox(product: Product) -> None:
    ada = (await product.people())["ada"]
    before = await product.inbox(ada.token)
    async with product.following(ada.token, before["liveCursor"]) as live:
        sent = await product.send({"externalId": "ada"}, "Order 17")
        event = await live.next()
        more = [await product.send({"user": ada.id}, f"Order {number}") for number in (18, 19)]
        events = [event, *await live.take(2)]

    assert [event["__typename"] for event in events] == ["InboxItemAdded"] * 3
    assert titles(events) == ["Order 17", "Order 18", "Order 19"]
    assert seqs(events) == [seq_of(before["liveCursor"]) + number for number in (1, 2, 3)]
    assert events[-1]["unread"] == before["unread"] + 3
    assert not sent.duplicate and len({sent.id, *[one.id for one in more]}) == 3
    [mail] = [mail for mail in await product.mails(ada.email) if mail["subject"] == "Order 17"]
    assert mail["to"] == ada.email and "Order 17, and on its way." in mail["text"]


async def test_the_timeline_tells_each_attempt_and_each_decision(product: Product) -> None:
    sent = await product.send({"externalId": "ada"}, "Order 20")
    story = await product.completed(sent.id)

    assert (story["id"], story["recipientCount"]) == (sent.id, 1)
    assert {count["state"]: count["count"] for count in story["counts"]} == {"SENT": 1, "DELIVERED": 1}
    by_mail, in_app = (deliveries(story)[channel] for channel in ("EMAIL", "IN_APP"))
    [attempt] = attempts(by_mail)
    assert (attempt["number"], attempt["outcome"], attempt["reason"]) == (1, "SENT", None)
    assert attempt["startedAt"] <= attempt["settledAt"] and attempt["answer"]
    assert attempts(in_app) == [] and (by_mail["state"], in_app["state"]) == ("SENT", "DELIVERED")
    for delivery in (by_mail, in_app):
        stages = [one["stage"] for one in [*story["decisions"], *delivery["decisions"]]]
        assert {"AUDIENCE", "ADDRESS", "ROUTE", "COMPOSE"} <= set(stages)
        assert delivery["user"]["externalId"] == "ada"


async def test_a_call_is_answered_before_anything_was_sent(product: Product) -> None:
    sent = await product.send({"email": "slow-2+first@example.test"}, "In no hurry", channels=["EMAIL"])
    at_first = await product.notification(sent.id)
    at_last = await product.completed(sent.id)

    assert at_first["state"] in {"ACCEPTED", "PROCESSING"}
    assert deliveries(at_last)["EMAIL"]["state"] == "SENT"


async def test_a_repeated_key_answers_with_the_first_outcome_even_after_a_restart(alone: Product) -> None:
    first = await alone.send({"externalId": "ada"}, "Order 17", idempotencyKey="order-17")
    again = await alone.send({"externalId": "ada"}, "Order 17", idempotencyKey="order-17")
    await alone.completed(first.id)
    await asyncio.to_thread(alone.process.restart)
    later = await alone.send({"externalId": "ada"}, "Order 17", idempotencyKey="order-17")
    other = await alone.try_to_send({"externalId": "ada"}, "Order 18", idempotencyKey="order-17")
    last = await alone.send({"externalId": "ada"}, "The last one")
    await alone.completed(last.id)

    assert (first.duplicate, again, later) == (False, Accepted(first.id, True), Accepted(first.id, True))
    assert other["__typename"] == "IdempotencyConflict"
    assert [mail["subject"] for mail in await alone.mails("ada@example.test")] == ["The last one"]
    ada = (await alone.people())["ada"]
    page = await alone.inbox(ada.token)
    assert [edge["node"]["title"] for edge in page["edges"]] == ["The last one", "Order 17"]


async def test_twins_at_the_same_moment_become_one_notification(product: Product) -> None:
    calls = [product.send({"email": "twins@example.test"}, "Once", idempotencyKey="twins") for _ in range(TWINS)]
    answers = await asyncio.gather(*calls)
    await product.completed(answers[0].id)

    assert len({answer.id for answer in answers}) == 1
    assert sorted(answer.duplicate for answer in answers) == [False] + [True] * (TWINS - 1)
    assert len(await product.mails("twins@example.test")) == 1
