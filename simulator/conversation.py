"""One client's SMTP connection: aiosmtpd's protocol with a way to end it as scripts demand. Made by SmtpSimulator."""

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import AnyStr, NoReturn, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulator.options import Login, SmtpOptions

_PLAIN_PATH = re.compile(r"\s*<([^\s<>\"\\@,:()]+@[^\s<>\"\\@,:()]+)>(.*)", re.DOTALL)
"""A path without quotes, comments or source route (RFC 5321 section 4.1.2): nearly all there are."""


GONE_WITHIN_S = 2.0


class Desk(Protocol):
    """What a conversation reports to; aiosmtpd calls its other hooks, `handle_RCPT` and so on, by name."""

    def unread(self, envelope: Envelope, answer: str) -> None:
        """Called where aiosmtpd threw the data away and refused them, so that the hook for DATA was not called."""


class Conversations:
    """The open connections of one server."""

    def __init__(self) -> None:
        self._open: set[Conversation] = set()
        self._nobody = asyncio.Event()
        self._nobody.set()

    def add(self, conversation: "Conversation") -> None:
        """A client connected."""
        self._open.add(conversation)
        self._nobody.clear()

    def discard(self, conversation: "Conversation") -> None:
        """A client is gone."""
        self._open.discard(conversation)
        if not self._open:
            self._nobody.set()

    async def close(self) -> None:
        """Hang up on everybody, also on those who wait for an answer, and return when all are gone.

        A client that failed its STARTTLS handshake is never reported gone by aiosmtpd 1.4.6, so patience has an end.
        """
        for conversation in list(self._open):
            conversation.hang_up()
        try:
            async with asyncio.timeout(GONE_WITHIN_S):
                await self._nobody.wait()
        except TimeoutError:
            self._open.clear()


class Conversation(SMTP):
    """aiosmtpd's server protocol, faster at addresses and able to fall silent."""

    def __init__(
        self, desk: Desk, options: SmtpOptions, tls: ssl.SSLContext | None, conversations: Conversations
    ) -> None:
        super().__init__(
            desk,
            data_size_limit=options.size_limit_bytes,
            enable_SMTPUTF8=True,
            hostname=options.hostname,
            ident="Carillon simulator",
            tls_context=tls,
            require_starttls=options.require_starttls,
            timeout=options.idle_timeout_s,
            auth_require_tls=options.auth_requires_tls,
            authenticator=_authenticator(options.login),
            loop=asyncio.get_running_loop(),
        )
        self._desk = desk
        self._conversations = conversations
        self._said: str | bytes = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio, a second time after STARTTLS."""
        self._conversations.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        super().connection_lost(error)
        self._conversations.discard(self)

    async def push(self, status: AnyStr) -> None:
        """Say a line, and remember it for the journal."""
        self._said = status
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by this name
        """As aiosmtpd does, but the desk also hears of data refused without asking it (too large, a line too long)."""
        envelope = self.envelope
        await super().smtp_DATA(arg)
        if envelope is not None and envelope is not self.envelope and envelope.content is None:
            said = self._said if isinstance(self._said, str) else self._said.decode()
            self._desk.unread(envelope, said)

    def hang_up(self) -> None:
        """Close the connection; asyncio then cancels whatever this conversation waits for."""
        if self.transport is not None:
            self.transport.close()

    async def silence(self) -> NoReturn:
        """Never answer; ends by cancellation when the client goes away or the idle time is over."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a future that nobody keeps was resolved")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # aiosmtpd 1.4.6 reads addresses with the standard library's full grammar, which is more than half of its time
        # per mail (380 against 175 µs). Look again when a newer aiosmtpd comes.
        plain = _PLAIN_PATH.fullmatch(arg)
        return (plain[1], plain[2]) if plain else super()._getaddr(arg)


def _authenticator(login: Login | None) -> Callable[[SMTP, Session, Envelope, str, LoginPassword], AuthResult]:
    def check(_smtp: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword) -> AuthResult:
        right = login is not None and (data.login, data.password) == (login.user.encode(), login.password.encode())
        return AuthResult(success=right, handled=False, auth_data=data)

    return check
