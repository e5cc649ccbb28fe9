"""The demo page in headless Chromium, as somebody meets it after `make run`."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.demo_page import DemoPage, browsing, find_browser
from tests.e2e.process import CarillonProcess, running
from tests.e2e.product import Json, reached

find_browser()

PEOPLE = ["ada", "grace", "linus", "mary"]
WIDTHS = [1440, 768, 390]
MOST_MEMORY_MB = 150
LIVE_WITHIN_S, MAIL_WITHIN_S = 5.0, 10.0
Report = Callable[[str, object], None]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarillonProcess]:
    """The product as `make run` starts it."""
    with running(tmp_path_factory.mktemp("demo"), {}) as one:
        yield one


@pytest.fixture(scope="module")
def page(process: CarillonProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPage]:
    """The page, opened once for all tests."""
    with browsing(tmp_path_factory.mktemp("browser")) as one:
        opened = one.do("open", url=process.url)
        assert opened["status"] == 200, "the page is not built: make setup"
        assert opened["bells"] == PEOPLE and "Carillon" in opened["title"]
        yield one


@pytest.fixture(autouse=True)
def silent_console(page: DemoPage) -> Iterator[None]:
    """The browser has nothing to complain of; who takes the server away says so beforehand."""
    page.do("complaints")
    yield
    assert page.do("complaints") == {"complaints": []}


def test_one_click_rings_the_mailbox_and_the_live_inbox(page: DemoPage, record_property: Report) -> None:
    page.do("choose", user="ada")
    before = page.do("look")
    seen = page.do("send", to="user:ada", title="Order 17", mailTo="ada@example.test", live=True)
    after = page.do("look")
    record_property("demo page", f"mail after {seen['mail']} s, live item after {seen['item']} s")

    assert seen["item"] < LIVE_WITHIN_S and seen["mail"] < MAIL_WITHIN_S
    assert seen["timeline"]["state"] == "COMPLETED"
    assert {(one["channel"], one["state"]) for one in seen["timeline"]["deliveries"]} == {
        ("EMAIL", "SENT"),
        ("IN_APP", "DELIVERED"),
    }
    assert [one["attempts"] for one in seen["timeline"]["deliveries"] if one["channel"] == "EMAIL"] == [1]
    assert after["unread"] == before["unread"] + 1 and after["titles"][0] == "Order 17"


def test_everybody_is_reached_by_one_call(page: DemoPage) -> None:
    seen = page.do("send", to="everyone", title="To all", mailTo="mary@example.test", live=True)
    found = [page.do("choose", user=user) for user in PEOPLE]

    assert len(seen["timeline"]["deliveries"]) == 2 * len(PEOPLE)
    assert [one["titles"][0] for one in found] == ["To all"] * len(PEOPLE)


def test_a_mail_can_be_opened_and_says_what_was_sent(page: DemoPage) -> None:
    link = "https://shop.example.test/orders/18"
    page.do("send", to="user:grace", title="Order 18", link=link, mailTo="grace@example.test")
    mail = page.do("openMail", title="Order 18")

    assert "grace@example.test" in mail["words"] and "Order 18" in mail["words"]
    assert link in mail["body"] and mail["corners"] == "12px"


def test_an_address_that_bounces_shows_why(page: DemoPage) -> None:
    [delivery] = page.do("preset", name="Bounce")["timeline"]["deliveries"]

    assert (delivery["channel"], delivery["state"], delivery["attempts"]) == ("EMAIL", "FAILED", 1)
    assert "ADDRESS_INVALID" in delivery["why"] and "does not exist" in delivery["why"]


def test_a_bad_link_is_told_at_its_field(page: DemoPage) -> None:
    failure = page.do("preset", name="Bad link")

    assert failure["code"] == "INVALID_INPUT" and "message.content.url" in failure["words"]
    assert "expected an http or https URL" in failure["fieldError"]
    assert (failure["invalid"], failure["focused"]) == ("true", "field-url")


def test_marking_all_read_clears_the_badge(page: DemoPage) -> None:
    page.do("choose", user="linus")
    page.do("send", to="user:linus", title="To be read", live=True)
    before = page.do("look")
    after = page.do("readAll")

    assert before["unread"] > 0 and before["badge"] == str(before["unread"]) and before["markAll"]
    assert (after["unread"], after["badge"], after["markAll"]) == (0, "", False)


async def test_a_restart_is_survived_without_a_reload_and_without_doubles(
    page: DemoPage, process: CarillonProcess
) -> None:
    page.do("choose", user="mary")
    page.do("send", to="user:mary", title="Before the restart", live=True)
    before = page.do("look")
    process.stop()
    page.do("connection", state="reconnecting")
    process.start()
    async with reached(process) as product:
        await asyncio.gather(*[product.send({"externalId": "mary"}, f"Meanwhile {number}") for number in range(3)])
    page.do("connection", state="live")
    for number in range(3):
        page.do("item", title=f"Meanwhile {number}")
    seen = page.do("send", to="user:mary", title="After the restart", live=True)
    after = page.do("look")
    told: Json = page.do("complaints")

    assert before["neverReloaded"] and after["neverReloaded"]
    assert len(after["ids"]) == len(set(after["ids"])) == len(before["ids"]) + 4
    assert set(before["ids"]) < set(after["ids"]) and after["unread"] == before["unread"] + 4
    assert seen["timeline"]["state"] == "COMPLETED"
    assert [one for one in told["complaints"] if not is_about_the_restart(one)] == []


def is_about_the_restart(complaint: str) -> bool:
    """Browsers report every connection that is refused, and the key of the life before that is no longer accepted."""
    return any(words in complaint for words in ("ERR_CONNECTION", "WebSocket connection to", "401 (Unauthorized)"))


def test_it_fits_every_window_in_light_and_dark(page: DemoPage, tmp_path: Path) -> None:
    page.do("choose", user="ada")
    seen = page.do("pictures", folder=str(tmp_path), name="page", widths=WIDTHS)["seen"]

    assert [(one["width"], one["colorScheme"]) for one in seen if one["over"] > 0] == []
    assert all(Path(one["path"]).stat().st_size > 0 for one in seen)


def test_the_whole_product_needs_little_memory(
    page: DemoPage, process: CarillonProcess, record_property: Report
) -> None:
    record_property("memory", f"{process.memory_mb:.0f} MB")

    assert page.do("look")["connection"] == "live" and process.memory_mb < MOST_MEMORY_MB
