"""The live inbox in the browser's own EventSource: by cookie, by ticket, over a restart and a kill, without a gap."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bench.inbox_places import seq_of
from tests.e2e.demo_page import DemoPage, browsing, find_browser
from tests.e2e.product import Person, Product

find_browser()

DRIVER = Path(__file__).with_name("event_source.mjs")
STREAM = "/api/v1/inbox/stream"
SESSION = "/api/v1/session"
Json = dict[str, Any]


class Page:
    """The browser's page, asked without blocking the tests' own work."""

    def __init__(self, page: DemoPage) -> None:
        self._page = page

    async def do(self, command: str, **words: object) -> Json:
        """See DemoPage.do."""
        return await asyncio.to_thread(self._page.do, command, **words)


@pytest.fixture
async def page(alone: Product, tmp_path: Path) -> AsyncIterator[Page]:
    """A page of the product's own origin."""
    with browsing(tmp_path, DRIVER) as one:
        opened = Page(one)
        await opened.do("open", url=alone.process.url)
        yield opened


async def tell(product: Product, who: Person, *titles: str) -> None:
    """Send in-app notifications, one after the other."""
    for title in titles:
        sent = await product.send({"externalId": who.external_id}, title, channels=["IN_APP"])
        await product.completed(sent.id)


def titles(seen: Json) -> list[str]:
    """What the added items say."""
    return [one["data"]["item"]["title"] for one in seen["events"] if one["type"] == "added"]


def gapless(seen: Json) -> bool:
    """Whether each event's id is the place after the one before."""
    places = [seq_of(one["id"]) for one in seen["events"]]
    return places == list(range(places[0], places[0] + len(places)))


async def test_a_cookie_lets_it_in_and_a_restart_loses_nothing(alone: Product, page: Page) -> None:
    ada = (await alone.people())["ada"]
    session = await page.do("call", method="PUT", path=SESSION, token=ada.token)
    await page.do("follow", name="ada", address=STREAM)
    await page.do("seen", name="ada", events=1)
    await tell(alone, ada, "before")
    before = await page.do("seen", name="ada", events=2)
    await asyncio.to_thread(alone.process.restart)
    await tell(alone, ada, "while it was away", "and again")
    after = await page.do("seen", name="ada", events=4, opened=2)
    await tell(alone, ada, "live again")
    last = await page.do("seen", name="ada", events=5)
    again = await alone.people()
    gone = await page.do("call", method="DELETE", path=SESSION, token=again["ada"].token)
    await page.do("follow", name="nobody", address=STREAM)
    closed = await page.do("seen", name="nobody", closed=True)

    assert (session["status"], session["cookies"], gone["status"]) == (204, "", 204)
    assert [one["type"] for one in before["events"]] == ["ready", "added"] and before["opened"] == 1
    assert titles(after) == ["before", "while it was away", "and again"]
    assert titles(last) == [*titles(after), "live again"] and gapless(last) and last["state"] == 1
    assert (closed["events"], closed["opened"]) == ([], 0)


async def test_a_ticket_lets_it_in_and_a_kill_loses_nothing(alone: Product, page: Page) -> None:
    grace = (await alone.people())["grace"]
    start = (await alone.inbox(grace.token))["liveCursor"]
    await tell(alone, grace, "between page and stream")
    ticket = await page.do("call", method="POST", path=f"{STREAM}/tickets", token=grace.token)
    await page.do("follow", name="grace", address=f"{ticket['body']['href']}&lastEventId={start}")
    await page.do("seen", name="grace", events=1)
    await asyncio.to_thread(alone.process.kill)
    await asyncio.to_thread(alone.process.start)
    await tell(alone, grace, "while it was dead")
    seen = await page.do("seen", name="grace", events=2, opened=2)
    await page.do("follow", name="forged", address=f"{STREAM}?ticket={grace.token}")
    forged = await page.do("seen", name="forged", closed=True)

    assert titles(seen) == ["between page and stream", "while it was dead"] and gapless(seen)
    assert seq_of(seen["events"][0]["id"]) == seq_of(start) + 1
    assert forged["events"] == []
