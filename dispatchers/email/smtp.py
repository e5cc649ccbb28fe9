"""Sends e-mail to one SMTP server (RFC 5321), the only importer of the SMTP library. Built by the e-mail service.

The library's own `sendmail` and `data` do not tell a loss before the content from one after it, so the commands are
given one by one here: until `Stage.CONTENT` nothing can have been taken, from then on the server may have the message.

Its time-outs are not used either: they rest on `asyncio.wait_for`, which in Python 3.11 loses a cancellation that comes
together with an answer (python/cpython#86296; look again when 3.11 is given up).
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import aiosmtplib
import msgspec
from aiosmtplib.protocol import SMTPProtocol

from dispatchers.email import answers
from dispatchers.email.account import EmailAccount
from dispatchers.email.addresses import mailbox, needs_smtputf8, wire_address
from dispatchers.email.answers import Reply, Stage
from dispatchers.email.mime import MimeWriter
from dispatchers.email.options import SmtpSettings, smtp_settings
from dispatchers.email.pool import Pool
from dispatchers.provider import EmailMessage, Limits, Provider, Sent
from errors import ConfigurationError, CorruptData
from models.clock import Clock
from models.states import Outcome, ReasonCode

__all__ = ["SmtpProvider", "SmtpSettings"]

SCHEMES = ("smtp", "smtps")
EXTRA = "email"

_GOODBYE_S = 2.0


def provider(account: EmailAccount) -> Provider[EmailMessage]:
    """See `EmailModule`."""
    return SmtpProvider(smtp_settings(account), account.clock)


class Letter(msgspec.Struct, frozen=True):
    """One message in wire form."""

    sender: bytes
    recipient: bytes
    to: str
    content: bytes
    utf8: bool


class Session:
    """One connection, opened, encrypted and logged in; carries one letter at a time."""

    def __init__(self, client: aiosmtplib.SMTP, settings: SmtpSettings) -> None:
        self._client = client
        self._settings = settings
        self._stage = Stage.SENDER
        self._needs_reset = False
        self._in_step = True
        self._carried = 0

    @property
    def is_open(self) -> bool:
        """Whether the server has not hung up, as far as this side knows."""
        return self._client.is_connected

    @property
    def is_usable(self) -> bool:
        """Whether the last letter came to an end that both sides know of."""
        return self._in_step and self.is_open

    @property
    def is_worn(self) -> bool:
        """Whether it has carried as many letters as it may."""
        return self._carried >= self._settings.max_messages_per_connection

    @property
    def was_dead(self) -> bool:
        """Whether the last letter found it broken before MAIL was accepted, so that nothing of it was taken."""
        return not self._in_step and self._stage <= Stage.SENDER

    async def carry(self, letter: Letter) -> Sent:
        """Hand one letter over. Whatever server and network do is an answer; a cancelled call leaves it unusable."""
        self._in_step = False
        self._stage = Stage.RESET if self._needs_reset else Stage.SENDER
        try:
            sent = await self._converse(letter)
        except TimeoutError:
            sent = answers.timed_out(self._stage)
        except ConnectionError:
            sent = answers.lost(self._stage)
        except aiosmtplib.SMTPResponseException as error:
            sent = answers.broken(self._stage, error.message, letter.to)
        self._carried += 1
        return sent

    async def _converse(self, letter: Letter) -> Sent:
        if letter.utf8 and not self._client.supports_extension("smtputf8"):
            self._in_step = True
            return Sent(Outcome.REFUSED, ReasonCode.ADDRESS_INVALID, answer="the server does not offer SMTPUTF8")
        for stage, command in self._commands(letter):
            self._stage = stage
            async with asyncio.timeout(self._settings.command_timeout_s):
                response = await self._client.execute_command(*command)
            verdict = self._judge(Reply(response.code, response.message), letter)
            if verdict is not None:
                return verdict
        return await self._hand_over(letter)

    def _commands(self, letter: Letter) -> list[tuple[Stage, tuple[bytes, ...]]]:
        commands: list[tuple[Stage, tuple[bytes, ...]]] = [
            (Stage.SENDER, (b"MAIL", b"FROM:<" + letter.sender + b">", *self._options(letter))),
            (Stage.RECIPIENT, (b"RCPT", b"TO:<" + letter.recipient + b">")),
            (Stage.DATA, (b"DATA",)),
        ]
        return [(Stage.RESET, (b"RSET",)), *commands] if self._needs_reset else commands

    def _options(self, letter: Letter) -> list[bytes]:
        options = []
        if self._client.supports_extension("size"):
            options.append(b"SIZE=%d" % len(letter.content))
        if letter.utf8:
            options += [b"BODY=8BITMIME", b"SMTPUTF8"]
        return options

    async def _hand_over(self, letter: Letter) -> Sent:
        protocol = self._protocol()
        # Raises where the connection is known to be gone; else bytes may have left from here on.
        protocol.write(_stuffed(letter.content))
        self._stage = Stage.CONTENT
        async with asyncio.timeout(self._settings.final_timeout_s):
            response = await protocol.read_response()
        reply = Reply(response.code, response.message)
        return self._judge(reply, letter) or answers.broken(Stage.CONTENT, reply.text, letter.to)

    def _judge(self, reply: Reply, letter: Letter) -> Sent | None:
        verdict = answers.judge(self._stage, reply, letter.to)
        if verdict is not None:
            self._in_step = answers.keeps_step(self._stage, reply.code)
            self._needs_reset = verdict.outcome is not Outcome.SENT
        elif self._stage is Stage.RESET:
            self._needs_reset = False
        return verdict

    def _protocol(self) -> SMTPProtocol:
        if self._client.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the server hung up before the content")
        return self._client.protocol

    def abort(self) -> None:
        """Close at once; content that still waits to be sent is thrown away."""
        _abort(self._client)

    async def quit(self) -> None:
        """Say QUIT and close, within two seconds."""
        try:
            # How the server answers changes nothing.
            with suppress(aiosmtplib.SMTPException, ConnectionError, TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._client.quit()
        finally:
            self.abort()


class SmtpProvider:
    """A provider of e-mail over SMTP, with connections kept for reuse. Belongs to one event loop.

    A server cannot be asked later what became of a message, nor de-duplicate: an UNKNOWN stays unknown.

    Raises:
        ConfigurationError: settings that cannot work, or that would send a password in clear.
    """

    name = "smtp"

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        settings.check()
        self.limits = Limits(bulk=1, concurrency=settings.max_connections)
        self.longest_call_s = settings.longest_call_s
        sender = mailbox(settings.sender)
        self._settings = settings
        self._clock = clock
        self._sender = sender.address.encode()
        self._writer = MimeWriter(sender)
        self._tls_context = _tls_context(settings)
        self._ehlo_name = settings.ehlo_name
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._pool: Pool[Session] = Pool(settings.idle_timeout_s)

    async def send(self, messages: Sequence[EmailMessage]) -> Sequence[Sent]:
        """One answer per message, in order; UNKNOWN exactly where content was written and no answer came.

        A cancelled call closes its connection: what had been written may have been taken.
        """
        return [await self._send(message) for message in messages]

    async def aclose(self) -> None:
        """Take leave of idle connections."""
        await self._pool.aclose()

    async def _send(self, message: EmailMessage) -> Sent:
        try:
            recipient = wire_address(message.to)
        except CorruptData as error:
            return Sent(Outcome.REFUSED, ReasonCode.ADDRESS_INVALID, answer=error.message)
        content = self._writer.write(message, self._clock.now_us())
        letter = Letter(self._sender, recipient.encode(), message.to, content, needs_smtputf8(recipient))
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await self._slots.acquire()
        except TimeoutError:
            return Sent(Outcome.NOT_CALLED, ReasonCode.PROVIDER_BUSY, answer="all connections are in use")
        try:
            return await self._send_over_a_connection(letter)
        finally:
            self._slots.release()

    async def _send_over_a_connection(self, letter: Letter) -> Sent:
        kept = self._pool.take()
        if kept is not None:
            sent = await self._carry(kept, letter)
            if not kept.was_dead:
                return sent
        opened = await _open(self._settings, self._tls_context, self._ehlo_name)
        return opened if isinstance(opened, Sent) else await self._carry(opened, letter)

    async def _carry(self, session: Session, letter: Letter) -> Sent:
        try:
            return await session.carry(letter)
        finally:
            if not session.is_usable:
                session.abort()
            elif session.is_worn:
                self._pool.retire(session)
            else:
                self._pool.put(session)


def _stuffed(content: bytes) -> bytes:
    """With dots doubled at line starts and the line that ends it (RFC 5321 section 4.5.2)."""
    return content.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _tls_context(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.tls == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigurationError(f"the certificates in ca_file cannot be used: {error}") from error
    if settings.tls == "opportunistic":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _open(settings: SmtpSettings, context: ssl.SSLContext | None, ehlo_name: str) -> Session | Sent:
    """A session ready for MAIL, or why there is none."""
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        local_hostname=ehlo_name,
        use_tls=settings.tls == "implicit",
        start_tls=False,
        tls_context=context,
        timeout=None,
    )
    stage, opened = Stage.OPENING, False
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            await client.connect()
            await _greet(client)
            await _encrypt(client, settings)
            stage = Stage.LOGIN
            if not await _log_in(client, settings):
                return answers.no_login()
        opened = True
        return Session(client, settings)
    except aiosmtplib.SMTPResponseException as error:
        reply = Reply(error.code, error.message)
        return answers.judge(stage, reply) or answers.broken(stage, error.message)
    except TimeoutError:
        return answers.unreachable(f"not ready within {settings.connect_timeout_s:g} seconds")
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        # ValueError: a certificate or a login challenge that cannot be decoded.
        return answers.unreachable(str(error))
    finally:
        if not opened:
            _abort(client)


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as error:
        if not 500 <= error.code <= 504:
            raise
        await client.helo()


async def _encrypt(client: aiosmtplib.SMTP, settings: SmtpSettings) -> None:
    offered = client.supports_extension("starttls")
    if settings.tls == "starttls" or (settings.tls == "opportunistic" and offered):
        await client.starttls()
        await _greet(client)


async def _log_in(client: aiosmtplib.SMTP, settings: SmtpSettings) -> bool:
    """Try one way only: servers count failures. False where the server offers none that is known here."""
    if settings.username is None or settings.password is None:
        return True
    ways = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
    for way, log_in in ways.items():
        if way in client.server_auth_methods:
            await log_in(settings.username, settings.password)
            return True
    return False


def _abort(client: aiosmtplib.SMTP) -> None:
    if client.transport is not None:
        cast(asyncio.WriteTransport, client.transport).abort()
    client.close()
