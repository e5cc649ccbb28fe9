"""Whatever a caller writes arrives as it was written, in a message that keeps every rule of the mail formats."""

import email
import re
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage as Parsed
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatchers.email.addresses import Mailbox, mailbox, needs_smtputf8, wire_address
from dispatchers.email.mime import MimeWriter, date, one_line
from dispatchers.provider import EmailMessage
from errors import CorruptData

ATTEMPT = (b"n" * 16, b"u" * 16, 1, 1)
AT_US = 1_795_532_645_123_456
SENDER = Mailbox("Carillon", "carillon@example.org")

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
AWKWARD = st.sampled_from(
    [
        "\r", "\n", "\r\n", "\x00", "\x0b\x0c", "\t", " ", "  ", ".", "\n.\n", "\n..\n", "From ", "\nFrom me\n",
        "=?utf-8?q?x?=", "=_carillon", "--=_carillon--", "=", "=3D", "=\n", "x" * 75, "x" * 1000, "word " * 40, "é",
        "你好", "👩‍👩‍👧", "\u2028", "\x85", "\ufeff", "\uffff", "\u202e", "a\u0301", "😀" * 60, ":", "<>", '"', "\\",
        "Bcc: eve@example.org", "\r\nBcc: eve@example.org\r\n\r\n",
    ]
)  # fmt: skip
TEXTS = st.one_of(ANYTHING, st.lists(st.one_of(AWKWARD, ANYTHING), max_size=12).map("".join))

LOCALS = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]{1,10}(\.[A-Za-z0-9_-]{1,10}){0,3}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,8}){1,2}", fullmatch=True)


def written(
    *,
    subject: str = "Hello",
    text: str = "Hello.\n",
    html: str | None = None,
    to: str = "ada@example.org",
    sender: Mailbox = SENDER,
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    message = EmailMessage(
        attempt=ATTEMPT, to=to, subject=subject, text=text, html=html, message_id="dlv_1@example.org", headers=headers
    )
    return MimeWriter(sender).write(message, AT_US)


def read(raw: bytes) -> Parsed:
    parsed = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, Parsed)
    assert [defect for part in parsed.walk() for defect in part.defects] == []
    return parsed


def content(parsed: Parsed, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def as_lines(text: str) -> str:
    """The text with CRLF for each kind of line break, and one at the end."""
    lines = re.sub(r"\r\n|\r|\n", "\r\n", text)
    return lines if lines.endswith("\r\n") else lines + "\r\n"


def display_name(raw: bytes) -> str:
    """The sender's name.

    The standard library's newer parser puts spaces between a phrase's encoded words (Python 3.11, against RFC 2047
    section 6.2), so the older one reads those.
    """
    phrase = email.message_from_bytes(raw)["From"].rpartition("<")[0]
    if "=?utf-8?B?" in phrase:
        return str(make_header(decode_header(phrase)))
    return str(read(raw)["From"].addresses[0].display_name)


def assert_well_formed(raw: bytes) -> None:
    """RFC 5322 section 2: ASCII, CRLF and nothing else, no line over 998, no NUL."""
    raw.decode("ascii")
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert all(b"\r" not in line and b"\n" not in line and b"\x00" not in line for line in lines)
    assert max(map(len, lines)) <= 998


@given(subject=TEXTS)
@example(subject="=?utf-8?q?already_encoded?=")
@example(subject=" " * 1200)
@example(subject="a " + " " * 200 + "b")
@example(subject="x" * 990)
def test_a_subject_arrives_as_written_on_one_line(subject: str) -> None:
    raw = written(subject=subject)

    assert_well_formed(raw)
    assert read(raw)["Subject"] == one_line(subject)


@given(text=TEXTS, html=TEXTS)
@example(text="From the start\n.\n..\nFrom ", html="=_carillon\r\n--=_carillon--\r\n")
@example(text="x" * 989 + "From " + "é" * 9, html="y" * 2_000_000)
@example(text="", html="\r")
def test_both_bodies_arrive_as_written(text: str, html: str) -> None:
    raw = written(text=text, html=html)

    assert_well_formed(raw)
    parsed = read(raw)
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert content(parsed, "plain") == as_lines(text)
    assert content(parsed, "html") == as_lines(html)


@given(text=TEXTS)
def test_a_text_alone_makes_a_message_of_one_part(text: str) -> None:
    raw = written(text=text)

    assert_well_formed(raw)
    assert read(raw).get_content_type() == "text/plain"
    assert content(read(raw), "plain") == as_lines(text)


@given(text=TEXTS, html=TEXTS, subject=TEXTS)
def test_no_line_is_one_that_a_mailbox_file_would_change(text: str, html: str, subject: str) -> None:
    assert not any(line.startswith(b"From ") for line in written(text=text, html=html, subject=subject).split(b"\r\n"))


@given(local=LOCALS, domain=DOMAINS)
def test_an_address_arrives_as_written(local: str, domain: str) -> None:
    (to,) = read(written(to=f"{local}@{domain}"))["To"].addresses

    assert to.addr_spec == f"{local}@{domain}"


@given(name=TEXTS)
@example(name='Ada "the first" Lovelace, Countess')
@example(name="Ада " * 40)
def test_a_senders_name_arrives_as_written(name: str) -> None:
    raw = written(sender=Mailbox(name, "ada@example.org"))

    assert_well_formed(raw)
    (sender,) = read(raw)["From"].addresses
    assert sender.addr_spec == "ada@example.org"
    assert display_name(raw).split() == one_line(name).split()


@given(value=TEXTS)
def test_no_value_can_add_a_header(value: str) -> None:
    parsed = read(written(subject=value, headers=(("X-Note", value),)))

    assert parsed.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "X-Note", "Content-Type",
        "Content-Transfer-Encoding",
    ]  # fmt: skip


@given(value=TEXTS)
def test_encoded_words_are_short_and_each_is_whole(value: str) -> None:
    head = written(subject=value).partition(b"\r\n\r\n")[0].decode()

    for word in re.findall(r"=\?utf-8\?B\?[^?]*\?=", head):
        assert len(word) <= 75
        decoded, charset = decode_header(word)[0]
        assert isinstance(decoded, bytes)
        decoded.decode(charset or "ascii")
    assert all(len(line) <= 76 for line in head.split("\r\n") if "=?utf-8?B?" in line)


@pytest.mark.parametrize("name", ["Subject", "to", "Bcc", "Content-Type", "X Note", "X-Note:", "X\r\nBcc", "", "é"])
def test_a_header_that_is_not_a_callers_to_write_is_refused(name: str) -> None:
    with pytest.raises(CorruptData):
        written(headers=((name, "value"),))


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: eve@example.org", "ada\x00@example.org", "ada@exam\x7fple.org", "ada", "@example.org",
        "ada@", "ada@exa mple.org", "ada@example.org>", "ada@" + "a" * 64 + "é.org", "ada\u2028@example.org",
        "ada\ud800@example.org", "a" * 250 + "@example.org",
    ],
)  # fmt: skip
def test_an_address_that_no_server_could_be_given_is_refused(address: str) -> None:
    with pytest.raises(CorruptData):
        written(to=address)


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
        ("ada lovelace@example.org", '"ada lovelace"@example.org'),
        ("ada..lovelace.@example.org", '"ada..lovelace."@example.org'),
        ('"ada\\"@"@example.org', '"ada\\"@"@example.org'),
        ("ada@example.org,eve@example.net", '"ada@example.org,eve"@example.net'),
    ],
)
def test_an_address_has_one_form_on_the_wire(address: str, wire: str) -> None:
    assert wire_address(address) == wire
    assert f"To: {wire}\r\n".encode() in written(to=address)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ada@example.org", "", "ada@example.org"),
        (" Ada Lovelace <ada@bücher.example> ", "Ada Lovelace", "ada@xn--bcher-kva.example"),
        ('"Lovelace, \\"Ada\\"" <ada@example.org>', 'Lovelace, "Ada"', "ada@example.org"),
        ('Ada "the first"<ada@example.org>', 'Ada "the first"', "ada@example.org"),
    ],
)
def test_a_sender_is_read_with_and_without_a_name(text: str, name: str, address: str) -> None:
    assert mailbox(text) == Mailbox(name, address)


def test_only_a_local_part_outside_ascii_needs_smtputf8() -> None:
    assert needs_smtputf8("zoë@example.org")
    assert not needs_smtputf8("zoe@bücher.example")
    assert needs_smtputf8("用户@例え.テスト")


def test_such_an_address_makes_the_head_utf8_and_leaves_the_rest_alone() -> None:
    raw = written(to="zoë@bücher.example", subject="Grüße", text="für Zoë")

    parsed = email.message_from_string(raw.decode("utf-8"), policy=policy.default)
    assert isinstance(parsed, Parsed)
    assert parsed["To"].addresses[0].addr_spec == "zoë@xn--bcher-kva.example"
    assert parsed["Subject"] == "Grüße"
    assert content(parsed, "plain") == "für Zoë\r\n"


def test_a_plain_message_stays_readable() -> None:
    raw = written(text="Your order is on its way.\n", headers=(("Auto-Submitted", "auto-generated"),))

    assert raw == (
        b"From: Carillon <carillon@example.org>\r\n"
        b"To: ada@example.org\r\n"
        b"Subject: Hello\r\n"
        b"Date: Tue, 24 Nov 2026 15:04:05 +0000\r\n"
        b"Message-ID: <dlv_1@example.org>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Your order is on its way.\r\n"
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello.", "7bit"),
        ("Grüße aus Köln, wie immer im November.", "quoted-printable"),
        ("x" * 1200, "quoted-printable"),
        ("Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.", "quoted-printable"),
        ("通知が届きました", "base64"),
        ("From here on.", "base64"),
    ],
)
def test_the_encoding_is_the_plainest_that_keeps_the_text(text: str, encoding: str) -> None:
    assert read(written(text=text))["Content-Transfer-Encoding"] == encoding


@given(st.integers(min_value=0, max_value=253_402_300_799_999_999))
def test_a_date_is_read_back_to_the_second(at_us: int) -> None:
    parsed = parsedate_to_datetime(date(at_us))

    assert parsed.timestamp() == at_us // 1_000_000


def test_half_a_character_is_replaced_and_nothing_else_lost() -> None:
    parsed = read(written(subject="a\ud800b", text="c\udfffd"))

    assert (parsed["Subject"], content(parsed, "plain")) == ("a?b", "c?d\r\n")
