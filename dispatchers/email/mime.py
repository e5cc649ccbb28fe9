"""Writes e-mail messages as bytes (RFC 5322, 2045, 2047, 6532), once per attempt, for the SMTP provider.

No line ends in anything but CRLF, no header can be injected, and no part can hold the boundary: it contains `=_`,
which neither quoted-printable nor base64 can produce, and a text with it is not left as it is.
"""

import re
import time
from binascii import b2a_base64, b2a_qp

from dispatchers.email.addresses import CONTROL, Mailbox, wire_address
from dispatchers.provider import EmailMessage
from errors import CorruptData

_LINE = 78
_LONGEST_LINE = 998
_WORD_LINE = 76
_WORD_OPEN, _WORD_CLOSE = "=?utf-8?B?", "?="
_WORD_FRAME = len(_WORD_OPEN) + len(_WORD_CLOSE)

_FIELD_NAME = re.compile(r"[!-9;-~]{1,64}")
_WRITTEN_HERE = frozenset(("from", "to", "subject", "date", "message-id", "mime-version", "bcc", "cc", "sender"))
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")
_PLAIN = bytes([9, 10, 13, *range(32, 127)])
_NON_ASCII = bytes(range(128, 256))

_BOUNDARY = "=_carillon"
_DELIMITER = f"\r\n--{_BOUNDARY}\r\n".encode()
_OPEN = f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n--{_BOUNDARY}\r\n'.encode()
_CLOSE = f"\r\n--{_BOUNDARY}--\r\n".encode()

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MimeWriter:
    """Writes messages from one sender. Cheap to call, holds nothing but the sender's header."""

    def __init__(self, sender: Mailbox) -> None:
        self._from = from_header(sender)

    def write(self, message: EmailMessage, at_us: int) -> bytes:
        """The whole message, every line ended by CRLF, dated `at_us` (microseconds since 1970 UTC).

        All of it is ASCII unless the recipient's local part is not; then the head is UTF-8 (RFC 6532).

        Raises:
            CorruptData: an address, message id or header name that cannot be written.
        """
        if not _MESSAGE_ID.fullmatch(message.message_id):
            raise CorruptData("a message id with other than printable ASCII characters")
        head = [
            self._from,
            f"To: {wire_address(message.to)}\r\n",
            text_header("Subject", message.subject),
            f"Date: {date(at_us)}\r\nMessage-ID: <{message.message_id}>\r\nMIME-Version: 1.0\r\n",
        ]
        head += [text_header(_field_name(name), value) for name, value in message.headers]
        return "".join(head).encode() + _body(message.text, message.html)


def one_line(text: str) -> str:
    """The text with every run of line breaks and control characters folded into one space, none at the ends."""
    if CONTROL.search(text):
        text = CONTROL.sub(" ", text)
    return text.strip(" ")


def date(at_us: int) -> str:
    """A date as RFC 5322 section 3.3 writes it, in UTC."""
    at = time.gmtime(at_us // 1_000_000)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04} "
        f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
    )


def from_header(sender: Mailbox) -> str:
    """The From field, its name as atoms, a quoted string or encoded words, whichever is enough."""
    name = one_line(sender.name)
    if not name:
        return f"From: {sender.address}\r\n"
    if not _is_plain(name) or len(name) > _LINE - 10:
        return f"From: {_encoded_words(name, 6)}\r\n <{sender.address}>\r\n"
    phrase = name if _ATOMS.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    line = f"From: {phrase} <{sender.address}>\r\n"
    return line if len(line) <= _LINE + 2 else f"From: {phrase}\r\n <{sender.address}>\r\n"


def text_header(name: str, value: str) -> str:
    """An unstructured field: as it stands where ASCII allows, else encoded words; folded at 78 where it can be."""
    value = one_line(value)
    if _is_plain(value):
        if len(name) + 2 + len(value) <= (_LINE if " " in value else _LONGEST_LINE):
            return f"{name}: {value}\r\n"
        lines = _folded(f"{name}: {value}")
        if max(map(len, lines)) <= _LONGEST_LINE:
            return "\r\n ".join(lines) + "\r\n"
    return f"{name}: {_encoded_words(value, len(name) + 2)}\r\n"


def _field_name(name: str) -> str:
    lower = name.lower()
    if not _FIELD_NAME.fullmatch(name) or lower in _WRITTEN_HERE or lower.startswith("content-"):
        raise CorruptData(f"a header named {name[:64]!r}, expected a field name that the writer does not write itself")
    return name


def _is_plain(value: str) -> bool:
    return value.isascii() and "=?" not in value


def _folded(line: str) -> list[str]:
    """Cut at single spaces; a line goes over the limit only where it has none."""
    lines: list[str] = []
    name, first, *words = line.split(" ")
    current = f"{name} {first}"
    for word in words:
        if word and len(current) + 1 + len(word) > _LINE - bool(lines):
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}"
    return [*lines, current]


def _encoded_words(text: str, used: int) -> str:
    """RFC 2047: words of at most 75 characters, lines of at most 76, no character split between two."""
    data = text.encode("utf-8", "replace")
    words: list[str] = []
    start, room = 0, max((_WORD_LINE - used - _WORD_FRAME) // 4 * 3, 12)
    while start < len(data):
        end = min(start + room, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f"{_WORD_OPEN}{b2a_base64(data[start:end], newline=False).decode()}{_WORD_CLOSE}")
        start, room = end, (_WORD_LINE - 1 - _WORD_FRAME) // 4 * 3
    return "\r\n ".join(words)


def _body(text: str, html: str | None) -> bytes:
    plain = _part("plain", text)
    return plain if html is None else b"".join((_OPEN, plain, _DELIMITER, _part("html", html), _CLOSE))


def _part(subtype: str, text: str) -> bytes:
    encoding, body = _transfer_encoded(_canonical(text))
    fields = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return fields.encode() + body


def _canonical(text: str) -> bytes:
    """UTF-8 with CRLF for every kind of line break, and one at the end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\n", "\r\n")
    return (text if text.endswith("\r\n") else text + "\r\n").encode("utf-8", "replace")


def _transfer_encoded(data: bytes) -> tuple[str, bytes]:
    if _may_stay(data):
        return "7bit", data
    foreign = len(data) - len(data.translate(None, _NON_ASCII))
    if foreign * 6 <= len(data):
        printable = b2a_qp(data, istext=True)
        if not _has_from_line(printable):
            return "quoted-printable", printable
    return "base64", _base64_lines(data)


def _may_stay(data: bytes) -> bool:
    """Whether nothing on the way could want to change these bytes."""
    return (
        not data.translate(None, _PLAIN)
        and b"=_" not in data
        and not _has_from_line(data)
        and max(map(len, data.split(b"\r\n"))) <= _LONGEST_LINE - 8
    )


def _has_from_line(data: bytes) -> bool:
    # Mailboxes in mbox format put a ">" before it.
    return b"\nFrom " in data or data.startswith(b"From ")


def _base64_lines(data: bytes) -> bytes:
    whole = b2a_base64(data, newline=False)
    return b"\r\n".join([whole[at : at + 76] for at in range(0, len(whole), 76)]) + b"\r\n"
