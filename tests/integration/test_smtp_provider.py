"""Each mail gets the one answer that is true of it: taken, refused, not now, or nobody can know."""

import email
from collections.abc import AsyncIterator
from email import policy

import pytest

from models.states import Outcome, ReasonCode
from simulator.mailbox import Mailbox
from simulator.smtp import SmtpSimulator
from tests.integration.scripted_smtp import CLOSE, SILENCE
from tests.integration.smtp_parts import (
    ADA,
    BIG,
    BUSY,
    IMPATIENT,
    NOT_CALLED,
    REFUSED,
    UNKNOWN,
    Connect,
    R,
    Start,
    providers,
    send,
    servers,
    verdict,
)


@pytest.fixture
async def serve() -> AsyncIterator[Start]:
    async with servers() as start:
        yield start


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with providers() as build:
        yield build


@pytest.mark.parametrize(
    ("stage", "reply", "outcome", "reason"),
    [
        ("RCPT", "550 5.1.1 No such user", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "550 #5.1.0 Address rejected", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "550 5.1.2 Bad domain", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "553 5.1.3 Bad syntax", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "556 5.1.10 Null MX", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "501 Syntax error", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "553 Mailbox name not allowed", REFUSED, R.ADDRESS_INVALID),
        ("RCPT", "550 5.1.6 Mailbox has moved", REFUSED, R.MAILBOX_UNAVAILABLE),
        ("RCPT", "550 5.2.1 Mailbox disabled", REFUSED, R.MAILBOX_UNAVAILABLE),
        ("RCPT", "550 5.4.1 Access denied", REFUSED, R.MAILBOX_UNAVAILABLE),
        ("RCPT", "550-Requested action not taken\r\n550 mailbox unavailable", REFUSED, R.MAILBOX_UNAVAILABLE),
        ("RCPT", "551 User not local", REFUSED, R.MAILBOX_UNAVAILABLE),
        ("RCPT", "552 5.2.2 Over quota", REFUSED, R.MAILBOX_FULL),
        ("RCPT", "452 4.2.2 Over quota", BUSY, R.MAILBOX_FULL),
        ("RCPT", "450 4.2.1 Mailbox busy", BUSY, R.PROVIDER_BUSY),
        ("RCPT", "451 4.7.1 Greylisted", BUSY, R.PROVIDER_BUSY),
        ("RCPT", "452 Too many recipients", BUSY, R.PROVIDER_BUSY),
        ("RCPT", "550 4.2.2 Two minds", REFUSED, R.MAILBOX_UNAVAILABLE),
        ("RCPT", "554 5.7.1 Relay access denied", REFUSED, R.POLICY_REJECTED),
        ("RCPT", "521 5.3.2 Not accepting", REFUSED, R.MESSAGE_REJECTED),
        ("RCPT", "530 5.7.0 Authentication required", BUSY, R.PROVIDER_REFUSED_LOGIN),
        ("MAIL", "530 5.7.0 Must issue STARTTLS", BUSY, R.PROVIDER_REFUSED_LOGIN),
        ("MAIL", "535 Authentication failed", BUSY, R.PROVIDER_REFUSED_LOGIN),
        ("MAIL", "552 5.3.4 Too large", REFUSED, R.MESSAGE_TOO_LARGE),
        ("MAIL", "552 Too large", REFUSED, R.MESSAGE_TOO_LARGE),
        ("MAIL", "550 5.7.26 Unauthenticated", REFUSED, R.POLICY_REJECTED),
        ("MAIL", "553 5.1.8 Sender's domain does not exist", BUSY, R.POLICY_REJECTED),
        ("MAIL", "550 Blocked", REFUSED, R.MESSAGE_REJECTED),
        ("MAIL", "503 Bad sequence", BUSY, R.PROVIDER_PROTOCOL),
        ("MAIL", "555 Unknown parameter", REFUSED, R.PROVIDER_PROTOCOL),
        ("MAIL", "421 4.3.2 Shutting down", BUSY, R.PROVIDER_BUSY),
        ("MAIL", "200 odd but kind", Outcome.SENT, None),
        ("RCPT", "251 Will forward", Outcome.SENT, None),
        ("DATA", "451 Not now", BUSY, R.PROVIDER_BUSY),
        ("DATA", "554 No valid recipients", REFUSED, R.MESSAGE_REJECTED),
        ("DATA", "250 What data", BUSY, R.PROVIDER_PROTOCOL),
        (".", "554 5.6.0 Malformed", REFUSED, R.MESSAGE_REJECTED),
        (".", "554 Transaction failed", REFUSED, R.MESSAGE_REJECTED),
        (".", "550 Looks like spam", REFUSED, R.MESSAGE_REJECTED),
        (".", "552 5.2.3 Too large for this mailbox", REFUSED, R.MESSAGE_TOO_LARGE),
        (".", "451 4.3.0 Try later", BUSY, R.PROVIDER_BUSY),
        (".", "421 4.4.2 Timed out", BUSY, R.PROVIDER_BUSY),
        (".", "354 More, please", UNKNOWN, R.PROVIDER_PROTOCOL),
        (".", "+OK this is POP", UNKNOWN, R.PROVIDER_PROTOCOL),
        ("RCPT", "HTTP/1.1 400 Bad Request", BUSY, R.PROVIDER_PROTOCOL),
        ("RCPT", "999 No such code", BUSY, R.PROVIDER_PROTOCOL),
        (" ", "421 Too many connections", BUSY, R.PROVIDER_BUSY),
        (" ", "554 5.7.1 Your address is listed", BUSY, R.PROVIDER_UNREACHABLE),
        (" ", "SSH-2.0-OpenSSH", BUSY, R.PROVIDER_PROTOCOL),
        ("EHLO", "421 Not now", BUSY, R.PROVIDER_BUSY),
        ("EHLO", "550 Not you", BUSY, R.PROVIDER_UNREACHABLE),
    ],
)
async def test_every_answer_has_its_meaning(
    serve: Start, connect: Connect, stage: str, reply: str, outcome: Outcome, reason: ReasonCode | None
) -> None:
    server = await serve({stage: reply})

    sent = await send(connect(server.port))

    assert verdict(sent) == (outcome, reason)
    if outcome is not Outcome.SENT:
        assert sent.answer is not None
        assert reply.splitlines()[0].split(maxsplit=1)[-1].removeprefix("550-") in sent.answer


@pytest.mark.parametrize(
    ("stage", "closed", "silent"),
    [
        (" ", (NOT_CALLED, R.PROVIDER_UNREACHABLE), (NOT_CALLED, R.PROVIDER_UNREACHABLE)),
        ("EHLO", (NOT_CALLED, R.PROVIDER_UNREACHABLE), (NOT_CALLED, R.PROVIDER_UNREACHABLE)),
        ("MAIL", (BUSY, R.CONNECTION_LOST), (BUSY, R.ANSWER_TIMED_OUT)),
        ("RCPT", (BUSY, R.CONNECTION_LOST), (BUSY, R.ANSWER_TIMED_OUT)),
        ("DATA", (BUSY, R.CONNECTION_LOST), (BUSY, R.ANSWER_TIMED_OUT)),
        (".", (UNKNOWN, R.CONNECTION_LOST), (UNKNOWN, R.ANSWER_TIMED_OUT)),
    ],
)
async def test_only_a_loss_after_the_content_began_leaves_the_outcome_unknown(
    serve: Start,
    connect: Connect,
    stage: str,
    closed: tuple[Outcome, ReasonCode],
    silent: tuple[Outcome, ReasonCode],
) -> None:
    closing, silence = await serve({stage: CLOSE}), await serve({stage: SILENCE})

    assert verdict(await send(connect(closing.port))) == closed
    assert verdict(await send(connect(silence.port, **IMPATIENT))) == silent
    await silence.everyone_left()


async def test_a_loss_amid_the_content_leaves_the_outcome_unknown(serve: Start, connect: Connect) -> None:
    server = await serve({"content": CLOSE})

    assert verdict(await send(connect(server.port), text=BIG)) == (UNKNOWN, R.CONNECTION_LOST)
    assert server.mails == []


async def test_content_that_the_server_does_not_read_times_out_and_is_not_sent_later(
    serve: Start, connect: Connect
) -> None:
    server = await serve({"content": SILENCE})

    assert verdict(await send(connect(server.port, **IMPATIENT), text=BIG)) == (UNKNOWN, R.ANSWER_TIMED_OUT)
    await server.everyone_left()
    assert server.mails == []


async def test_a_server_that_goes_down_before_the_content_is_called_again_anew(serve: Start, connect: Connect) -> None:
    server = await serve({"DATA": ["421 4.3.2 Going down", "354 Go ahead"]})
    provider = connect(server.port)

    assert verdict(await send(provider)) == (BUSY, R.PROVIDER_BUSY)
    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert server.connections == 2


async def test_the_servers_words_are_kept_without_addresses(serve: Start, connect: Connect) -> None:
    text = f'<{ADA}>: user ADA@Example.NET unknown ("odd name"@b.example, x=y@z.example); ' + "why " * 900
    server = await serve({"RCPT": f"550-5.1.1 {text[:900]}\r\n550 5.1.1 {text[900:]}"})

    answer = (await send(connect(server.port))).answer

    assert answer is not None
    assert answer.startswith("550 5.1.1 <(address)>: user (address) unknown ((address), (address)); why why")
    assert "@" not in answer
    assert len(answer) == 500


async def test_a_recipients_address_is_known_again_in_any_case(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": "550 5.1.1 O'Brien@Example.NET unknown"})

    assert (await send(connect(server.port), to="o'brien@example.net")).answer == "550 5.1.1 (address) unknown"


@pytest.mark.parametrize(
    ("reply", "provider_id"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ12", "4XyZ12"),
        ("250 OK id=1tBcde-000000001Ab-2Cd3", "1tBcde-000000001Ab-2Cd3"),
        ("250 Ok 0100019abcdef012-3456-7890-000000", "0100019abcdef012-3456-7890-000000"),
        ("250 2.0.0 Message accepted", None),
        ("250 Ok: queued as someone@example.org", None),
    ],
)
async def test_the_servers_own_id_of_a_mail_is_kept(
    serve: Start, connect: Connect, reply: str, provider_id: str | None
) -> None:
    server = await serve({".": reply})

    assert (await send(connect(server.port))).provider_message_id == provider_id


async def test_an_address_outside_ascii_needs_a_server_that_takes_it(serve: Start, connect: Connect) -> None:
    without, taking = await serve(), await serve(offers=("SMTPUTF8", "8BITMIME"))
    modest = connect(without.port)

    assert verdict(await send(modest, to="zoë@example.net")) == (REFUSED, R.ADDRESS_INVALID)
    assert (await send(modest, to="zoe@bücher.example")).outcome is Outcome.SENT
    assert (without.connections, without.lines[-2]) == (1, "RCPT TO:<zoe@xn--bcher-kva.example>")

    assert (await send(connect(taking.port), to="zoë@example.net")).outcome is Outcome.SENT
    assert "MAIL FROM:<carillon@example.org> BODY=8BITMIME SMTPUTF8" in taking.lines
    assert "RCPT TO:<zoë@example.net>" in taking.lines


@pytest.mark.parametrize("address", ["nobody", "ada@example.net>\r\nDATA", "ada@", "a b@c d"])
async def test_an_address_that_cannot_be_written_is_refused_before_any_call(
    serve: Start, connect: Connect, address: str
) -> None:
    server = await serve()

    assert verdict(await send(connect(server.port), to=address)) == (REFUSED, R.ADDRESS_INVALID)
    assert server.connections == 0


async def test_the_size_is_announced_where_the_server_asks_for_it(serve: Start, connect: Connect) -> None:
    server = await serve(offers=("SIZE 1000000",))

    await send(connect(server.port), text="Hello.\n.\n..\n")

    (mail,) = server.mails
    assert f"MAIL FROM:<carillon@example.org> SIZE={len(mail)}" in server.lines


@pytest.fixture
async def simulator() -> AsyncIterator[tuple[Mailbox, int]]:
    """The simulator that comes with Carillon: its mailbox and port."""
    mailbox = Mailbox()
    server = SmtpSimulator(mailbox)
    yield mailbox, await server.start()
    await server.stop()


@pytest.mark.parametrize("text", ["Hello.\n", ".\n..\n.hidden\n\n.", "From here\n", "Grüße, 你好, 👋\n", BIG])
async def test_a_mail_arrives_as_it_was_written(simulator: tuple[Mailbox, int], connect: Connect, text: str) -> None:
    mailbox, port = simulator

    sent = await send(connect(port), text=text)

    assert sent.outcome is Outcome.SENT
    assert sent.provider_message_id is not None
    (mail,) = mailbox.find(to=ADA)
    parsed = email.message_from_bytes(mail.raw, policy=policy.default)
    assert (mail.sender, parsed["Subject"], parsed["Message-ID"]) == (
        "carillon@example.org",
        "Grüße",
        "<dlv_1@example.org>",
    )
    assert parsed.get_content() == text.removesuffix("\n").replace("\n", "\r\n") + "\r\n"


@pytest.mark.parametrize(
    ("to", "outcome", "reason", "taken"),
    [
        ("ada", Outcome.SENT, None, 1),
        ("bounce", REFUSED, R.ADDRESS_INVALID, 0),
        ("full", REFUSED, R.MAILBOX_FULL, 0),
        ("greylist", BUSY, R.PROVIDER_BUSY, 0),
        ("421", BUSY, R.PROVIDER_BUSY, 0),
        ("drop", BUSY, R.CONNECTION_LOST, 0),
        ("hang-before-data", BUSY, R.ANSWER_TIMED_OUT, 0),
        ("policy", REFUSED, R.POLICY_REJECTED, 0),
        ("toolarge", REFUSED, R.MESSAGE_TOO_LARGE, 0),
        ("defer", BUSY, R.PROVIDER_BUSY, 0),
        ("drop-after-data", UNKNOWN, R.CONNECTION_LOST, 1),
        ("hang-after-data", UNKNOWN, R.ANSWER_TIMED_OUT, 1),
    ],
)
async def test_the_simulators_people_are_understood(
    simulator: tuple[Mailbox, int],
    connect: Connect,
    to: str,
    outcome: Outcome,
    reason: ReasonCode | None,
    taken: int,
) -> None:
    mailbox, port = simulator
    provider = connect(port, **IMPATIENT)

    assert verdict(await send(provider, to=f"{to}@example.net")) == (outcome, reason)
    assert len(mailbox) == taken
    assert (await send(provider, to="next@example.net")).outcome is Outcome.SENT
