"""Decides what to answer, remembering who was deferred how often. Called by the SMTP handler."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from simulator.scripts import Book, Script, Stage, Verb, find

K = TypeVar("K")

MEMORY = 100_000
"""How many deferred messages, and how many greylisted addresses, are remembered; the oldest are forgotten."""


class Ending(StrEnum):
    """How a command ends for the client."""

    ANSWER = "answer"
    CLOSE = "close"
    SILENCE = "silence"


class Decision(msgspec.Struct, frozen=True):
    """What becomes of one command: is the recipient or the mail taken, what is said, how does it end."""

    taken: bool = True
    answer: str | None = None
    """None with ANSWER means the ordinary acceptance, None with CLOSE that nothing is said."""
    ending: Ending = Ending.ANSWER
    wait_s: float = 0.0
    script: str | None = None
    """The name of the script that decided."""


ACCEPT = Decision()


class Playbook:
    """The scripts in play.

    Args:
        now_us: microseconds since 1970 UTC, for greylisting.
    """

    def __init__(self, scripts: Book, now_us: Callable[[], int]) -> None:
        self._scripts = scripts
        self._now_us = now_us
        self._refusals: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._first_tried_us: OrderedDict[str, int] = OrderedDict()

    def at_recipient(self, address: str) -> Decision:
        """The answer to RCPT. Scripts that act after DATA accept here."""
        script = find(self._scripts, address)
        if script is None or script.stage is not Stage.RECIPIENT:
            return ACCEPT
        return self._decide(script, address, "")

    def after_data(self, addresses: Sequence[str], message_id: str | None) -> Decision:
        """The answer to the whole message, for all its recipients: the first scripted one decides.

        A message without a Message-ID is known by its recipient alone.
        """
        for address in addresses:
            script = find(self._scripts, address)
            if script is not None and script.stage is Stage.DATA:
                return self._decide(script, address, message_id or "")
        return ACCEPT

    def _decide(self, script: Script, address: str, message_id: str) -> Decision:
        if script.verb is Verb.CLOSE or script.verb is Verb.SILENCE:
            ending = Ending.CLOSE if script.verb is Verb.CLOSE else Ending.SILENCE
            return Decision(script.taken, script.answer, ending, script=script.name)
        if script.verb is Verb.WAIT:
            return Decision(wait_s=script.number, script=script.name)
        refused = self._refuses(script, address.lower(), message_id)
        return Decision(not refused, script.answer if refused else None, script=script.name)

    def _refuses(self, script: Script, address: str, message_id: str) -> bool:
        if script.verb is Verb.REFUSE_TIMES:
            return self._times(address, message_id) < script.number
        if script.verb is Verb.REFUSE_SECONDS:
            return self._since_first_s(address) < script.number
        return True

    def _times(self, address: str, message_id: str) -> int:
        """How often this message was here before; counts this time."""
        key = (address, message_id)
        before = self._refusals.get(key, 0)
        _remember(self._refusals, key, before + 1)
        return before

    def _since_first_s(self, address: str) -> float:
        now_us = self._now_us()
        first_us = self._first_tried_us.get(address, now_us)
        _remember(self._first_tried_us, address, first_us)
        return (now_us - first_us) / 1_000_000


def _remember(memory: OrderedDict[K, int], key: K, value: int) -> None:
    memory[key] = value
    if len(memory) > MEMORY:
        memory.popitem(last=False)
