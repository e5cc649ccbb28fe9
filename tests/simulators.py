"""A running SMTP simulator for tests: real sockets, a clock that tests drive, and everything it keeps within reach."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import msgspec
from starlette.applications import Starlette

from simulator.journal import Journal, Line, read_journal
from simulator.mailbox import Mailbox
from simulator.options import SmtpOptions
from simulator.pages import routes
from simulator.scripts import Book
from simulator.smtp import SmtpSimulator


class DrivenClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.us = 1_800_000_000_000_000

    def now_us(self) -> int:
        return self.us


Shown = dict[str, str | int | dict[str, str] | None]
"""One mail as mailbox.json tells it."""


class Answer(msgspec.Struct):
    """What mailbox.json answers."""

    mails: list[Shown]


class Side:
    """A running simulator with everything it keeps."""

    def __init__(self, path: Path, scripts: Book | None, options: SmtpOptions | None) -> None:
        self.clock = DrivenClock()
        self.mailbox = Mailbox(now_us=self.clock.now_us)
        self.path = path
        self.journal = Journal(path)
        self.smtp = SmtpSimulator(
            self.mailbox, journal=self.journal, scripts=scripts, options=options, now_us=self.clock.now_us
        )
        self.port = 0
        app = Starlette(routes=routes(self.mailbox))
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator.test")

    def client(self, timeout_s: float = 10.0, tls: ssl.SSLContext | None = None) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.port, timeout=timeout_s, start_tls=tls is not None, tls_context=tls
        )

    async def send(self, *to: str, message: EmailMessage | None = None, timeout_s: float = 10.0) -> str:
        """Send one mail on a connection of its own; the server's last words, or what it was refused with."""
        async with self.client(timeout_s) as client:
            _, words = await client.send_message(message or mail(), sender="bounces@carillon.test", recipients=list(to))
        return words

    def lines(self) -> list[Line]:
        return read_journal(self.path)

    async def shown(self, **query: str | int) -> list[Shown]:
        """The mails of mailbox.json for this query."""
        answer = await self.web.get("/simulator/mailbox.json", params=query)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Answer).mails


Start = Callable[..., Awaitable[Side]]
"""Starts a side with these scripts and options: `await start(book(slow_s=0.1), SmtpOptions(...))`."""


@asynccontextmanager
async def starting(folder: Path) -> AsyncIterator[Start]:
    """Sides that are stopped at the end, their journals in `folder`."""
    async with AsyncExitStack() as running:

        async def start(scripts: Book | None = None, options: SmtpOptions | None = None) -> Side:
            side = Side(folder / f"journal-{uuid.uuid4().hex}.jsonl", scripts, options)
            running.callback(side.journal.close)
            running.push_async_callback(side.smtp.stop)
            running.push_async_callback(side.web.aclose)
            side.port = await side.smtp.start()
            return side

        yield start


def mail(subject: str = "Order 17", message_id: str = "<m1@carillon.test>", html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Carillon <hello@carillon.test>"
    message["To"] = "Ada <ada@example.test>"
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message["X-Carillon-Delivery"] = "dlv_1"
    message.set_content("Packed and on its way.\n.A line with a dot in front.\n")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


async def raw(side: Side, words: bytes) -> bytes:
    """Everything the server says to bytes sent in one go, ended by QUIT."""
    reader, writer = await asyncio.open_connection("127.0.0.1", side.port)
    writer.write(words)
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return said
