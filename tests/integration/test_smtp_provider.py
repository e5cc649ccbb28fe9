"""Each mail gets the one answer that is true of it: taken, refused, not now, or nobody can know."""

import asyncio
import contextlib
import email
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from email import policy
from pathlib import Path

import pytest

from dispatchers.email.smtp import SmtpProvider, SmtpSettings
from dispatchers.provider import EmailMessage, Sent
from errors import ConfigurationError, InvalidSettings
from models.states import Outcome, ReasonCode
from simulator.certificate import ServerCertificate
from simulator.mailbox import Mailbox
from simulator.options import Login, SmtpOptions
from simulator.smtp import SmtpSimulator
from tests.integration.scripted_smtp import CLOSE, SILENCE, ScriptedServer

PASSWORD = "correct horse"
ADA = "ada@example.net"
BIG = "All work and no play makes Jack a dull boy.\n" * 100_000

Start = Callable[..., Awaitable[ScriptedServer]]
Connect = Callable[..., SmtpProvider]


class FixedClock:
    def now_us(self) -> int:
        return 1_795_532_645_000_000


def message(to: str = ADA, text: str = "Hello.\n", number: int = 1) -> EmailMessage:
    return EmailMessage(
        attempt=(b"n" * 16, b"u" * 16, 1, number),
        to=to,
        subject="Grüße",
        text=text,
        html=None,
        message_id=f"dlv_{number}@example.org",
    )


async def send(provider: SmtpProvider, to: str = ADA, text: str = "Hello.\n") -> Sent:
    (sent,) = await provider.send([message(to, text)])
    return sent


def verdict(sent: Sent) -> tuple[Outcome, ReasonCode | None]:
    return sent.outcome, sent.reason


@pytest.fixture
async def serve() -> AsyncIterator[Start]:
    """Start a server that answers as it is told."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(script: dict[str, object] | None = None, **options: object) -> ScriptedServer:
            server = ScriptedServer(script or {}, **options)  # type: ignore[arg-type]
            stack.push_async_callback(server.stop)
            await server.start()
            return server

        yield start


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make a provider for a port, with short time-outs."""
    async with contextlib.AsyncExitStack() as stack:

        def build(port: int, **options: object) -> SmtpProvider:
            chosen: dict[str, object] = {
                "host": "127.0.0.1",
                "sender": "Carillon <carillon@example.org>",
                "tls": "none",
            }
            settings = SmtpSettings(port=port, **{**chosen, **options})  # type: ignore[arg-type]
            provider = SmtpProvider(settings, FixedClock())
            stack.push_async_callback(provider.aclose)
            return provider

        yield build


IMPATIENT = {"connect_timeout_s": 0.3, "command_timeout_s": 0.3, "final_timeout_s": 0.3}


# What the server says


REFUSED, BUSY, UNKNOWN, NOT_CALLED = Outcome.REFUSED, Outcome.BUSY, Outcome.UNKNOWN, Outcome.NOT_CALLED
R = ReasonCode


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


async def test_a_close_between_the_go_ahead_and_the_content_is_not_unknown(serve: Start, connect: Connect) -> None:
    server = await serve({"DATA": ["421 4.3.2 Going down", "354 Go ahead"]})
    provider = connect(server.port)

    assert verdict(await send(provider)) == (BUSY, R.PROVIDER_BUSY)
    assert verdict(await send(provider)) == (Outcome.SENT, None)


async def test_the_servers_words_are_kept_without_addresses(serve: Start, connect: Connect) -> None:
    text = f'<{ADA}>: user ADA@Example.NET unknown ("odd name"@b.example, x=y@z.example); ' + "why " * 900
    server = await serve({"RCPT": f"550-5.1.1 {text[:900]}\r\n550 5.1.1 {text[900:]}"})

    answer = (await send(connect(server.port))).answer

    assert answer is not None
    assert answer.startswith("550 5.1.1 <(address)>: user (address) unknown ((address), (address)); why why")
    assert "@" not in answer
    assert len(answer) == 500


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


# Connections


async def test_one_connection_carries_many_mails(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port)

    answers = [await send(provider) for _ in range(20)]

    assert {answer.outcome for answer in answers} == {Outcome.SENT}
    assert (server.connections, len(server.mails)) == (1, 20)


async def test_a_batch_is_answered_in_order(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": ["250 Ok", "550 5.1.1 Unknown", "250 Ok"]})

    answers = await connect(server.port).send([message(number=n) for n in range(3)])

    assert [answer.outcome for answer in answers] == [Outcome.SENT, REFUSED, Outcome.SENT]


async def test_no_more_connections_than_allowed_are_opened_at_once(serve: Start, connect: Connect) -> None:
    server = await serve(pause_s=0.005)
    provider = connect(server.port, max_connections=3)

    await asyncio.gather(*[send(provider) for _ in range(30)])

    assert provider.limits.concurrency == server.most_at_once == server.connections == 3
    assert (provider.limits.bulk, len(server.mails)) == (1, 30)


async def test_who_finds_every_connection_taken_is_told_before_anything_leaves(serve: Start, connect: Connect) -> None:
    server = await serve({".": SILENCE})
    provider = connect(server.port, max_connections=1, connect_timeout_s=0.2, final_timeout_s=1.0)

    first, second = await asyncio.gather(send(provider), send(provider))

    assert verdict(first) == (UNKNOWN, R.ANSWER_TIMED_OUT)
    assert verdict(second) == (NOT_CALLED, R.PROVIDER_BUSY)
    assert server.connections == 1


async def test_a_connection_is_left_after_its_share_of_mails(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port, max_messages_per_connection=3)

    for _ in range(7):
        await send(provider)

    assert (server.connections, len(server.mails)) == (3, 7)
    await server.heard("QUIT", 2)


async def test_an_idle_connection_is_left_politely(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port, idle_timeout_s=0.05)

    await send(provider)
    await server.everyone_left()

    assert server.commands[-1] == "QUIT"


async def test_closing_leaves_every_connection_politely(serve: Start, connect: Connect) -> None:
    server = await serve(pause_s=0.005)
    provider = connect(server.port)
    await asyncio.gather(*[send(provider) for _ in range(4)])

    await provider.aclose()
    await server.everyone_left()

    assert (server.connections, server.commands.count("QUIT")) == (4, 4)


async def test_closing_does_not_wait_for_a_server_that_ignores_it(serve: Start, connect: Connect) -> None:
    server = await serve({"QUIT": SILENCE})
    provider = connect(server.port)
    await send(provider)

    async with asyncio.timeout(5):
        await provider.aclose()
        await server.everyone_left()


async def test_after_a_refusal_the_connection_starts_anew(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": ["550 5.1.1 Unknown", "250 Ok", "250 Ok"]})
    provider = connect(server.port)

    answers = [await send(provider) for _ in range(3)]

    assert [answer.outcome for answer in answers] == [REFUSED, Outcome.SENT, Outcome.SENT]
    assert (server.connections, server.commands.count("RSET")) == (1, 1)


@pytest.mark.parametrize("death", [CLOSE, SILENCE, "421 4.4.2 Idle too long", "503 Who are you", "nonsense"])
async def test_a_kept_connection_that_died_is_replaced_within_the_call(
    serve: Start, connect: Connect, death: object
) -> None:
    server = await serve({"MAIL": ["250 Ok", death, "250 Ok"]})
    provider = connect(server.port, **IMPATIENT)
    await send(provider)

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert (server.connections, len(server.mails)) == (2, 2)


async def test_a_connection_that_the_server_closed_while_idle_is_not_used(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port)
    await send(provider)
    server.hang_up()
    await server.everyone_left()

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert (server.connections, len(server.mails)) == (2, 2)


async def test_a_connection_that_cannot_be_reset_is_replaced(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": ["550 5.1.1 Unknown", "250 Ok"], "RSET": "502 Not implemented"})
    provider = connect(server.port)
    await send(provider)

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("RCPT", (BUSY, R.CONNECTION_LOST)), ("DATA", (BUSY, R.CONNECTION_LOST)), (".", (UNKNOWN, R.CONNECTION_LOST))],
)
async def test_a_kept_connection_that_dies_later_is_the_callers_to_judge(
    serve: Start, connect: Connect, stage: str, expected: tuple[Outcome, ReasonCode]
) -> None:
    server = await serve({stage: ["354 Go" if stage == "DATA" else "250 Ok", CLOSE]})
    provider = connect(server.port)
    await send(provider)

    assert verdict(await send(provider)) == expected
    assert server.connections == 1


async def test_a_fresh_connection_is_not_tried_twice(serve: Start, connect: Connect) -> None:
    server = await serve({"MAIL": CLOSE})

    assert verdict(await send(connect(server.port))) == (BUSY, R.CONNECTION_LOST)
    assert server.connections == 1


@pytest.mark.parametrize("stage", [" ", "EHLO", "MAIL", "DATA", "content", "."])
async def test_a_cancelled_call_closes_its_connection(serve: Start, connect: Connect, stage: str) -> None:
    server = await serve({stage: SILENCE})
    provider = connect(server.port, max_connections=1)
    call = asyncio.create_task(send(provider, text=BIG))
    await server.silent()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    await server.everyone_left()
    assert server.mails == []
    server.script.clear()
    assert (await send(provider)).outcome is Outcome.SENT


async def test_no_server_is_not_a_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    provider = SmtpProvider(SmtpSettings(host="127.0.0.1", port=port, sender=ADA, tls="none"), FixedClock())

    assert verdict(await send(provider)) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)


async def test_a_host_without_an_address_is_not_a_call(connect: Connect) -> None:
    sent = await send(connect(25, host="mail.invalid"))

    assert verdict(sent) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)


async def test_a_server_of_the_old_kind_is_spoken_to_in_its_words(serve: Start, connect: Connect) -> None:
    server = await serve({"EHLO": "502 What"})

    assert (await send(connect(server.port))).outcome is Outcome.SENT
    assert server.commands[:3] == ["EHLO", "HELO", "MAIL"]


# Addresses and sizes


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


# Encryption and login


def tls_files(folder: Path, hostname: str = "localhost") -> tuple[ServerCertificate, str]:
    certificate = ServerCertificate(hostname)
    trusted = folder / "trusted.pem"
    trusted.write_text(certificate.pem)
    return certificate, str(trusted)


async def test_a_connection_can_be_encrypted_from_the_first_byte(
    serve: Start, connect: Connect, tmp_path: Path
) -> None:
    certificate, trusted = tls_files(tmp_path)
    server = await serve(tls=certificate.context)

    sent = await send(connect(server.port, host="localhost", tls="implicit", ca_file=trusted))

    assert sent.outcome is Outcome.SENT


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_that_nobody_vouches_for_is_not_a_call(serve: Start, connect: Connect, tls: str) -> None:
    certificate = ServerCertificate("localhost")
    wrapped = {"tls": certificate.context} if tls == "implicit" else {"starttls": certificate.context}
    server = await serve(**wrapped)

    sent = await send(connect(server.port, host="localhost", tls=tls))

    assert verdict(sent) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)
    assert sent.answer is not None
    assert "certificate" in sent.answer.lower()


async def test_encryption_that_must_be_is_not_done_without(serve: Start, connect: Connect) -> None:
    server = await serve()

    assert verdict(await send(connect(server.port, tls="starttls"))) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)
    assert verdict(await send(connect(server.port, tls="implicit"))) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)
    assert (await send(connect(server.port, tls="opportunistic"))).outcome is Outcome.SENT


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[tuple[Mailbox, int, str]]:
    """The simulator, with mail for those only who encrypt and log in: its mailbox, port and certificate."""
    login = Login("carillon", PASSWORD)
    options = SmtpOptions(hostname="localhost", require_starttls=True, login=login, require_auth=True)
    mailbox = Mailbox()
    simulator = SmtpSimulator(mailbox, options=options)
    port = await simulator.start()
    trusted = tmp_path / "simulator.pem"
    trusted.write_text(simulator.certificate_pem or "")
    yield mailbox, port, str(trusted)
    await simulator.stop()


async def test_a_login_goes_over_an_encrypted_connection(strict: tuple[Mailbox, int, str], connect: Connect) -> None:
    mailbox, port, trusted = strict
    safe = {"host": "localhost", "tls": "starttls", "ca_file": trusted, "username": "carillon"}

    right = await send(connect(port, **safe, password=PASSWORD))
    wrong = await send(connect(port, **safe, password="wrong"))
    without = await send(connect(port, host="localhost", tls="starttls", ca_file=trusted))

    assert right.outcome is Outcome.SENT
    assert verdict(wrong) == verdict(without) == (BUSY, R.PROVIDER_REFUSED_LOGIN)
    assert wrong.answer is not None
    assert "535" in wrong.answer
    assert len(mailbox) == 1


async def test_a_server_without_any_login_is_our_fault_to_mend(serve: Start, connect: Connect) -> None:
    server = await serve()

    sent = await send(connect(server.port, username="carillon", password=PASSWORD))

    assert verdict(sent) == (BUSY, R.PROVIDER_REFUSED_LOGIN)
    assert "AUTH" not in server.commands


async def test_a_login_is_tried_in_one_way_only(serve: Start, connect: Connect) -> None:
    server = await serve({"AUTH": "535 5.7.8 No"}, offers=("AUTH LOGIN PLAIN CRAM-MD5",))

    sent = await send(connect(server.port, username="carillon", password=PASSWORD))

    assert verdict(sent) == (BUSY, R.PROVIDER_REFUSED_LOGIN)
    assert server.commands.count("AUTH") == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tls": "none", "host": "smtp.example.org"}, "in clear"),
        ({"tls": "opportunistic"}, "in clear"),
        ({"tls": "opportunistic", "host": "smtp.example.org"}, "in clear"),
        ({"tls": "none", "password": None}, "needed together"),
        ({"tls": "none", "port": 0}, "port is 0"),
        ({"tls": "none", "host": "smtp example"}, "host is"),
        ({"tls": "none", "sender": "nobody"}, "sender is"),
        ({"tls": "none", "sender": "zoë@example.org"}, "sender has"),
        ({"tls": "none", "client_hostname": "a b"}, "client_hostname is"),
        ({"tls": "none", "final_timeout_s": 0}, "final_timeout_s is 0"),
        ({"tls": "none", "max_connections": 0}, "max_connections is 0"),
        ({"tls": "starttls", "ca_file": "no/such/file.pem"}, "ca_file"),
    ],
)
def test_settings_that_cannot_be_safe_or_right_stop_the_start(
    connect: Connect, options: dict[str, object], problem: str
) -> None:
    given: dict[str, object] = {"host": "127.0.0.1", "port": 25, "username": "u", "password": PASSWORD, "sender": ADA}

    with pytest.raises(ConfigurationError, match=problem) as caught:
        SmtpProvider(SmtpSettings(**{**given, **options}), FixedClock())  # type: ignore[arg-type]

    assert PASSWORD not in caught.value.message


def test_all_wrong_settings_are_told_at_once() -> None:
    settings = SmtpSettings(host="", port=0, sender="", tls="none", username="u", idle_timeout_s=-1)

    with pytest.raises(InvalidSettings) as caught:
        SmtpProvider(settings, FixedClock())

    assert len(caught.value.problems) == 5


def test_a_password_is_not_shown_with_the_settings() -> None:
    settings = SmtpSettings(host="localhost", port=25, sender=ADA, tls="none", username="u", password=PASSWORD)

    assert PASSWORD not in f"{settings} {settings!r}"


# The simulator


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
