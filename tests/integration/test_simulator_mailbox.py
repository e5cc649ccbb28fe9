"""The simulated mailbox: what it keeps, its JSON and its page."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.headers import Head
from simulator.mailbox import Mail, Mailbox
from simulator.scripts import book, markdown
from tests.simulators import DrivenClock, Side, mail, raw, starting

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[Side]:
    async with starting(tmp_path) as start:
        yield await start()


def put(mailbox: Mailbox, count: int, size_bytes: int = 10) -> list[int]:
    head = Head(None, "", {})
    ids = [mailbox.next_id() for _ in range(count)]
    mailbox.put([Mail(mail_id, 0, "", "ada@example.test", head, b"x" * size_bytes) for mail_id in ids])
    return ids


def test_the_mailbox_forgets_its_oldest_mails_by_count_and_by_size() -> None:
    by_count, by_size = Mailbox(limit=3), Mailbox(limit_bytes=1_000)
    ids = put(by_count, 5)
    put(by_size, 5, size_bytes=400)

    assert [kept.id for kept in by_count.find()] == ids[:1:-1]
    assert len(by_size) == 2
    put(by_size, 1, size_bytes=5_000)
    assert [len(kept.raw) for kept in by_size.find()] == [5_000]


def test_ids_grow_even_if_the_clock_does_not() -> None:
    clock = DrivenClock()
    mailbox = Mailbox(now_us=clock.now_us)
    first, second = mailbox.next_id(), mailbox.next_id()
    clock.us -= 5_000_000

    assert clock.us < first < second < mailbox.next_id()


async def test_whoever_waits_for_a_mail_gets_it_when_it_comes(side: Side) -> None:
    waiting = asyncio.create_task(side.mailbox.wait(to="ada@example.test", count=2))
    await side.send("bob@example.test")
    await side.send("ada@example.test", message=mail("first"))
    assert not waiting.done()
    await side.send("ada@example.test", message=mail("second"))

    assert [found.head.subject for found in await asyncio.wait_for(waiting, 5)] == ["second", "first"]


async def test_the_json_shows_a_mail_as_a_person_reads_it(side: Side) -> None:
    await side.send("ada@example.test", message=mail(html="<p>Packed <b>and</b> on its way.</p>"))
    [shown] = await side.shown()

    assert shown.pop("id") == side.mailbox.newest
    assert shown == {
        "at": "2027-01-15T08:00:00Z",
        "from": "bounces@carillon.test",
        "to": "ada@example.test",
        "subject": "Order 17",
        "text": "Packed and on its way.\n.A line with a dot in front.\n",
        "html": "<p>Packed <b>and</b> on its way.</p>\n",
        "messageId": "m1@carillon.test",
        "headers": {"X-Carillon-Delivery": "dlv_1"},
    }


@pytest.mark.parametrize(
    ("source", "subject", "text"),
    [
        (b"", "", ""),
        (b"\r\nno header at all\r\n", "", "no header at all\n"),
        (b"subject: folded\r\n over lines\r\n\r\nbody\r\n", "folded over lines", "body\n"),
        (b"Subject: =?nonsense?Q?x?=\r\n\r\nbody\r\n", "=?nonsense?Q?x?=", "body\n"),
        (b"Content-Type: text/plain; charset=nonsense\r\n\r\nZo\xc3\xab\r\n", "", "Zoë\n"),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n", "", None),
    ],
)
async def test_malformed_mails_are_taken_and_shown_as_well_as_they_can_be(
    side: Side, source: bytes, subject: str, text: str | None
) -> None:
    begin = b"EHLO c\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<ada@x.test>\r\nDATA\r\n"
    await raw(side, begin + source + b".\r\nQUIT\r\n")

    [shown] = await side.shown()
    assert (shown["subject"], shown["text"], shown["messageId"]) == (subject, text, None)


async def test_the_json_can_be_narrowed_and_walked(side: Side) -> None:
    for name in ("ada", "bob", "ada.two", "cleo"):
        await side.send(f"{name}@example.test")
    ids = [int(str(shown["id"])) for shown in await side.shown()]

    assert ids == sorted(ids, reverse=True)
    assert [shown["to"] for shown in await side.shown(to="ADA@example.test")] == ["ada@example.test"]
    assert [shown["to"] for shown in await side.shown(to="ada")] == ["ada.two@example.test", "ada@example.test"]
    assert [shown["id"] for shown in await side.shown(limit=2)] == ids[:2]
    assert [shown["id"] for shown in await side.shown(before=ids[1])] == ids[2:]
    assert [shown["id"] for shown in await side.shown(after=ids[1])] == ids[:1]


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "many"), ("limit", "501"), ("limit", "-1"), ("after", "1.5"), ("before", "\uff19")]
)
async def test_a_wrong_parameter_is_named(side: Side, name: str, value: str) -> None:
    answer = await side.web.get("/simulator/mailbox.json", params={name: value})

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["path"]) == ("INVALID_INPUT", [name])


async def test_an_emptied_mailbox_is_empty_and_goes_on(side: Side) -> None:
    await side.send("ada@example.test")
    before = (await side.shown())[0]["id"]
    answer = await side.web.delete("/simulator/mailbox.json")
    assert answer.status_code == 204
    emptied = (await side.web.get("/simulator/mailbox.json")).json()
    assert emptied == {"mails": [], "total": 0, "oldest": None, "newest": None}

    await side.send("ada@example.test")
    assert len(await side.shown(after=int(str(before)))) == 1


def test_the_documented_table_is_the_one_that_is_played() -> None:
    assert f"\n\n{markdown(book())}\n\n" in (ROOT / "docs" / "simulator.md").read_text()


# ── the page ────────────────────────────────────────────────────────────────


async def test_the_page_allows_its_own_script_and_style_and_nothing_else(side: Side) -> None:
    page = await side.web.get("/simulator/mailbox")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))

    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", page.text)


async def test_everything_the_page_loads_is_there_and_its_own(side: Side) -> None:
    page = await side.web.get("/simulator/mailbox")
    loaded = set(re.findall(r'(?:src|href)="([^"]+)"', page.text))

    assert {"/simulator/mailbox.css", "/simulator/mailbox.js", "/simulator/mailbox.svg"} <= loaded
    for address in loaded:
        answer = await side.web.get(address)
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff"), address


async def test_the_page_shows_every_scripted_address(side: Side) -> None:
    page = await side.web.get("/simulator/mailbox")

    for script in book().values():
        assert f"<code>{script.name}@" in page.text
        assert (script.answer or "none") in page.text


async def test_a_mail_as_html_runs_nothing_loads_nothing_and_opens_its_links_outside(side: Side) -> None:
    html = '<!doctype html><html><head><title>x</title></head><script>alert(1)</script><a href="https://c.test">x</a>'
    await side.send("ada@example.test", message=mail(html=html))
    answer = await side.web.get(f"/simulator/mailbox/{side.mailbox.newest}.html")
    policy = answer.headers["content-security-policy"]

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert policy.startswith("sandbox allow-popups ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert answer.text.startswith('<!doctype html><html><head><base target="_blank"><title>')


async def test_the_source_of_a_mail_is_what_came(side: Side) -> None:
    await side.send("ada@example.test")
    answer = await side.web.get(f"/simulator/mailbox/{side.mailbox.newest}.eml")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "\r\nX-Carillon-Delivery: dlv_1\r\n" in answer.text
    assert "\r\n.A line with a dot in front.\r\n" in answer.text


async def test_a_mail_that_is_not_here_is_not_found(side: Side) -> None:
    await side.send("ada@example.test")

    assert (await side.web.get(f"/simulator/mailbox/{side.mailbox.newest}.html")).status_code == 404
    assert (await side.web.get("/simulator/mailbox/1.eml")).status_code == 404
