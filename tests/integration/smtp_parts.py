"""Providers, servers told what to answer, and a mail: for the tests of the SMTP provider."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from dispatchers.email.smtp import SmtpProvider, SmtpSettings
from dispatchers.provider import EmailMessage, Sent
from models.states import Outcome, ReasonCode
from tests.integration.scripted_smtp import ScriptedServer

REFUSED, BUSY, UNKNOWN, NOT_CALLED = Outcome.REFUSED, Outcome.BUSY, Outcome.UNKNOWN, Outcome.NOT_CALLED
R = ReasonCode

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


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[Start]:
    """Start a server that answers as it is told."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(script: dict[str, object] | None = None, **options: object) -> ScriptedServer:
            server = ScriptedServer(script or {}, **options)  # type: ignore[arg-type]
            stack.push_async_callback(server.stop)
            await server.start()
            return server

        yield start


@contextlib.asynccontextmanager
async def providers() -> AsyncIterator[Connect]:
    """Make a provider for a port, in clear where nothing else is said."""
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
