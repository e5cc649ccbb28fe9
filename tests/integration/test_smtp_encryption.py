"""A password never travels in clear, and encryption that was asked for is not done without."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatchers.email.smtp import SmtpProvider, SmtpSettings
from errors import ConfigurationError, InvalidSettings
from models.states import Outcome
from simulator.certificate import ServerCertificate
from simulator.mailbox import Mailbox
from simulator.options import Login, SmtpOptions
from simulator.smtp import SmtpSimulator
from tests.integration.smtp_parts import (
    ADA,
    BUSY,
    NOT_CALLED,
    Connect,
    FixedClock,
    R,
    Start,
    providers,
    send,
    servers,
    verdict,
)

PASSWORD = "correct horse"


@pytest.fixture
async def serve() -> AsyncIterator[Start]:
    async with servers() as start:
        yield start


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with providers() as build:
        yield build


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
