"""What a caller wrote becomes an e-mail that reads well, leads nowhere else and carries nothing else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatchers.email.channel import EmailChannel
from dispatchers.provider import EmailMessage, Recipient
from errors import ConfigurationError, CorruptData
from models import ids
from models.content import Content

NOTIFICATION, USER = b"n" * 16, b"u" * 16
CHANNEL = EmailChannel("Carillon <carillon@example.org>")
LONG = "The quick brown fox jumps over the lazy dog and then, being tired of it, goes home again to sleep"


class Page(HTMLParser):
    """The tags, links and visible words of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.language: str | None = None
        self._words: list[str] = []
        self._hidden = 0
        self.feed(text)
        self.close()

    @property
    def words(self) -> str:
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [href for name, href in attrs if name == "href" and href is not None]
        self.language = found.get("lang") if tag == "html" else self.language
        self._hidden += tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._words.append(data)


def recipient(address: str = "ada@example.net", attempt: int = 1, locale: str | None = None) -> Recipient:
    return Recipient((NOTIFICATION, USER, 1, attempt), address, locale, "orders")


def composed(content: Content, to: Recipient | None = None) -> EmailMessage:
    (message,) = CHANNEL.compose([(to or recipient(), content)])
    return message


def page(content: Content, to: Recipient | None = None) -> Page:
    html = composed(content, to).html
    assert html is not None
    return Page(html)


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        (Content("Body", title="Title", email_subject="Subject"), "Subject"),
        (Content("Body", title="Title"), "Title"),
        (Content("\n\n  First line  \nSecond line"), "First line"),
        (Content(LONG), "The quick brown fox jumps over the lazy dog and then, being tired of it, goes…"),
        (Content("x" * 100), "x" * 77 + "…"),
        (Content("x" * 78), "x" * 78),
        (Content(LONG, title=LONG), LONG),
        (Content("Body", title="Two\r\nBcc: eve@example.org"), "Two Bcc: eve@example.org"),
        (Content("Body", title="\r\n \x00"), "Body"),
        (Content(" \n"), "Notification"),
    ],
)
def test_the_subject_is_the_callers_or_the_beginning_of_the_body(content: Content, subject: str) -> None:
    assert composed(content).subject == subject


@given(st.text(max_size=300))
def test_a_subject_made_from_the_body_is_one_short_line(body: str) -> None:
    subject = composed(Content(body)).subject

    assert 0 < len(subject) <= 78
    assert subject.isprintable() or not any(letter in subject for letter in "\r\n\x00\x85\u2028")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (Content("Body", email_text="Text"), "Text"),
        (Content("Body", url="https://example.com/1"), "Body\n\nhttps://example.com/1\n"),
        (Content("Body", url="https://example.com/1", email_text="Text\n"), "Text\n\nhttps://example.com/1\n"),
        (Content("See https://example.com/1 now", url="https://example.com/1"), "See https://example.com/1 now"),
        (Content("Body", url="javascript:alert(1)"), "Body"),
    ],
)
def test_the_text_has_the_link_on_a_line_of_its_own(content: Content, text: str) -> None:
    assert composed(content).text == text


def test_a_callers_own_html_is_sent_as_it_is() -> None:
    assert composed(Content("Body", email_html="<p>Mine</p>", url="https://example.com")).html == "<p>Mine</p>"


def test_the_html_says_what_the_text_says() -> None:
    shown = page(Content("First.\r\nSame paragraph.\n\nSecond.", title="Title", url="https://example.com/a"))

    assert shown.words == "Title First. Same paragraph. Second. example.com \u203a https://example.com/a"
    assert shown.tags.count("p") == 4
    assert shown.tags.count("h1") == 1
    assert shown.links == ["https://example.com/a"]


def test_the_html_follows_the_text_that_was_written_for_email() -> None:
    assert page(Content("Body", email_text="Text for mail")).words == "Text for mail"


@given(title=st.text(st.characters(exclude_categories=["Cs"])), body=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_can_become_a_tag(title: str, body: str) -> None:
    plain = page(Content("x", title="x"))
    shown = page(Content(f"<script>{body}</script>", title=f"<img src=x>{title}"))

    assert set(shown.tags) <= {*plain.tags, "br"}
    assert shown.links == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "JaVaScRiPt://example.com/%0aalert(1)", "//example.com/x", "/x",
        "https://", "https:example.com", "http://[::1", "https://example.com/\r\nX", "https://exa mple.com",
        'https://example.com/"onclick="x', "https://example.com\\@evil.example", "file:///etc/passwd", "",
        "\x01https://example.com",
    ],
)  # fmt: skip
def test_only_a_sound_web_address_becomes_a_link(url: str) -> None:
    content = Content("Body", url=url)

    assert page(content).links == []
    assert composed(content).text == "Body"


def test_a_button_is_named_after_the_host_that_it_leads_to() -> None:
    shown = page(Content("Body", url="HTTPS://bank.example@evil.example:8443/login?a=1&b=%22"))

    assert shown.links == ["HTTPS://bank.example@evil.example:8443/login?a=1&b=%22"]
    assert shown.words.startswith("Body evil.example \u203a")


@pytest.mark.parametrize(
    ("locale", "language"), [("de", "de"), ("pt_BR", "pt-BR"), (None, None), ('en"><script>', None)]
)
def test_the_html_names_the_recipients_language(locale: str | None, language: str | None) -> None:
    assert page(Content("Body"), recipient(locale=locale)).language == language


def test_every_attempt_of_a_delivery_has_the_same_message_id() -> None:
    first, second = CHANNEL.compose([(recipient(attempt=1), Content("x")), (recipient(attempt=2), Content("x"))])
    delivery = ids.encode(ids.DELIVERY, ids.delivery_bytes((NOTIFICATION, USER, 1)))

    assert first.message_id == second.message_id == f"{delivery}@example.org"
    assert dict(first.headers)["X-Carillon-Delivery"] == dict(second.headers)["X-Carillon-Delivery"] == delivery
    assert dict(first.headers)["X-Carillon-Attempt"] != dict(second.headers)["X-Carillon-Attempt"]


def test_a_message_can_be_traced_and_is_not_answered_by_machines() -> None:
    message = composed(Content("x"), recipient(attempt=3))
    attempt = ids.decode(ids.ATTEMPT, dict(message.headers)["X-Carillon-Attempt"])

    assert ids.attempt_key(attempt) == message.attempt == (NOTIFICATION, USER, 1, 3)
    assert dict(message.headers)["Auto-Submitted"] == "auto-generated"


def test_messages_come_in_the_order_of_their_recipients() -> None:
    batch = [(recipient(f"user{n}@example.net"), Content(f"Body {n}")) for n in range(20)]

    assert [(m.to, m.text) for m in CHANNEL.compose(batch)] == [(r.address, c.body) for r, c in batch]


@pytest.mark.parametrize(
    "address", ["ada@example.net\r\nBcc: eve@example.net", "ada\x00@example.net", "a\x85@b.example"]
)
def test_an_address_with_control_characters_is_taken_for_damage(address: str) -> None:
    with pytest.raises(CorruptData):
        composed(Content("x"), recipient(address))


def test_a_sender_outside_ascii_gives_message_ids_inside_it() -> None:
    (message,) = EmailChannel("Bücher <post@bücher.example>").compose([(recipient(), Content("x"))])

    assert message.message_id.endswith("@xn--bcher-kva.example")


@pytest.mark.parametrize("sender", ["", "nobody", "a@", "Carillon <>", "a@b c", "a\n@example.org"])
def test_a_sender_that_is_no_address_stops_the_start(sender: str) -> None:
    with pytest.raises(ConfigurationError):
        EmailChannel(sender)
