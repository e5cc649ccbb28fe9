"""The scripted addresses: one table, read by the playbook, the mailbox page and docs/simulator.md."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec


class Stage(StrEnum):
    """When a script acts: at a recipient's RCPT command, or after the dot that ends DATA."""

    RECIPIENT = "RCPT"
    DATA = "DATA"


class Verb(StrEnum):
    """What a script does when its turn comes."""

    REFUSE = "refuse"
    REFUSE_TIMES = "refuse the first times"
    REFUSE_SECONDS = "refuse for some seconds"
    WAIT = "accept after some seconds"
    CLOSE = "close the connection"
    SILENCE = "never answer"


NUMBERED = frozenset({Verb.REFUSE_TIMES, Verb.REFUSE_SECONDS, Verb.WAIT})
"""The verbs that take a number, which an address may carry itself: `slow-3@`."""


class Script(msgspec.Struct, frozen=True):
    """How the server treats every address whose local part begins with `name`."""

    name: str
    stage: Stage
    verb: Verb
    effect: str
    """One sentence for the documentation."""
    answer: str | None = None
    """The SMTP reply; CLOSE says it before it closes, None says nothing."""
    number: float = 0.0
    """Times or seconds, for the verbs in `NUMBERED`."""
    taken: bool = False
    """Whether CLOSE or SILENCE keeps a copy of the mail first."""


Book = Mapping[str, Script]
"""Scripts by name."""


def book(*, defer_times: int = 2, greylist_s: float = 5.0, slow_s: float = 3.0) -> Book:
    """Every script; the numbers hold for addresses that name none themselves."""
    return _by_name([*_at_recipient(greylist_s), *_after_data(defer_times, slow_s)])


def find(scripts: Book, address: str) -> Script | None:
    """The script for an address, with the address's own number put in; None means that mail is accepted.

    The word before the first `+` or `.` of the local part counts, in any case: `bounce+17@`, `Bounce.ada@`.
    """
    word = re.split(r"[+.]", address.rpartition("@")[0].lower(), maxsplit=1)[0]
    return scripts.get(word) or _numbered(scripts, word)


def rows(scripts: Book) -> list[tuple[str, str, str, str, str]]:
    """The table for readers: address, when it acts, answer, whether the mail is taken, what happens."""
    return [(_patterns(s), _when(s), _answer(s), _taken(s), s.effect) for s in scripts.values()]


HEADINGS = ("Address", "When", "Answer", "Taken", "What happens")


def markdown(scripts: Book) -> str:
    """The table as docs/simulator.md shows it."""
    lines = [HEADINGS, ("---",) * len(HEADINGS)]
    lines += [(f"`{'` `'.join(to.split())}`", when, said, taken, what) for to, when, said, taken, what in rows(scripts)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _numbered(scripts: Book, word: str) -> Script | None:
    match = re.fullmatch(r"(.+)-(\d{1,4})", word)
    script = scripts.get(match[1]) if match else None
    if match is None or script is None or script.verb not in NUMBERED:
        return None
    return msgspec.structs.replace(script, number=float(match[2]))


def _by_name(scripts: Iterable[Script]) -> Book:
    return {script.name: script for script in scripts}


def _patterns(script: Script) -> str:
    return f"{script.name}@ {script.name}-N@" if script.verb in NUMBERED else f"{script.name}@"


def _when(script: Script) -> str:
    return "at RCPT" if script.stage is Stage.RECIPIENT else "after DATA"


def _answer(script: Script) -> str:
    return script.answer or ("250 2.0.0" if script.verb is Verb.WAIT else "none")


def _taken(script: Script) -> str:
    in_the_end = script.verb in NUMBERED
    return "in the end" if in_the_end else "yes" if script.taken else "no"


def _at_recipient(greylist_s: float) -> list[Script]:
    at = Stage.RECIPIENT
    return [
        Script("bounce", at, Verb.REFUSE, "No such user.", "550 5.1.1 No such user here"),
        Script("full", at, Verb.REFUSE, "The mailbox is over its quota.", "552 5.2.2 Mailbox full"),
        Script(
            "greylist",
            at,
            Verb.REFUSE_SECONDS,
            f"Deferred until N seconds ({greylist_s:g}) after the address was first tried, then accepted.",
            "451 4.7.1 Greylisted, try again later",
            number=greylist_s,
        ),
        Script("421", at, Verb.CLOSE, "Says that it shuts down, and closes.", "421 4.3.2 Service shutting down"),
        Script("drop", at, Verb.CLOSE, "Closes before any data: surely not delivered."),
        Script("hang-before-data", at, Verb.SILENCE, "Never answers, before any data: surely not delivered."),
    ]


def _after_data(defer_times: int, slow_s: float) -> list[Script]:
    at = Stage.DATA
    policy = "554 5.7.1 Message refused by policy"
    return [
        Script("policy", at, Verb.REFUSE, "Refused for what it says or who sent it.", policy),
        Script("spam", at, Verb.REFUSE, "Refused as spam.", "554 5.7.1 Message looks like spam"),
        Script("toolarge", at, Verb.REFUSE, "Refused as too large, whatever its size.", "552 5.3.4 Message too big"),
        Script(
            "defer",
            at,
            Verb.REFUSE_TIMES,
            f"Deferred the first N times ({defer_times}) that this Message-ID comes to this address, then accepted.",
            "451 4.7.1 Try again later",
            number=defer_times,
        ),
        Script("defer-always", at, Verb.REFUSE, "Deferred for ever.", "451 4.7.1 Try again later"),
        Script("slow", at, Verb.WAIT, f"Waits N seconds ({slow_s:g}), then accepts.", number=slow_s),
        Script("drop-after-data", at, Verb.CLOSE, "Keeps the mail and closes without an answer.", taken=True),
        Script("hang-after-data", at, Verb.SILENCE, "Keeps the mail and never answers.", taken=True),
    ]
