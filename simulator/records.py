"""Writes down what became of each recipient: in the journal always, in the mailbox where a mail was taken."""

from collections.abc import Callable, Sequence

import msgspec

from simulator.headers import Head
from simulator.journal import Journal, Line
from simulator.mailbox import Mail, Mailbox
from simulator.playbook import Decision, Ending
from simulator.scripts import Stage


class Arrival(msgspec.Struct, frozen=True):
    """A whole mail at the end of its data."""

    sender: str
    recipients: tuple[str, ...]
    head: Head
    raw: bytes


class Records:
    """Every method returns when the lines are written, so call it before the client hears the answer."""

    def __init__(self, mailbox: Mailbox, journal: Journal | None, now_us: Callable[[], int]) -> None:
        self._mailbox = mailbox
        self._journal = journal
        self._now_us = now_us

    def turned_away(self, sender: str, to: str, decision: Decision) -> None:
        """A script acted at RCPT: there is no mail yet."""
        self._write([Line(self._now_us(), sender, to, Stage.RECIPIENT, decision.answer, False, decision.script)])

    def unread(self, sender: str, recipients: Sequence[str], answer: str) -> None:
        """The data broke a rule of SMTP and were thrown away as they came, so nothing is known of the mail."""
        now_us = self._now_us()
        self._write([Line(now_us, sender, to, Stage.DATA, answer, False) for to in recipients])

    def arrived(self, arrival: Arrival, decision: Decision) -> str:
        """A mail was taken or refused for all its recipients; returns what to say if it was taken."""
        mail_ids = [self._mailbox.next_id() for _ in arrival.recipients]
        queued = f"250 2.0.0 Ok: queued as {mail_ids[0]:X}"
        ordinary = queued if decision.taken and decision.ending is Ending.ANSWER else None
        now_us = self._now_us()
        self._write(_lines(arrival, decision, decision.answer or ordinary, now_us))
        if decision.taken:
            self._mailbox.put(_copies(arrival, mail_ids, now_us))
        return queued

    def _write(self, lines: Sequence[Line]) -> None:
        if self._journal is not None:
            self._journal.write(lines)


def _lines(arrival: Arrival, decision: Decision, answer: str | None, at_us: int) -> list[Line]:
    head = arrival.head
    about = (answer, decision.taken, decision.script, head.message_id, head.subject, head.extra)
    return [Line(at_us, arrival.sender, to, Stage.DATA, *about) for to in arrival.recipients]


def _copies(arrival: Arrival, mail_ids: Sequence[int], at_us: int) -> list[Mail]:
    return [
        Mail(mail_id, at_us, arrival.sender, to, arrival.head, arrival.raw)
        for mail_id, to in zip(mail_ids, arrival.recipients, strict=True)
    ]
