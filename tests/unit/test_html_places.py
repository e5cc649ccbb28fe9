"""Where placeholders may stand in HTML, and that no value leaves its place."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InvalidInput
from models.filling import Kind, compiled
from models.html_places import HtmlPlace, places
from models.placeholders import parse

MOST = 262_144
TEMPLATE = (
    '<!DOCTYPE html><html lang="{{ lang }}"><head><title>{{ a }}</title><style>p { color: red }</style></head>'
    "<body class=\"x\"><!-- note --><p title='{{ b }}'>{{ a }} &amp; {{b}}</p>"
    '<a href="https://example.org/{{ a }}?q={{ b }}" data-id="{{ a }}">go</a>'
    '<img src=https://example.org/x.png alt="{{ b }}"/><textarea>{{ a }}</textarea></body></html>'
)


class Outline(HTMLParser):
    """Every tag with its attributes' names, and nothing else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[object] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.seen.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.seen.append(decl)

    def handle_pi(self, data: str) -> None:
        self.seen.append("instruction")

    def unknown_decl(self, data: str) -> None:
        self.seen.append("declaration")


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    found.close()
    return found


def test_text_and_quoted_attributes_are_open() -> None:
    found = places(parse(TEMPLATE))

    assert [place is HtmlPlace.ADDRESS for place in found] == [
        False, False, False, False, False, True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "html",
    [
        "<script>{{ a }}</script>",
        "<SCRIPT type=x>var a = '{{ a }}'</SCRIPT>",
        "<style>p { color: {{ a }} }</style>",
        "<!-- {{ a }} -->",
        "<!--[if mso]><p>{{ a }}</p><![endif]-->",
        "<{{ a }}>",
        "</{{ a }}>",
        "<p{{ a }}>",
        "<p {{ a }}>",
        "<p {{ a }}='x'>",
        "<p title={{ a }}>",
        "<p title=x{{ a }}>",
        "<p title= {{ a }}>",
        "<p onclick=\"f('{{ a }}')\">",
        "<p style='color: {{ a }}'>",
        "<iframe srcdoc='{{ a }}'></iframe>",
        "<img srcset='{{ a }}'>",
        "<base href='https://example.org/{{ a }}'>",
        "<link href='https://example.org/{{ a }}'>",
        "<meta http-equiv='refresh' content='0; url=https://example.org/{{ a }}'>",
        "<form action='https://example.org/{{ a }}'>",
        "<object data='https://example.org/{{ a }}'></object>",
        "<a href='{{ a }}'>",
        "<a href='https://{{ a }}/'>",
        "<a href='https://example.org{{ a }}'>",
        "<a href='https://example.org.{{ a }}/x'>",
        "<a href='{{ scheme }}://example.org/'>",
        "<a href='java{{ a }}'>",
        "<a href='javascript:{{ a }}'>",
        "<a href='data:text/html,{{ a }}'>",
        "<a href='&#104;ttps://example.org/{{ a }}'>",
        "<a href='//example.org/{{ a }}'>",
        "<a href='https:\\\\example.org\\{{ a }}'>",
        "<svg><![CDATA[ {{ a }} ]]></svg>",
        '<p "odd">{{ a }}</p>',
        "<p title='a'\"b\">{{ a }}</p>",
        "<p<b>{{ a }}",
        "</script {{ a }}>",
        "<noscript>{{ a }}</noscript>",
    ],
)
def test_everything_else_is_closed(html: str) -> None:
    with pytest.raises(InvalidInput):
        places(parse(html))


@pytest.mark.parametrize("prefix", ["https://example.org/", "HTTP://example.org?", "mailto:", "tel:", "#"])
def test_an_address_may_end_in_values(prefix: str) -> None:
    assert places(parse(f"<a href='{prefix}{{{{ a }}}}'>")) == [HtmlPlace.ADDRESS]


def test_what_only_looks_like_a_tag_is_text() -> None:
    assert places(parse("a < b and {{ a }} > 3")) == [HtmlPlace.TEXT]


HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet="<>\"'&;/= !-abjscript:\x00\n\t`\\"),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='alert(1)",
            "javascript:alert(1)",
            "</title><script>",
            "--><script>",
            "&lt;script&gt;",
            "//evil.example",
            "@evil.example",
            "\\evil.example",
            "../../x",
            "</textarea><b>",
        ]
    ),
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_value_adds_a_tag_or_leads_elsewhere(a: str, b: str, lang: str) -> None:
    filling = compiled(TEMPLATE, Kind.HTML, ("html",), MOST)

    harmless = outline(filling.fill({"a": "a", "b": "b", "lang": "en"}))
    found = outline(filling.fill({"a": a, "b": b, "lang": lang}))

    assert found.seen == harmless.seen
    assert all(address.startswith("https://example.org/") for address in found.addresses)


@given(HOSTILE)
def test_a_value_reads_in_html_as_it_was_sent(a: str) -> None:
    filling = compiled("<p>{{ a }}</p>", Kind.HTML, ("html",), MOST)
    texts: list[str] = []

    class Texts(HTMLParser):
        def handle_data(self, data: str) -> None:
            texts.append(data)

    parser = Texts(convert_charrefs=True)
    parser.feed(filling.fill({"a": a}))
    parser.close()

    kept = "".join(
        [letter if letter in "\t\n\r" or not (ord(letter) < 32 or ord(letter) == 127) else " " for letter in a]
    )
    assert "".join(texts) == kept
