"""The simulated SMTP server: listens on loopback in its caller's event loop. Started by services, drills and tests."""

import asyncio
from collections.abc import Callable

from errors import ConfigurationError
from simulator.certificate import ServerCertificate
from simulator.conversation import Conversation, Conversations
from simulator.desk import FrontDesk
from simulator.journal import Journal
from simulator.mailbox import Mailbox, machine_now_us
from simulator.options import SmtpOptions
from simulator.playbook import Playbook
from simulator.records import Records
from simulator.scripts import Book, book


class SmtpSimulator:
    """Takes every mail, save where a scripted address says otherwise (docs/simulator.md).

    Args:
        mailbox: where mails are kept once taken.
        journal: where every outcome is written, if anywhere; its owner closes it after `stop`.
        port: 0 lets the system choose.
        now_us: microseconds since 1970 UTC.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        journal: Journal | None = None,
        scripts: Book | None = None,
        options: SmtpOptions | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        now_us: Callable[[], int] = machine_now_us,
    ) -> None:
        self._options = options or SmtpOptions()
        playbook = Playbook(book() if scripts is None else scripts, now_us)
        self._desk = FrontDesk(playbook, Records(mailbox, journal, now_us), self._options)
        self._certificate = _certificate(self._options)
        self._host = host
        self._port = port
        self._conversations = Conversations()
        self._server: asyncio.Server | None = None

    @property
    def certificate_pem(self) -> str | None:
        """The self-signed certificate that STARTTLS shows, for clients that shall trust it."""
        return self._certificate.pem if self._certificate else None

    async def start(self) -> int:
        """Listen, and return the port.

        Raises:
            ConfigurationError: the address cannot be listened on.
        """
        try:
            self._server = await asyncio.get_running_loop().create_server(self._converse, self._host, self._port)
        except OSError as problem:
            raise ConfigurationError(f"cannot listen on {self._host}:{self._port}: {problem}") from problem
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self._port

    async def stop(self) -> None:
        """Stop listening and hang up on every client; mail whose data were not complete is not taken."""
        if self._server is not None:
            self._server.close()
            await self._conversations.close()
            await self._server.wait_closed()
            self._server = None

    def _converse(self) -> Conversation:
        context = self._certificate.context if self._certificate else None
        return Conversation(self._desk, self._options, context, self._conversations)


def _certificate(options: SmtpOptions) -> ServerCertificate | None:
    return ServerCertificate(options.hostname) if options.starttls or options.require_starttls else None
