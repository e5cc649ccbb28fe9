"""The simulated SMTP server, seen through real clients: scripted addresses and the protocol."""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import pytest

from errors import ConfigurationError
from simulator.mailbox import Mailbox
from simulator.options import Login, SmtpOptions
from simulator.scripts import Stage, book
from simulator.smtp import SmtpSimulator
from tests.simulators import Side, Start, mail, raw, starting

USER = Login("carillon", "a password")


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    async with starting(tmp_path) as start_one:
        yield start_one


@pytest.fixture
async def side(start: Start) -> Side:
    return await start()


def refusal(problem: aiosmtplib.SMTPException) -> tuple[int, str]:
    """Code and words of a refusal at either stage."""
    if isinstance(problem, aiosmtplib.SMTPRecipientsRefused):
        problem = problem.recipients[0]
    assert isinstance(problem, aiosmtplib.SMTPResponseException)
    return problem.code, problem.message


# ── addresses ───────────────────────────────────────────────────────────────


async def test_mail_to_an_ordinary_address_is_taken_with_a_queue_id_of_its_own(side: Side) -> None:
    first, second = await side.send("ada@example.test"), await side.send("ada@example.test")

    assert re.fullmatch(r"2\.0\.0 Ok: queued as [0-9A-F]{13}", first)
    assert first != second
    assert [taken.to for taken in side.mailbox.find()] == ["ada@example.test"] * 2


@pytest.mark.parametrize(
    ("address", "code", "enhanced", "stage"),
    [
        ("bounce@example.test", 550, "5.1.1", Stage.RECIPIENT),
        ("Bounce@example.test", 550, "5.1.1", Stage.RECIPIENT),
        ("bounce+17@example.test", 550, "5.1.1", Stage.RECIPIENT),
        ("bounce.ada.17@example.org", 550, "5.1.1", Stage.RECIPIENT),
        ("full@example.test", 552, "5.2.2", Stage.RECIPIENT),
        ("greylist@example.test", 451, "4.7.1", Stage.RECIPIENT),
        ("policy@example.test", 554, "5.7.1", Stage.DATA),
        ("spam+x@example.test", 554, "5.7.1", Stage.DATA),
        ("toolarge@example.test", 552, "5.3.4", Stage.DATA),
        ("defer@example.test", 451, "4.7.1", Stage.DATA),
        ("defer-always@example.test", 451, "4.7.1", Stage.DATA),
    ],
)
async def test_a_scripted_address_refuses_with_its_answer_and_takes_nothing(
    side: Side, address: str, code: int, enhanced: str, stage: Stage
) -> None:
    with pytest.raises(aiosmtplib.SMTPException) as caught:
        await side.send(address)

    said_code, words = refusal(caught.value)
    assert (said_code, words.split()[0]) == (code, enhanced)
    [line] = side.lines()
    assert (line.to, line.stage, line.answer, line.taken) == (address, stage, f"{code} {words}", False)
    assert len(side.mailbox) == 0


@pytest.mark.parametrize("address", ["bouncer@x.test", "ada.bounce@x.test", "bounce-3@x.test", "slow-x@x.test"])
async def test_an_address_that_only_resembles_a_script_is_ordinary(side: Side, address: str) -> None:
    await side.send(address)

    assert side.lines()[0].script is None


async def test_defer_refuses_each_message_twice_and_then_takes_it(side: Side) -> None:
    async def attempt(message_id: str, to: str = "defer+ada@example.test") -> int:
        try:
            await side.send(to, message=mail(message_id=message_id))
        except aiosmtplib.SMTPDataError as problem:
            return problem.code
        return 250

    assert [await attempt("<a@c.test>") for _ in range(4)] == [451, 451, 250, 250]
    assert [await attempt("<b@c.test>") for _ in range(3)] == [451, 451, 250]
    assert [await attempt("<a@c.test>", "defer-1@example.test") for _ in range(2)] == [451, 250]
    assert [line.taken for line in side.lines()].count(True) == 4


async def test_greylist_refuses_until_its_seconds_have_passed_since_the_first_try(side: Side) -> None:
    async def taken(to: str) -> bool:
        try:
            await side.send(to)
        except aiosmtplib.SMTPRecipientsRefused:
            return False
        return True

    assert not await taken("greylist-60@example.test")
    side.clock.us += 59_900_000
    assert not await taken("greylist-60@example.test")
    side.clock.us += 100_000
    assert await taken("greylist-60@example.test")
    assert not await taken("greylist-60+other@example.test")


async def test_slow_takes_the_mail_only_after_its_seconds(start: Start) -> None:
    side = await start(book(slow_s=0.3))
    began = time.monotonic()
    await side.send("slow@example.test")

    assert time.monotonic() - began >= 0.3
    assert side.lines()[0].taken


async def test_a_sender_that_gives_up_on_slow_has_delivered_nothing(side: Side) -> None:
    with pytest.raises(aiosmtplib.SMTPException):
        await side.send("slow-60@example.test", timeout_s=0.3)

    assert (side.lines(), len(side.mailbox)) == ([], 0)


async def test_421_is_said_before_the_connection_closes(side: Side) -> None:
    said = await raw(side, b"EHLO c\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<421@example.test>\r\nDATA\r\n")

    assert said.endswith(b"\r\n421 4.3.2 Service shutting down\r\n")
    assert (side.lines()[0].answer, side.lines()[0].taken) == ("421 4.3.2 Service shutting down", False)


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("drop@example.test", False),
        ("drop-after-data@example.test", True),
        ("hang-before-data@example.test", False),
        ("hang-after-data+17@example.test", True),
    ],
)
async def test_no_answer_comes_and_the_journal_knows_whether_the_mail_was_taken(
    side: Side, address: str, taken: bool
) -> None:
    began = time.monotonic()
    with pytest.raises((aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError)):
        await side.send(address, timeout_s=0.5)

    assert (time.monotonic() - began >= 0.5) == address.startswith("hang")
    [line] = side.lines()
    assert (line.answer, line.taken, len(side.mailbox)) == (None, taken, int(taken))


async def test_a_bouncing_neighbour_keeps_the_mail_from_nobody_else(side: Side) -> None:
    await side.send("bounce@example.test", "ada@example.test", "bob@example.test")

    assert {line.to: line.taken for line in side.lines()} == {
        "bounce@example.test": False,
        "ada@example.test": True,
        "bob@example.test": True,
    }
    assert sorted(taken.to for taken in side.mailbox.find()) == ["ada@example.test", "bob@example.test"]


async def test_the_first_script_after_data_decides_for_all_recipients(side: Side) -> None:
    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        await side.send("ada@example.test", "spam@example.test", "drop-after-data@example.test")

    assert caught.value.code == 554
    assert [(line.taken, line.script) for line in side.lines()] == [(False, "spam")] * 3


# ── the protocol ────────────────────────────────────────────────────────────


async def test_the_server_offers_what_it_keeps_and_no_more(side: Side) -> None:
    async with side.client() as client:
        await client.ehlo()
        offers = set(client.esmtp_extensions)

    assert offers == {"size", "8bitmime", "smtputf8", "pipelining", "enhancedstatuscodes", "help"}


async def test_pipelined_commands_are_answered_in_order(side: Side) -> None:
    transaction = b"MAIL FROM:<a@c.test>\r\nRCPT TO:<bounce@x.test>\r\nRCPT TO:<ada@x.test>\r\nDATA\r\n"
    said = await raw(side, b"EHLO c\r\n" + transaction + b"Subject: hi\r\n\r\nbody\r\n.\r\nQUIT\r\n")

    codes = [line[:3] for line in said.splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"250", b"250", b"550", b"250", b"354", b"250", b"221"]


@pytest.mark.parametrize(
    ("data", "code"), [(b"x" * 70 + b"\r\n", "552"), (b"y" * 1200 + b"\r\n", "500")], ids=["large", "long line"]
)
async def test_what_smtp_itself_forbids_is_refused_and_journalled(start: Start, data: bytes, code: str) -> None:
    side = await start(options=SmtpOptions(size_limit_bytes=5_000))
    begin = b"EHLO c\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<ada@x.test>\r\nDATA\r\n"
    await raw(side, begin + data * (100 if code == "552" else 1) + b".\r\nQUIT\r\n")

    [line] = side.lines()
    assert ((line.answer or "")[:3], line.taken, len(side.mailbox)) == (code, False, 0)


async def test_a_size_over_the_limit_is_refused_before_any_data(side: Side) -> None:
    said = await raw(side, b"EHLO c\r\nMAIL FROM:<a@c.test> SIZE=10485761\r\nQUIT\r\n")

    assert b"\r\n552 " in said


async def test_addresses_and_subjects_beyond_ascii_arrive_whole(side: Side) -> None:
    async with side.client() as client:
        message = mail("طلبك رقم الجديد في الطريق, grüßt Zoë 🎉")
        await client.send_message(message, sender="zoë@carillon.test", recipients=["אדה@example.test"])

    [shown] = await side.shown()
    assert (shown["from"], shown["to"]) == ("zoë@carillon.test", "אדה@example.test")
    assert shown["subject"] == "طلبك رقم الجديد في الطريق, grüßt Zoë 🎉"


async def test_odd_addresses_are_read_by_the_full_grammar(side: Side) -> None:
    transaction = b'MAIL FROM:<a@c.test>\r\nRCPT TO: <"ada b"@x.test>\r\nDATA\r\n'
    await raw(side, b"EHLO c\r\n" + transaction + b"\r\nbody\r\n.\r\nQUIT\r\n")

    assert [taken.to for taken in side.mailbox.find()] == ['"ada b"@x.test']


async def test_starttls_shows_a_certificate_that_can_be_trusted(start: Start) -> None:
    side = await start(options=SmtpOptions(require_starttls=True))
    trusting = ssl.create_default_context(cadata=side.smtp.certificate_pem)
    async with side.client(tls=trusting) as client:
        await client.send_message(mail(), sender="a@c.test", recipients=["ada@example.test"])

    assert [line.taken for line in side.lines()] == [True]
    with pytest.raises(ssl.SSLCertVerificationError):
        await side.client(tls=ssl.create_default_context()).connect()
    with pytest.raises(aiosmtplib.SMTPResponseException, match="STARTTLS"):
        await side.send("ada@example.test")


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
async def test_auth_lets_the_one_user_in_and_nobody_else(start: Start, mechanism: str) -> None:
    side = await start(options=SmtpOptions(login=USER, require_auth=True))
    with pytest.raises(aiosmtplib.SMTPResponseException, match="Authentication required"):
        await side.send("ada@example.test")
    async with side.client() as client:
        await client.ehlo()
        assert client.supported_auth_methods == ["plain", "login"]
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
            await getattr(client, mechanism)(USER.user, "another password")
        assert caught.value.code == 535
        await getattr(client, mechanism)(USER.user, USER.password)
        await client.send_message(mail(), sender="a@c.test", recipients=["ada@example.test"])

    assert [line.taken for line in side.lines()] == [True]


async def test_auth_can_wait_for_tls(start: Start) -> None:
    side = await start(options=SmtpOptions(starttls=True, login=USER, require_auth=True, auth_requires_tls=True))
    async with side.client() as plain:
        await plain.ehlo()
        assert "auth" not in plain.esmtp_extensions
    async with side.client(tls=ssl.create_default_context(cadata=side.smtp.certificate_pem)) as secure:
        await secure.login(USER.user, USER.password)
        await secure.send_message(mail(), sender="a@c.test", recipients=["ada@example.test"])

    assert len(side.mailbox) == 1


async def test_stopping_hangs_up_on_clients_that_wait_for_an_answer(side: Side) -> None:
    waiting = asyncio.create_task(side.send("hang-after-data@example.test", timeout_s=60))
    await asyncio.wait_for(side.mailbox.wait(to="hang-after-data@example.test"), 10)
    await asyncio.wait_for(side.smtp.stop(), 5)

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await waiting


async def test_a_taken_port_is_a_configuration_error(side: Side) -> None:
    with pytest.raises(ConfigurationError, match=str(side.port)):
        await SmtpSimulator(Mailbox(), port=side.port).start()
