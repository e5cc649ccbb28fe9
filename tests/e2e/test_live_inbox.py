"""A followed inbox never skips and never repeats, whatever happens to the connection."""

import asyncio

import pytest

from bench.inbox_places import seq_of
from tests.e2e.product import Json, Live, Product, seqs, titles, wanted

AWAY = 50
GARBAGE = ("", "garbage", "AAAA", "x" * 4_000, "é")


async def send_in_order(product: Product, external_id: str, words: str, count: int) -> list[str]:
    """Send so many to one inbox; their titles."""
    named = [f"{words} {number}" for number in range(count)]
    inputs = [wanted({"externalId": external_id}, title, channels=["IN_APP"]) for title in named]
    results = await product.send_many(inputs)
    assert {result["__typename"] for result in results} == {"NotificationAccepted"}
    return named


async def test_who_was_away_gets_exactly_what_came_meanwhile(product: Product) -> None:
    ada = (await product.people())["ada"]
    start = (await product.inbox(ada.token))["liveCursor"]
    async with product.following(ada.token, start) as live:
        await send_in_order(product, "ada", "here", 3)
        await live.take(3)
        left_at = live.cursor
    away = await send_in_order(product, "ada", "away", AWAY)
    async with product.following(ada.token, left_at) as live:
        missed = await live.take(AWAY)
        [back] = await send_in_order(product, "ada", "back", 1)
        last = await live.next()
        assert await live.quiet(for_s=0.3)

    assert titles(missed) == away and titles([last]) == [back]
    assert seqs([*missed, last]) == list(range(seq_of(left_at) + 1, seq_of(left_at) + AWAY + 2))


async def test_a_restart_loses_and_repeats_nothing_for_who_comes_back(alone: Product) -> None:
    ada = (await alone.people())["ada"]
    start = (await alone.inbox(ada.token))["liveCursor"]
    async with alone.following(ada.token, start) as live:
        before = await send_in_order(alone, "ada", "before", 10)
        seen = await live.take(4)
    await asyncio.to_thread(alone.process.restart)
    after = await send_in_order(alone, "ada", "after", 10)
    async with alone.following(ada.token, live.cursor) as live:
        seen += await live.take(16)
        assert await live.quiet(for_s=0.3)

    assert titles(seen) == [*before, *after]
    assert seqs(seen) == list(range(seq_of(start) + 1, seq_of(start) + 21))


async def test_a_cursor_from_before_the_first_item_begins_at_the_first_item(product: Product) -> None:
    id_ = await product.user("newcomer")
    token = await product.token(id_)
    nothing_yet = (await product.inbox(token))["liveCursor"]
    sent = await send_in_order(product, "newcomer", "first", 3)
    async with product.following(token, nothing_yet) as live:
        events = await live.take(3)

    assert titles(events) == sent and seqs(events) == [1, 2, 3]


async def reset(live: Live) -> Json:
    """The one event of a stream that cannot go on."""
    event = await live.next()
    assert (await live.socket.hear())["type"] == "complete"
    return event


async def test_a_foreign_cursor_is_told_and_ends_the_stream(product: Product) -> None:
    people = await product.people()
    ada, grace = people["ada"], people["grace"]
    foreign = (await product.inbox(ada.token))["liveCursor"]
    async with product.following(grace.token, foreign) as live:
        event = await reset(live)
    async with product.following(grace.token, event["cursor"]) as live:
        [sent] = await send_in_order(product, "grace", "after the reset", 1)
        resumed = await live.next()

    assert (event["__typename"], event["reason"]) == ("InboxReset", "CURSOR_FOREIGN")
    assert titles([resumed]) == [sent]


@pytest.mark.parametrize("cursor", GARBAGE)
async def test_a_cursor_that_is_none_is_told_and_ends_the_stream(product: Product, cursor: str) -> None:
    ada = (await product.people())["ada"]
    async with product.following(ada.token, cursor) as live:
        event = await reset(live)

    assert (event["__typename"], event["reason"]) == ("InboxReset", "CURSOR_FOREIGN")


async def test_a_mark_in_one_window_is_seen_in_another(product: Product) -> None:
    mary = (await product.people())["mary"]
    start = (await product.inbox(mary.token))["liveCursor"]
    async with product.following(mary.token, start) as one, product.following(mary.token, start) as other:
        await send_in_order(product, "mary", "to read", 3)
        added = await one.take(3)
        await other.take(3)
        read = added[1]["item"]["id"]
        marked = await product.mark(mary.token, {"ids": [read]}, "READ")
        changes = [await one.next(), await other.next()]
        await product.mark(mary.token, {"before": added[2]["cursor"]}, "READ")
        rest = await other.take(2)
        last = await product.inbox(mary.token)

    assert (marked["changed"], marked["unread"]) == (1, 2)
    for change in changes:
        assert (change["__typename"], change["item"]["id"], change["unread"]) == ("InboxItemChanged", read, 2)
        assert change["item"]["readAt"] is not None
    assert {event["__typename"] for event in rest} == {"InboxItemChanged"} and rest[-1]["unread"] == 0
    assert last["unread"] == 0 and last["liveCursor"] == other.cursor


async def test_nobody_hears_another_inbox(product: Product) -> None:
    people = await product.people()
    linus, grace = people["linus"].token, people["grace"].token
    starts = [(await product.inbox(token))["liveCursor"] for token in (linus, grace)]
    async with product.following(linus, starts[0]) as his, product.following(grace, starts[1]) as hers:
        sent = await send_in_order(product, "linus", "for linus", 2)
        assert titles(await his.take(2)) == sent
        assert await hers.quiet(for_s=0.3)
