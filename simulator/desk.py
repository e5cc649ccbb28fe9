"""Answers SMTP commands by the playbook and has every outcome recorded. Its hooks are called by aiosmtpd, by name."""

# ruff: noqa: N802 - aiosmtpd finds its hooks by these names

import asyncio
import logging

from aiosmtpd.smtp import Envelope, Session, TLSSetupException

from simulator.conversation import Conversation
from simulator.headers import read_head
from simulator.options import SmtpOptions
from simulator.playbook import Decision, Ending, Playbook
from simulator.records import Arrival, Records

log = logging.getLogger(__name__)


class FrontDesk:
    """The server's side of all conversations."""

    def __init__(self, playbook: Playbook, records: Records, options: SmtpOptions) -> None:
        self._playbook = playbook
        self._records = records
        self._options = options

    async def handle_EHLO(
        self, _server: Conversation, session: Session, _envelope: Envelope, hostname: str, offers: list[str]
    ) -> list[str]:
        """The extensions: AUTH only where somebody could log in, and two that aiosmtpd keeps without saying so."""
        session.host_name = hostname
        kept = [offer for offer in offers if self._options.login or not offer.startswith("250-AUTH")]
        return [*kept[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", kept[-1]]

    async def handle_MAIL(
        self, _server: Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any sender, once logged in where that is required."""
        if self._options.require_auth and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(
        self, server: Conversation, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, unless a script acts here."""
        decision = self._playbook.at_recipient(address)
        if decision.taken:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        else:
            self._records.turned_away(envelope.mail_from or "", address, decision)
        return await _end(server, decision, "250 2.1.5 Ok")

    async def handle_DATA(self, server: Conversation, _session: Session, envelope: Envelope) -> str:
        """Take the mail for all its recipients or for none."""
        arrival = _arrival(envelope)
        decision = self._playbook.after_data(arrival.recipients, arrival.head.message_id)
        if decision.wait_s:
            await asyncio.sleep(decision.wait_s)
        return await _end(server, decision, self._records.arrived(arrival, decision))

    async def handle_exception(self, error: Exception) -> str:
        """A client that broke off TLS, or a fault of the simulator (a full disk): nothing was taken, so try again."""
        if not isinstance(error, TLSSetupException):
            log.error("the simulated server failed", exc_info=error)
        return f"451 4.3.0 The simulator failed: {type(error).__name__}"

    def unread(self, envelope: Envelope, answer: str) -> None:
        """Aiosmtpd threw the data away: too much, or a line too long."""
        self._records.unread(envelope.mail_from or "", envelope.rcpt_tos, answer)


def _arrival(envelope: Envelope) -> Arrival:
    raw = envelope.original_content or b""
    return Arrival(envelope.mail_from or "", tuple(envelope.rcpt_tos), read_head(raw), raw)


async def _end(server: Conversation, decision: Decision, ordinary: str) -> str:
    if decision.ending is Ending.ANSWER:
        return decision.answer or ordinary
    if decision.ending is Ending.CLOSE:
        if decision.answer:
            await server.push(decision.answer)
        server.hang_up()
    return await server.silence()
