"""What an SMTP server's answers mean for a delivery (RFC 5321 section 4.2, RFC 3463, IANA's enhanced status codes).

Used by the SMTP provider. Nothing here knows how an answer was received.
"""

import re
from enum import IntEnum

import msgspec

from dispatchers.provider import Sent
from models.states import Outcome, ReasonCode


class Stage(IntEnum):
    """How far a call has come, in order. From CONTENT on, the server may have the message."""

    OPENING = 1
    LOGIN = 2
    RESET = 3
    SENDER = 4
    RECIPIENT = 5
    DATA = 6
    CONTENT = 7


class Reply(msgspec.Struct, frozen=True):
    """A server's answer, its lines joined by line feeds."""

    code: int
    text: str


_REFUSED, _BUSY = Outcome.REFUSED, Outcome.BUSY
_Verdict = tuple[Outcome, ReasonCode]

_ADDRESS: _Verdict = _REFUSED, ReasonCode.ADDRESS_INVALID
_MAILBOX: _Verdict = _REFUSED, ReasonCode.MAILBOX_UNAVAILABLE
_FULL: _Verdict = _REFUSED, ReasonCode.MAILBOX_FULL
_TOO_LARGE: _Verdict = _REFUSED, ReasonCode.MESSAGE_TOO_LARGE
_POLICY: _Verdict = _REFUSED, ReasonCode.POLICY_REJECTED
_REJECTED: _Verdict = _REFUSED, ReasonCode.MESSAGE_REJECTED
_PROTOCOL: _Verdict = _REFUSED, ReasonCode.PROVIDER_PROTOCOL
# What our operator can mend must not cost a delivery: the login and the sender are ours.
_LOGIN: _Verdict = _BUSY, ReasonCode.PROVIDER_REFUSED_LOGIN
_SENDER: _Verdict = _BUSY, ReasonCode.POLICY_REJECTED
_OUT_OF_STEP: _Verdict = _BUSY, ReasonCode.PROVIDER_PROTOCOL
_LATER: _Verdict = _BUSY, ReasonCode.PROVIDER_BUSY
_FULL_NOW: _Verdict = _BUSY, ReasonCode.MAILBOX_FULL
_NO_SERVICE: _Verdict = _BUSY, ReasonCode.PROVIDER_UNREACHABLE

_FIRST: dict[int, _Verdict] = {503: _OUT_OF_STEP, 530: _LOGIN, 534: _LOGIN, 535: _LOGIN, 538: _LOGIN}
"""Codes that say more than the enhanced code beside them."""

_ENHANCED: dict[str, _Verdict] = {
    "5.1.0": _ADDRESS,
    "5.1.1": _ADDRESS,
    "5.1.2": _ADDRESS,
    "5.1.3": _ADDRESS,
    "5.1.4": _ADDRESS,
    "5.1.6": _MAILBOX,
    "5.1.7": _SENDER,
    "5.1.8": _SENDER,
    "5.1.9": _ADDRESS,
    "5.1.10": _ADDRESS,
    "5.2.0": _MAILBOX,
    "5.2.1": _MAILBOX,
    "5.2.2": _FULL,
    "5.2.3": _TOO_LARGE,
    "5.2.4": _MAILBOX,
    "5.3.4": _TOO_LARGE,
    "5.6.7": _ADDRESS,
    "5.7.8": _LOGIN,
    "5.7.9": _LOGIN,
    "4.2.2": _FULL_NOW,
}
_ENHANCED_SUBJECT: dict[str, _Verdict] = {"5.6": _REJECTED, "5.7": _POLICY}
"""For all the details of a subject that `_ENHANCED` does not name."""

_BASIC: dict[int, _Verdict] = {
    500: _PROTOCOL,
    501: _PROTOCOL,
    502: _PROTOCOL,
    504: _PROTOCOL,
    550: _REJECTED,
    551: _MAILBOX,
    552: _TOO_LARGE,
    553: _ADDRESS,
    554: _REJECTED,
    555: _PROTOCOL,
    556: _ADDRESS,
}
_BASIC_AT: dict[tuple[Stage, int], _Verdict] = {
    (Stage.RECIPIENT, 501): _ADDRESS,
    (Stage.RECIPIENT, 550): _MAILBOX,
    (Stage.SENDER, 553): _SENDER,
    (Stage.CONTENT, 553): _REJECTED,
}
"""Where the same code means something else by the command that it answers."""

_ENHANCED_CODE = re.compile(r"#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_BARE = r"[^\s<>()\[\]:;,\"'@]{1,320}"
_ADDRESS_IN_TEXT = re.compile(rf"(?:{_BARE}|\"[^\"]{{1,320}}\")@[^\s<>();,\"']{{1,320}}")
_UNPRINTABLE = re.compile("[\x00-\x20\x7f-\xa0\ud800-\udfff\u2028\u2029]+")
_QUEUED_AS = re.compile(r"(?ai)(?:\bqueued as |\bid=|^(?:2\.\d\.\d )?Ok (?=[\w.-]{16,}$))([\w./+-]{1,200})(?![@\w])")
"""As Postfix, Exim and Amazon SES word it."""
_LONGEST_ANSWER = 500
_READ_OF_ANSWER = 2_000


def judge(stage: Stage, reply: Reply, to: str = "") -> Sent | None:
    """What an answer means at a stage; None means: go on.

    Args:
        to: the recipient's address, which is taken out of the kept answer.
    """
    if _goes_on(stage, reply.code):
        return _taken(reply, to) if stage is Stage.CONTENT else None
    if not 400 <= reply.code <= 599:
        return broken(stage, reply.text, to)
    outcome, reason = _verdict(stage, reply)
    return Sent(outcome, reason, answer=_words(reply, to))


def lost(stage: Stage) -> Sent:
    """The connection ended without an answer: UNKNOWN once content was written, else nothing was taken."""
    return Sent(_without_answer(stage), ReasonCode.CONNECTION_LOST)


def timed_out(stage: Stage) -> Sent:
    """No answer in time: UNKNOWN once content was written, else nothing was taken."""
    return Sent(_without_answer(stage), ReasonCode.ANSWER_TIMED_OUT)


def broken(stage: Stage, text: str, to: str = "") -> Sent:
    """An answer that is none of SMTP's: UNKNOWN once content was written, else nothing was taken."""
    return Sent(_without_answer(stage), ReasonCode.PROVIDER_PROTOCOL, answer=masked(text, to))


def unreachable(text: str) -> Sent:
    """No connection, no encryption, or no greeting: nothing of the message left this process."""
    return Sent(Outcome.NOT_CALLED, ReasonCode.PROVIDER_UNREACHABLE, answer=masked(text))


def masked(text: str, to: str = "") -> str:
    """At most 500 characters on one line, with no e-mail address in it."""
    kept = _UNPRINTABLE.sub(" ", text[:_READ_OF_ANSWER])
    if len(text) > _READ_OF_ANSWER:
        kept = kept.rpartition(" ")[0]
    if to:
        kept = re.sub(re.escape(to), "(address)", kept, flags=re.IGNORECASE)
    return _ADDRESS_IN_TEXT.sub("(address)", kept).strip()[:_LONGEST_ANSWER]


def keeps_step(stage: Stage, code: int) -> bool:
    """Whether both sides agree on what comes next after this answer, so that the connection can be used again."""
    # 421 announces the connection's end, 503 that the server has lost count; one that cannot reset is of no use.
    if stage is Stage.RESET or code in (421, 503):
        return False
    return 400 <= code <= 599 or (stage is Stage.CONTENT and 200 <= code <= 299)


def no_login() -> Sent:
    """The server offers no way to log in, or none that is known here."""
    return Sent(*_LOGIN, answer="the server offers no known way to log in")


def _goes_on(stage: Stage, code: int) -> bool:
    return 300 <= code <= 399 if stage is Stage.DATA else 200 <= code <= 299


def _taken(reply: Reply, to: str) -> Sent:
    found = _QUEUED_AS.search(reply.text)
    return Sent(Outcome.SENT, provider_message_id=found[1] if found else None, answer=_words(reply, to))


def _verdict(stage: Stage, reply: Reply) -> _Verdict:
    enhanced = _enhanced_code(reply)
    if reply.code < 500:
        return _ENHANCED.get(enhanced, _LATER)
    if reply.code in _FIRST:
        return _FIRST[reply.code]
    if stage is Stage.LOGIN:
        return _LOGIN
    if stage < Stage.SENDER:
        return _NO_SERVICE
    by_code = _BASIC_AT.get((stage, reply.code)) or _BASIC.get(reply.code, _REJECTED)
    return _ENHANCED.get(enhanced) or _ENHANCED_SUBJECT.get(enhanced.rpartition(".")[0], by_code)


def _enhanced_code(reply: Reply) -> str:
    """Empty where there is none, or one of another class than the answer itself."""
    found = _ENHANCED_CODE.match(reply.text)
    return found[1] if found and found[1][0] == str(reply.code)[0] else ""


def _without_answer(stage: Stage) -> Outcome:
    return Outcome.UNKNOWN if stage is Stage.CONTENT else Outcome.BUSY


def _words(reply: Reply, to: str) -> str:
    return masked(f"{reply.code} {reply.text}", to)
