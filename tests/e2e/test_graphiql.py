"""GraphiQL in headless Chromium, as somebody meets it who opens /graphql."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demo_page import DemoPage, browsing, find_browser
from tests.e2e.process import CarillonProcess, running

find_browser()

DRIVER = Path(__file__).with_name("graphiql.mjs")
EXAMPLES = ["Send", "Look", "People", "Live"]
WIDTHS = [1280, 768, 390]
TOKEN = re.compile(r"crl_(live|test)_\w+|eyJ[\w-]+\.")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarillonProcess]:
    """The product as `make run` starts it."""
    with running(tmp_path_factory.mktemp("graphiql"), {}) as one:
        yield one


@pytest.fixture(scope="module")
def page(process: CarillonProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPage]:
    """The page, opened once for all tests."""
    with browsing(tmp_path_factory.mktemp("browser"), DRIVER) as one:
        opened = one.do("open", url=process.url)
        assert opened["status"] == 200, "the page is not built: make setup"
        assert opened["tabs"] == EXAMPLES and "Carillon" in opened["title"]
        yield one


@pytest.fixture(autouse=True)
def silent_console(page: DemoPage) -> Iterator[None]:
    """The browser has nothing to complain of: no error, and nothing that the page's policy forbids."""
    yield
    assert page.do("complaints") == {"complaints": []}


def test_a_notification_is_sent_and_looked_at(page: DemoPage) -> None:
    page.do("tab", name="Send")
    sent = page.do("run", until="NotificationAccepted")["answer"]["data"]["sendNotification"]["notification"]
    look = page.do("tab", name="Look")
    seen = page.do("run_until", until="COMPLETED")["answer"]["data"]["notification"]
    deliveries = {edge["node"]["channel"]: edge["node"] for edge in seen["deliveries"]["edges"]}

    assert sent["id"] in look["variables"]
    assert {channel: one["state"] for channel, one in deliveries.items()} == {"EMAIL": "SENT", "IN_APP": "DELIVERED"}
    assert [edge["node"]["outcome"] for edge in deliveries["EMAIL"]["attempts"]["edges"]] == ["SENT"]
    assert "ADDRESS" in {one["stage"] for one in deliveries["EMAIL"]["decisions"]}


def test_people_are_made_known(page: DemoPage) -> None:
    page.do("tab", name="People")
    results = page.do("run", until="emmy")["answer"]["data"]["upsertUsers"]["results"]

    assert [one["user"]["externalId"] for one in results] == ["ada", "emmy"]


def test_a_subscription_hears_what_is_sent(page: DemoPage) -> None:
    looked = page.do("tab", name="Live")
    page.do("listen")
    page.do("ring")
    first = page.do("heard", until="Bell 1")["answer"]["data"]["inbox"]
    page.do("ring")
    second = page.do("heard", until="Bell 2")["answer"]["data"]["inbox"]
    page.do("tab", name="Send")

    assert looked["speaks"] == "ada"
    assert first["__typename"] == "InboxItemAdded" and first["item"]["title"] == "Bell 1"
    assert second["unread"] == first["unread"] + 1


def test_another_speaker_is_chosen_for_a_tab(page: DemoPage) -> None:
    page.do("tab", name="People")
    page.do("speak_as", key="grace")
    refused = page.do("run", until="FORBIDDEN")["answer"]
    page.do("speak_as", key="sender")
    results = page.do("run", until="emmy")["answer"]["data"]

    assert refused["data"]["upsertUsers"]["code"] == "FORBIDDEN" and "upsertUsers" in results


def test_dialogs_and_the_reference_open_under_the_policy(page: DemoPage) -> None:
    assert page.do("overlays")["scrolls"] == "hidden"
    assert "sendNotification" in page.do("docs")["words"]


def test_no_token_is_kept_and_a_restart_gives_new_ones(page: DemoPage, process: CarillonProcess) -> None:
    page.do("tab", name="Send")
    kept = page.do("look")["kept"]
    process.stop()
    process.start()
    tabs = page.do("reload")["tabs"]
    page.do("run", until="NotificationAccepted")

    assert tabs == EXAMPLES and "{{sender}}" in kept and not TOKEN.search(kept)


def test_a_key_that_a_restart_has_ended_is_renewed_while_the_page_stays(
    page: DemoPage, process: CarillonProcess
) -> None:
    process.stop()
    process.start()
    page.do("tab", name="People")
    page.do("run", until="emmy")

    [told] = page.do("complaints")["complaints"]
    assert "401 (Unauthorized)" in told


def test_it_fits_every_window_in_light_and_dark(page: DemoPage, tmp_path: Path) -> None:
    seen = page.do("pictures", folder=str(tmp_path), name="graphiql", widths=WIDTHS)["seen"]

    assert [(one["width"], one["colorScheme"]) for one in seen if one["over"] > 0] == []


def test_without_a_demo_a_key_is_pasted_once(process: CarillonProcess, tmp_path: Path) -> None:
    with browsing(tmp_path, DRIVER) as page:
        page.do("open", url=process.url, demo=False)
        asked = page.do("run", until="errors")["answer"]["errors"]
        page.do("headers", text=f'{{"authorization": "Bearer {process.admin_key}"}}')
        page.do("schema")
        page.do("tab", name="People")
        results = page.do("run", until="emmy")["answer"]["data"]["upsertUsers"]["results"]
        kept = page.do("look")["kept"]
        told = page.do("complaints")["complaints"]

    assert "A token is needed" in asked[0]["message"] and len(results) == 2
    assert not TOKEN.search(kept)
    assert [one for one in told if "404" not in one] == []
