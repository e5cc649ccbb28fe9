"""Templates through the API: drafted, published, filled, pinned, previewed; and what is refused, on each store."""

from typing import Any

import pytest

from engines.store import operations as op
from engines.store import queries as q
from engines.store.queries import NotificationsById
from models import ids
from models.states import DeliveryState, ReasonCode
from models.topics import Lane
from models.vocabulary import HandleKind, Priority, Role
from services.access import FIRST_TENANT
from tests.products import INBOX, SEND, Json, Product
from tests.simulators import Side
from tests.stores import Watch
from usecases.requests import Audience, SendRequest, TemplateUse
from usecases.template_directory import TemplateDirectory, Version

DRAFT = """mutation ($input: DraftTemplateInput!) { draftTemplate(input: $input) {
  __typename
  ... on TemplateDrafted {
    created problems { path message } template { id key name draft { id number } published { id } }
  }
  ... on Failure { code path message }
} }"""
PUBLISH = """mutation ($key: String!) { publishTemplate(input: { key: $key }) {
  __typename
  ... on TemplatePublished { template { id draft { id } published { id } } version { id number publishedAt } }
  ... on Failure { code path message }
} }"""
TEMPLATE = """query ($key: String!) { template(key: $key) {
  id key name draft { id } published { ...version template { id } } versions(first: 10) { edges { node { number } } }
} }
fragment version on TemplateVersion {
  id number templateKey defaultLocale locales channels dataSchema
  contents { locale email { subject text html url } inApp { title body url data } }
}"""
LIST = """query ($first: Int, $after: String, $last: Int, $before: String) {
  templates(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { key } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }"""
SENT = """query ($id: ID!) { notification(id: $id) {
  template { id number } decisions { rule }
  deliveries { edges { node { channel state reason decisions { rule } content { title body url html } } } }
} }"""
PREVIEW = """mutation ($input: SendNotificationInput!) { previewNotification(input: $input) {
  __typename
  ... on NotificationPreview { recipientCount template { number } recipients {
    user { externalId }
    channels { channel wouldBeSent reason locale decisions { stage rule } content { title body url html } }
  } }
  ... on Failure { code path message }
} }"""
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "order": {
            "type": "object", "properties": {"id": {"type": "integer"}, "url": {"type": "string"}},
            "required": ["id"], "additionalProperties": False,
        },
    },
    "required": ["order"],
}  # fmt: skip
ENGLISH = {
    "locale": "en",
    "email": {
        "subject": "Order {{ order.id }}", "text": "Dear {{ name }}, it is packed.",
        "html": "<p>Dear {{ name }}</p>", "url": "https://shop.example/o/{{ order.id }}",
    },
    "inApp": {"title": "Packed", "body": "{{ name }}: order {{ order.id }}", "data": {"order": "{{ order.id }}"}},
}  # fmt: skip
GERMAN = {
    "locale": "de",
    "email": {"subject": "Bestellung {{ order.id }}", "text": "Liebe {{ name }}, sie ist gepackt."},
    "inApp": {"body": "{{ name }}: Bestellung {{ order.id }}"},
}
PACKED = {"key": "packed", "defaultLocale": "en", "contents": [ENGLISH, GERMAN], "dataSchema": SCHEMA}
DATA: Json = {"name": "Ada <3", "order": {"id": 17}}


async def drafted(product: Product, template: Json, token: str | None = None) -> Json:
    answer: Json = (await product.data(DRAFT, token, input=template))["draftTemplate"]
    return answer


async def published(product: Product, template: Json = PACKED) -> Json:
    assert (await drafted(product, template))["__typename"] == "TemplateDrafted"
    answer: Json = (await product.data(PUBLISH, key=template["key"]))["publishTemplate"]
    assert answer["__typename"] == "TemplatePublished", answer
    return answer


async def sent(product: Product, to: Json, template: Json | None = None, **more: object) -> Json:
    message = {"template": {"key": "packed", "data": DATA} | (template or {})}
    answer: Json = (await product.data(SEND, input={"to": to, "message": message, **more}))["sendNotification"]
    return answer


async def accepted(product: Product, to: Json, template: Json | None = None, **more: object) -> str:
    answer = await sent(product, to, template, **more)
    assert answer["__typename"] == "NotificationAccepted", answer
    id_: str = answer["notification"]["id"]
    return id_


async def told(product: Product, id_: str) -> tuple[Json, dict[str, Json]]:
    found = (await product.data(SENT, id=id_))["notification"]
    return found, {edge["node"]["channel"]: edge["node"] for edge in found["deliveries"]["edges"]}


async def items(product: Product, user: str) -> list[Json]:
    page = (await product.data(INBOX, product.browser(user)))["inbox"]
    return [edge["node"] for edge in page["edges"]]


async def test_mail_and_inbox_show_the_text_in_the_users_own_language(product: Product, side: Side) -> None:
    ada = await product.user("ada", email="ada@example.test", locale="en-GB")
    rosa = await product.user("rosa", email="rosa@example.test", locale="de-AT")
    await published(product)

    id_ = await accepted(product, {"users": [ada, rosa]})
    await product.settled(id_, 4)

    mails = {mail["to"]: mail for mail in await side.shown()}
    assert mails["ada@example.test"]["subject"] == "Order 17"
    assert mails["rosa@example.test"]["subject"] == "Bestellung 17"
    [english], [german] = await items(product, ada), await items(product, rosa)
    assert (english["title"], english["body"]) == ("Packed", "Ada <3: order 17")
    assert (english["data"], german["title"]) == ({"order": "17"}, None)
    assert german["body"] == "Ada <3: Bestellung 17"
    found, _ = await told(product, id_)
    assert found["template"]["number"] == 1
    assert [one["rule"] for one in found["decisions"]] == ["NAMED", "TEMPLATE_PINNED"]


async def test_a_delivery_shows_what_it_said_escaped_for_its_channel(product: Product) -> None:
    await product.user("ada", email="ada@example.test")
    await published(product)

    id_ = await accepted(product, {"externalId": "ada"}, {"locale": "en"})
    await product.settled(id_, 2)

    _, by_channel = await told(product, id_)
    assert by_channel["EMAIL"]["content"] == {
        "title": "Order 17", "body": "Dear Ada <3, it is packed.", "url": "https://shop.example/o/17",
        "html": "<p>Dear Ada &lt;3</p>",
    }  # fmt: skip
    assert by_channel["IN_APP"]["content"]["body"] == "Ada <3: order 17"
    assert "TEMPLATE_PINNED" in [one["rule"] for one in by_channel["EMAIL"]["decisions"]]


async def test_no_value_adds_a_header_or_a_recipient(product: Product, side: Side) -> None:
    await product.user("ada", email="ada@example.test")
    parts = {"subject": "For {{ name }}", "text": "{{ name }}", "html": "<p>{{ name }}</p>"}
    await published(product, PACKED | {"contents": [{"locale": "en", "email": parts}]})
    name = "Ada\r\nBcc: eve@example.test\r\n\r\n<script>alert(1)</script>"

    id_ = await accepted(product, {"externalId": "ada"}, {"data": DATA | {"name": name}}, channels=["EMAIL"])
    await product.settled(id_)

    [mail] = await side.shown()
    assert mail["to"] == "ada@example.test"
    assert mail["subject"] == "For Ada Bcc: eve@example.test <script>alert(1)</script>"
    _, by_channel = await told(product, id_)
    assert "&lt;script&gt;" in by_channel["EMAIL"]["content"]["html"]


async def test_the_callers_language_comes_before_the_users(product: Product) -> None:
    ada = await product.user("ada", locale="en")
    await published(product)

    id_ = await accepted(product, {"user": ada}, {"locale": "de-CH"}, channels=["IN_APP"])
    await product.settled(id_)

    assert [item["body"] for item in await items(product, ada)] == ["Ada <3: Bestellung 17"]


async def test_what_was_accepted_keeps_its_version(product: Product, side: Side) -> None:
    ada = await product.user("ada", email="ada@example.test")
    await published(product)
    first = await accepted(product, {"user": ada}, channels=["IN_APP"])
    later = await accepted(product, {"user": ada}, channels=["EMAIL"], sendAt="2027-01-15T09:00:00Z")
    await product.settled(first)

    mended = ENGLISH | {"email": {"subject": "Second", "text": "x"}, "inApp": {"body": "Second"}}
    second = await published(product, PACKED | {"contents": [mended]})
    newest = await accepted(product, {"user": ada}, channels=["IN_APP"])
    older = await accepted(product, {"user": ada}, {"version": 1}, channels=["IN_APP"])
    await product.pipeline.pass_time(7_200)
    for one in (newest, older, later):
        await product.settled(one)

    assert second["version"]["number"] == 2
    assert {item["body"] for item in await items(product, ada)} == {"Ada <3: order 17", "Second"}
    assert [item["body"] for item in await items(product, ada)].count("Second") == 1
    [mail] = await side.shown()
    assert mail["subject"] == "Order 17"


async def test_a_channel_without_words_is_skipped_with_its_reason(product: Product) -> None:
    await product.user("ada", email="ada@example.test")
    await published(product, PACKED | {"contents": [{"locale": "en", "inApp": ENGLISH["inApp"]}]})

    id_ = await accepted(product, {"externalId": "ada"})
    await product.settled(id_, 2)

    _, by_channel = await told(product, id_)
    assert (by_channel["EMAIL"]["state"], by_channel["EMAIL"]["reason"]) == ("SKIPPED", "NO_CONTENT")
    assert by_channel["EMAIL"]["decisions"][-1]["rule"] == "NO_CONTENT_FOR_CHANNEL"
    assert by_channel["IN_APP"]["state"] == "DELIVERED"
    alone = await sent(product, {"externalId": "ada"}, channels=["EMAIL"])
    assert (alone["code"], alone["path"]) == ("INVALID_INPUT", ["channels"])


@pytest.mark.parametrize(
    ("use", "path"),
    [
        ({"key": "nobody"}, ["key"]),
        ({"key": "unpublished"}, ["key"]),
        ({"key": "No Key"}, ["key"]),
        ({"version": 2}, ["version"]),
        ({"version": 0}, ["version"]),
        ({"version": -1}, ["version"]),
        ({"locale": "english!"}, ["locale"]),
        ({"data": {}}, ["data"]),
        ({"data": None}, ["data"]),
        ({"data": {"order": {"id": "17"}, "name": "Ada"}}, ["data", "order", "id"]),
        ({"data": {"order": {"id": 17, "more": 1}, "name": "Ada"}}, ["data", "order"]),
        ({"data": {"order": {"id": 17}}}, ["data", "name"]),
        ({"data": {"order": {"id": 17}, "name": "x" * 40_000}}, ["data"]),
        ({"data": {"order": {"id": 17}, "name": "Ada", "deep": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]] * 3_000}}, ["data"]),
    ],
)
async def test_what_cannot_be_filled_is_refused_at_the_door(product: Product, use: Json, path: list[str]) -> None:
    await product.user("ada", email="ada@example.test")
    await published(product)
    await drafted(product, PACKED | {"key": "unpublished"})

    answer = await sent(product, {"externalId": "ada"}, use)

    assert (answer["code"], answer["path"]) == ("INVALID_INPUT", ["message", "template", *path]), answer


async def test_a_bad_use_spoils_no_neighbour(product: Product) -> None:
    await product.user("ada")
    await published(product)
    good = SendRequest(Audience(external_id="ada"), template=TemplateUse("packed", data=DATA))
    bad = SendRequest(Audience(external_id="ada"), template=TemplateUse("packed", data={}))

    answers = await product.pipeline.send(product.pipeline.caller, [bad, good, bad])

    assert [isinstance(one, op.Accepted) for one in answers] == [False, True, False]


async def test_the_same_key_with_other_data_is_a_conflict(product: Product) -> None:
    await product.user("ada")
    await published(product)
    to: Json = {"externalId": "ada"}

    first = await sent(product, to, idempotencyKey="k")
    again = await sent(product, to, idempotencyKey="k")
    other = await sent(product, to, {"data": {"name": "Eva", "order": {"id": 17}}}, idempotencyKey="k")

    assert again["notification"] == first["notification"] and again["duplicate"]
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_a_repeated_key_is_answered_as_before_though_a_new_version_wants_other_data(product: Product) -> None:
    await product.user("ada")
    await published(product)
    first = await sent(product, {"externalId": "ada"}, idempotencyKey="k")
    await published(product, PACKED | {"dataSchema": {"type": "object", "required": ["town"]}})
    product.pass_time(2)

    again = await sent(product, {"externalId": "ada"}, idempotencyKey="k")
    anew = await sent(product, {"externalId": "ada"}, idempotencyKey="another")

    assert again["notification"] == first["notification"] and again["duplicate"]
    assert anew["code"] == "INVALID_INPUT"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"key": "No Key"}, ["key"]),
        ({"name": " "}, ["name"]),
        ({"defaultLocale": "??"}, ["defaultLocale"]),
        ({"contents": []}, ["contents"]),
        ({"contents": [{"locale": "en"}]}, ["contents", "0"]),
        ({"contents": [ENGLISH, ENGLISH | {"locale": "EN"}]}, ["contents", "1", "locale"]),
        ({"contents": [{"locale": "en", "inApp": {"body": ""}}]}, ["contents", "0", "inApp", "body"]),
        ({"contents": [{"locale": "en", "inApp": {"body": "x", "title": "a\nb"}}]},
         ["contents", "0", "inApp", "title"]),
        ({"contents": [{"locale": "en", "email": {"subject": "x" * 513, "text": "x"}}]},
         ["contents", "0", "email", "subject"]),
        ({"dataSchema": {"type": "nothing"}}, ["dataSchema", "type"]),
        ({"dataSchema": {"$ref": "https://example.org/x"}}, ["dataSchema"]),
    ],
)  # fmt: skip
async def test_a_draft_that_is_none_is_refused(product: Product, change: Json, path: list[str]) -> None:
    answer = await drafted(product, PACKED | change)

    assert (answer["code"], answer["path"]) == ("INVALID_INPUT", path), answer


@pytest.mark.parametrize(
    ("contents", "path", "said"),
    [
        ({"inApp": {"body": "fine\n  {{ order.id | upper }}"}}, ["en", "inApp", "body"], "line 2, column 3"),
        ({"inApp": {"body": "{% for a in b %}"}}, ["en", "inApp", "body"], "statements"),
        ({"inApp": {"body": "x", "url": "{{ order.url }}"}}, ["en", "inApp", "url"], "fixed host"),
        (
            {"email": {"subject": "x", "text": "x", "html": "<a onclick='{{ name }}'>"}},
            ["en", "email", "html"],
            "onclick",
        ),
    ],
)
async def test_a_draft_with_a_fault_can_be_kept_but_not_published(
    product: Product, contents: Json, path: list[str], said: str
) -> None:
    answer = await drafted(product, PACKED | {"contents": [{"locale": "en", **contents}]})
    refused = (await product.data(PUBLISH, key="packed"))["publishTemplate"]

    [problem] = answer["problems"]
    assert problem["path"] == refused["path"] == ["contents", *path]
    assert said in problem["message"] and problem["message"] == refused["message"]
    assert refused["code"] == "INVALID_INPUT"


async def test_what_the_schema_rules_out_is_no_placeholder(product: Product) -> None:
    answer = await drafted(product, PACKED | {"contents": [{"locale": "en", "inApp": {"body": "{{ order.total }}"}}]})

    [problem] = answer["problems"]
    assert problem["path"] == ["dataSchema"] and "order.total" in problem["message"]


async def test_publishing_needs_a_template_and_a_draft(product: Product) -> None:
    await published(product)

    nothing = (await product.data(PUBLISH, key="nobody"))["publishTemplate"]
    again = (await product.data(PUBLISH, key="packed"))["publishTemplate"]

    assert (nothing["code"], again["code"]) == ("NOT_FOUND", "CONFLICT")


async def test_a_template_is_read_back_as_it_was_written(product: Product) -> None:
    await published(product, PACKED | {"name": "Order packed"})
    await drafted(product, PACKED)

    found = (await product.data(TEMPLATE, key="packed"))["template"]

    assert (found["key"], found["name"], found["draft"] is not None) == ("packed", "Order packed", True)
    version = found["published"]
    assert (version["number"], version["templateKey"], version["defaultLocale"]) == (1, "packed", "en")
    assert (version["locales"], version["channels"]) == (["en", "de"], ["EMAIL", "IN_APP"])
    assert version["contents"][0]["email"] == ENGLISH["email"] and version["dataSchema"] == SCHEMA
    assert version["template"]["id"] == found["id"]
    assert [edge["node"]["number"] for edge in found["versions"]["edges"]] == [1]
    node = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    nodes = (await product.data(node, ids=[found["id"], version["id"]]))["nodes"]
    assert [one["__typename"] for one in nodes] == ["Template", "TemplateVersion"]
    assert (await product.data(TEMPLATE, key="nobody"))["template"] is None


async def test_what_templates_say_is_for_those_who_write_them(product: Product) -> None:
    await published(product)

    found = (await product.data(TEMPLATE, product.viewer, key="packed"))["template"]
    refused = await drafted(product, PACKED, await product.key(Role.SERVICE_ACCOUNT))

    assert (found["published"]["contents"], found["published"]["dataSchema"]) == (None, None)
    assert found["published"]["number"] == 1
    assert refused["code"] == "FORBIDDEN"
    stranger = await product.key(Role.ADMIN, await product.other_tenant())
    assert (await product.data(TEMPLATE, stranger, key="packed"))["template"] is None
    assert (await product.data(PUBLISH, stranger, key="packed"))["publishTemplate"]["code"] == "NOT_FOUND"


async def test_templates_are_paged_both_ways(product: Product) -> None:
    keys = [f"key-{place}" for place in range(5)]
    for key in keys:
        await drafted(product, PACKED | {"key": key})

    first = (await product.data(LIST, first=2))["templates"]
    second = (await product.data(LIST, first=2, after=first["pageInfo"]["endCursor"]))["templates"]
    back = (await product.data(LIST, last=2, before=second["pageInfo"]["startCursor"]))["templates"]
    end = (await product.data(LIST, last=2))["templates"]

    def shown(page: Json) -> list[str]:
        return [edge["node"]["key"] for edge in page["edges"]]

    assert [shown(page) for page in (first, second, back, end)] == [keys[:2], keys[2:4], keys[:2], keys[3:]]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (end["pageInfo"]["hasNextPage"], end["pageInfo"]["hasPreviousPage"]) == (False, True)


async def test_a_new_version_is_in_force_elsewhere_within_five_seconds(product: Product) -> None:
    base = product.base
    elsewhere = TemplateDirectory(base.store, base.clock)
    await published(product)
    use = TemplateUse("packed", data=DATA)
    [before] = await elsewhere.find(FIRST_TENANT, [use])
    assert isinstance(before, Version)

    await published(product, PACKED | {"name": "Again"})
    product.pass_time(5)
    [after] = await elsewhere.find(FIRST_TENANT, [use])

    assert isinstance(after, Version)
    assert (before.row.number, after.row.number) == (1, 2)


async def test_a_version_is_read_once_for_all_who_speak_it(product: Product, watch: Watch) -> None:
    users = [await product.user(f"user-{place}", email=f"user{place}@example.test") for place in range(20)]
    await published(product)
    await product.settled(await accepted(product, {"users": users}), 40)
    watch.statements.clear()

    await product.settled(await accepted(product, {"users": users}), 40)
    await items(product, users[0])

    assert [text for text in watch.statements if "template_versions" in text] == []


async def rows_of(product: Product) -> list[object]:
    """Everything that a notification could leave behind, and what its recipients have had."""
    counted: list[object] = []
    for key in ("ada", "rosa"):
        blind = product.base.sealer.blind(FIRST_TENANT, HandleKind.EXTERNAL_ID, key)
        people = await product.base.store.read(q.PeopleByHandle(FIRST_TENANT, (blind,)))
        ids_ = tuple([one.id for one in people])
        counted.append(len(await product.base.store.read(q.RecentDeliveries((FIRST_TENANT,), ids_, 0, 1_000))))
        counted.append(await product.base.store.read(q.Heads((FIRST_TENANT,), ids_)))
    return counted


async def preview(
    product: Product, to: Json, template: Json | None = None, token: str | None = None, **more: object
) -> Json:
    message = {"template": {"key": "packed", "data": DATA} | (template or {})}
    answer: Json = (await product.data(PREVIEW, token, input={"to": to, "message": message, **more}))[
        "previewNotification"
    ]
    return answer


async def test_a_preview_says_all_and_does_nothing(product: Product, side: Side, watch: Watch) -> None:
    await product.user("ada", email="ada@example.test", locale="de")
    await product.user("rosa", locale="en")
    await published(product)
    before = await rows_of(product)
    watch.statements.clear()

    found = await preview(product, {"externalIds": ["ada", "rosa"]}, idempotencyKey="k")

    assert [text for text in watch.statements if not text.lstrip().upper().startswith(("SELECT", "WITH"))] == []
    assert await rows_of(product) == before and await side.shown() == []
    assert (found["recipientCount"], found["template"]["number"]) == (2, 1)
    ada, rosa = found["recipients"]
    assert (ada["user"]["externalId"], rosa["user"]["externalId"]) == ("ada", "rosa")
    mail, item = ada["channels"]
    assert (mail["wouldBeSent"], mail["locale"], mail["content"]["title"]) == (True, "de", "Bestellung 17")
    assert (item["wouldBeSent"], item["content"]["body"]) == (True, "Ada <3: Bestellung 17")
    assert "TEMPLATE_PINNED" in [one["rule"] for one in mail["decisions"]]
    mail, item = rosa["channels"]
    assert (mail["wouldBeSent"], mail["reason"], mail["content"]) == (False, "NO_ADDRESS", None)
    assert item["content"]["title"] == "Packed"
    real = await sent(product, {"externalId": "ada"}, idempotencyKey="k")
    assert real["duplicate"] is False


async def test_a_preview_of_inline_content_and_of_an_address_that_nobody_has(product: Product) -> None:
    wanted: Any = {"to": {"email": "new@example.test"}, "message": {"content": {"title": "Hello", "body": "There"}}}

    found = (await product.data(PREVIEW, input=wanted))["previewNotification"]

    [recipient] = found["recipients"]
    assert recipient["user"] is None and found["template"] is None
    assert [(one["channel"], one["wouldBeSent"]) for one in recipient["channels"]] == [
        ("EMAIL", True),
        ("IN_APP", True),
    ]
    assert recipient["channels"][0]["content"]["title"] == "Hello"
    blind = product.base.sealer.blind(FIRST_TENANT, HandleKind.EMAIL, "new@example.test")
    assert await product.base.store.read(q.PeopleByHandle(FIRST_TENANT, (blind,))) == []


async def test_a_preview_of_a_large_audience_shows_the_first_twenty(product: Product) -> None:
    names = [f"user-{place}" for place in range(25)]
    for name in names:
        await product.user(name)
    await published(product)

    found = await preview(product, {"externalIds": names})

    assert found["recipientCount"] == 25
    assert [one["user"]["externalId"] for one in found["recipients"]] == names[:20]


async def test_a_draft_is_previewed_by_its_number_by_those_who_write_it(product: Product) -> None:
    await product.user("ada")
    await published(product)
    await drafted(product, PACKED | {"contents": [ENGLISH | {"inApp": {"body": "To come"}}]})
    sender = await product.key(Role.SERVICE_ACCOUNT)

    found = await preview(product, {"externalId": "ada"}, {"version": 2}, channels=["IN_APP"])
    refused = await preview(product, {"externalId": "ada"}, {"version": 2}, sender)
    sending = await sent(product, {"externalId": "ada"}, {"version": 2})

    assert found["recipients"][0]["channels"][0]["content"]["body"] == "To come"
    assert refused["path"] == sending["path"] == ["message", "template", "version"]


@pytest.mark.parametrize(
    ("to", "template", "path"),
    [
        ({"externalId": "nobody"}, {}, ["to", "externalId"]),
        ({"externalIds": ["ada", "nobody"]}, {}, ["to", "externalIds", "1"]),
        ({"user": "usr_x"}, {}, ["to", "user"]),
        ({"externalId": "ada"}, {"key": "nobody"}, ["message", "template", "key"]),
        ({"externalId": "ada"}, {"data": {}}, ["message", "template", "data"]),
    ],
)
async def test_a_preview_refuses_what_sending_refuses(
    product: Product, to: Json, template: Json, path: list[str]
) -> None:
    await product.user("ada")
    await published(product)

    previewed, real = await preview(product, to, template), await sent(product, to, template)

    assert (previewed["code"], previewed["path"]) == (real["code"], real["path"]) == ("INVALID_INPUT", path)


async def test_a_viewer_may_not_preview(product: Product) -> None:
    await published(product)

    assert (await preview(product, {"email": "a@example.test"}, token=product.viewer))["code"] == "FORBIDDEN"


async def test_what_cannot_be_filled_after_all_is_a_dead_letter_and_stops_nobody(product: Product, side: Side) -> None:
    """No door lets such data in: it is written behind its back."""
    ada = await product.user("ada", email="ada@example.test")
    await published(product)
    good = await accepted(product, {"user": ada}, channels=["EMAIL"], sendAt="2027-01-15T09:00:00Z")
    [row] = await product.base.store.read(NotificationsById((FIRST_TENANT,), (ids.decode(ids.NOTIFICATION, good),)))
    other = await published(product, PACKED | {"key": "other", "dataSchema": None, "contents": [
        {"locale": "en", "email": {"subject": "{{ missing }}", "text": "x"}, "inApp": {"body": "{{ missing }}"}}
    ]})  # fmt: skip
    version = ids.decode(ids.TEMPLATE_VERSION, other["version"]["id"])
    bad = op.NewNotification(
        product.base.ids.new(), Priority(row.priority), Lane.NORMAL, 0b10010, "transactional", (row.audience,), (),
        None, row.content_sealed, None, None, None, row.created_at, row.created_by, template_version=version,
    )  # fmt: skip
    await product.base.store.write(op.Accept(FIRST_TENANT, (bad,)))
    product.pipeline.bus.hint()
    await product.pipeline.pass_time(7_200)

    await product.settled(good)
    deliveries = {one.channel: one for one in await product.pipeline.settled(bad.id, 2)}

    mail = deliveries[1]
    assert (mail.state, mail.reason) == (DeliveryState.DEAD, ReasonCode.RENDERING_FAILED)
    assert [one["subject"] for one in await side.shown()] == ["Order 17"]
    assert [item["body"] for item in await items(product, ada)] == [""]
