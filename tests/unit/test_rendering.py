"""Templates filled with data: what values look like, what is missing or too much, headers, addresses, languages."""

from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InvalidInput
from models.filling import Kind, compiled
from models.locales import lookup
from models.rendering import MOST_TITLE, CompiledTemplate, compile_template
from models.template import EmailParts, InAppParts, TemplateBody, decode, encode
from models.vocabulary import Channel

BODY = TemplateBody(
    default_locale="en",
    email={
        "en": EmailParts(
            "Order {{ order.id }}", "Dear {{ name }}", "<p>{{ name }}</p>", "https://example.org/o/{{ order.id }}"
        ),
        "de": EmailParts("Bestellung {{ order.id }}", "Liebe {{ name }}"),
    },
    in_app={
        "en": InAppParts(
            "{{ name }}: {{ order.total }}", "Order {{ order.id }}",
            data={"id": "{{ order.id }}", "tags": ["x", "{{ name }}"], "n": 1},
        )
    },
)  # fmt: skip
DATA: dict[str, object] = {"name": "Ada <3", "order": {"id": "17/a", "total": 12.5}}
BOTH = (Channel.EMAIL, Channel.IN_APP)


def ready(body: TemplateBody = BODY) -> CompiledTemplate:
    made, problems = compile_template(body)
    assert problems == []
    return made


def fill(text: str, kind: Kind = Kind.PLAIN, most: int = 10_000, **data: object) -> str:
    return compiled(text, kind, ("text",), most).fill(data)


def test_each_channel_says_its_parts_escaped_in_its_own_way() -> None:
    email = ready().say(Channel.EMAIL, "en", DATA)
    in_app = ready().say(Channel.IN_APP, "en", DATA)

    assert (email.title, email.body) == ("Order 17/a", "Dear Ada <3")
    assert (email.email_html, email.url) == ("<p>Ada &lt;3</p>", "https://example.org/o/17%2Fa")
    assert (in_app.title, in_app.body, in_app.url) == ("Order 17/a", "Ada <3: 12.5", None)
    assert in_app.in_app_data == {"id": "17/a", "tags": ["x", "Ada <3"], "n": 1}


@pytest.mark.parametrize(
    ("value", "shown"),
    [("text", "text"), (17, "17"), (1.5, "1.5"), (True, "true"), (False, "false"), (None, ""), ("", "")],
)
def test_values_are_shown_as_in_json(value: object, shown: str) -> None:
    assert fill("[{{ a }}]", a=value) == f"[{shown}]"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"name": "Ada", "order": {"total": 1}}, ("order", "id")),
        ({"order": {"id": 1, "total": 1}}, ("name",)),
        ({"name": ["Ada"], "order": {"id": 1, "total": 1}}, ("name",)),
        ({"name": {}, "order": {"id": 1, "total": 1}}, ("name",)),
    ],
)
def test_what_is_missing_or_no_text_is_named(data: dict[str, object], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as told:
        ready().check(data, BOTH)

    assert told.value.path == ("message", "template", "data", *path)


def test_only_the_channels_asked_for_are_checked() -> None:
    without_total: dict[str, object] = {"name": "Ada", "order": {"id": 1}}

    ready().check(without_total, (Channel.EMAIL,))
    with pytest.raises(InvalidInput):
        ready().check(without_total, BOTH)


@given(st.text(max_size=2_000), st.text(max_size=2_000))
def test_what_the_door_lets_through_can_be_said_in_every_language(name: str, id_: str) -> None:
    template, data = ready(), {"name": name, "order": {"id": id_, "total": 1}}
    try:
        template.check(data, BOTH)
    except InvalidInput:
        return
    for channel, locale in ((Channel.EMAIL, "en"), (Channel.EMAIL, "de"), (Channel.IN_APP, "en")):
        said = template.say(channel, locale, data)
        assert len(said.title or "") <= MOST_TITLE


def test_a_text_that_grows_too_long_is_refused_at_the_door() -> None:
    with pytest.raises(InvalidInput) as told:
        ready().check({"name": "Ada", "order": {"id": "x" * MOST_TITLE, "total": 1}}, BOTH)

    assert "512" in told.value.message


def test_filling_stops_long_before_memory_ends() -> None:
    bomb = compiled("{{ a }}" * 500, Kind.HTML, ("html",), 262_144)

    with pytest.raises(InvalidInput):
        bomb.fill({"a": "&" * 30_000})


@given(st.text())
def test_no_value_ends_a_line_of_a_title(value: str) -> None:
    title = fill("Order {{ a }} is here", Kind.LINE, a=value)

    assert len(title.splitlines()) == 1 and "\r" not in title and "\n" not in title


@given(st.text())
def test_no_value_changes_where_an_address_leads(value: str) -> None:
    address = fill("https://shop.example/o/{{ a }}?from={{ a }}#{{ a }}", Kind.ADDRESS, a=value)
    parts = urlsplit(address)

    assert (parts.scheme, parts.netloc) == ("https", "shop.example")
    assert parts.query.count("=") == 1 and "&" not in parts.query and address.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "{{ url }}", "https://{{ host }}/", "https://shop.example{{ a }}", "https://shop.example:{{ port }}/",
        "javascript:{{ a }}", "ftp://shop.example/{{ a }}", "https://{{ a }}@shop.example/", "not an address",
        "https://", "https://shop.example\\{{ a }}", "https://shop.example/ {{ a }}",
    ],
)  # fmt: skip
def test_an_address_must_begin_with_a_fixed_host(text: str) -> None:
    with pytest.raises(InvalidInput):
        compiled(text, Kind.ADDRESS, ("url",), 2_048)


def test_every_problem_is_told_with_its_place() -> None:
    body = TemplateBody(
        default_locale="en",
        email={"en": EmailParts("{{ a", "fine", "<p>\n{{ a | b }}</p>", "{{ url }}")},
        in_app={"de": InAppParts("{% if x %}")},
    )

    _, problems = compile_template(body)

    assert [(one.path, one.message[:18]) for one in problems] == [
        (("en", "inApp"), "expected this chan"),
        (("en", "email", "subject"), "line 1, column 1: "),
        (("en", "email", "url"), "line 1, column 1: "),
        (("en", "email", "html"), "line 2, column 1: "),
        (("de", "inApp", "body"), "line 1, column 1: "),
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("de",), "de"),
        (("de-AT",), "de"),
        (("de_AT",), "de"),
        (("DE-at",), "de"),
        (("zh-Hant-TW",), "zh-Hant"),
        (("zh-a-x",), "zh"),
        (("fr", "de-CH"), "de"),
        (("fr-CA", None), "en"),
        ((None, None), "en"),
        ((), "en"),
    ],
)
def test_languages_are_looked_up_as_rfc_4647_has_it(wanted: tuple[str | None, ...], found: str) -> None:
    at_hand = {tag.lower(): tag for tag in ("en", "de", "zh", "zh-Hant", "pt-BR")}

    assert lookup(wanted, at_hand, "en") == found


def test_a_channel_without_a_word_has_no_language() -> None:
    mail_only = ready(msgspec.structs.replace(BODY, in_app={}))

    assert mail_only.locale(Channel.IN_APP, ("en",)) is None
    assert mail_only.locale(Channel.EMAIL, ("de-AT",)) == "de"


def test_what_a_template_says_is_stored_and_read_back() -> None:
    assert decode(encode(BODY)) == BODY
