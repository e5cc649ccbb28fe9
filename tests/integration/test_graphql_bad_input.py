"""What is wrong is named, by path and by what was expected, and nothing of it is taken."""

import pytest

from tests.products import INBOX, MARK, SEND, SEND_MANY, UPSERT, Json, Product
from tests.stores import Watch

TO: Json = {"email": "ada@example.test"}
MESSAGE: Json = {"content": {"body": "Order 17"}}
ABSENT = "usr_" + "0" * 26
HUGE = 1 << 64

JUDGED: dict[str, tuple[Json, list[str]]] = {
    "a bad address": ({"to": {"email": "ada@"}}, ["to", "email"]),
    "an address with a line break": ({"to": {"email": "ada@example.test\nBcc: eve@example.test"}}, ["to", "email"]),
    "an unknown user": ({"to": {"user": ABSENT}}, ["to", "user"]),
    "an unknown external id": ({"to": {"externalIds": ["nobody"]}}, ["to", "externalIds", "0"]),
    "no id of a user": ({"to": {"user": "ntf_1"}}, ["to", "user"]),
    "nobody at all": ({"to": {"users": []}}, ["to", "users"]),
    "too many": ({"to": {"externalIds": [str(n) for n in range(1_001)]}}, ["to", "externalIds"]),
    "a past expiresAt": ({"expiresAt": "2020-01-01T00:00:00Z"}, ["expiresAt"]),
    "a sendAt too far ahead": ({"sendAt": "2099-01-01T00:00:00Z"}, ["sendAt"]),
    "an empty body": ({"message": {"content": {"body": " "}}}, ["message", "content", "body"]),
    "a script for a link": (
        {"message": {"content": {"body": "a", "inApp": {"url": "javascript:alert(1)"}}}},
        ["message", "content", "inApp", "url"],
    ),
    "a channel to come": ({"channels": ["IN_APP", "SMS"]}, ["channels", "1"]),
    "a category with spaces": ({"category": "my orders"}, ["category"]),
    "too many labels": ({"labels": {"a": "x" * 3_000}}, ["labels"]),
}
"""What the use case judges: a member of the result."""

MISTYPED: dict[str, tuple[Json, list[str]]] = {
    "no audience": ({"to": {}}, ["to"]),
    "two audiences": ({"to": {"user": ABSENT, "email": "ada@example.test"}}, ["to"]),
    "a null audience": ({"to": {"user": None}}, ["to"]),
    "no message": ({"message": {}}, ["message"]),
    "a number for a text": ({"message": {"content": {"body": 17}}}, ["message", "content", "body"]),
    "a number for an address": ({"message": {"content": {"body": "a", "url": 17}}}, ["message", "content", "url"]),
    "a bool for an address": ({"message": {"content": {"body": "a", "url": True}}}, ["message", "content", "url"]),
    "a time without offset": ({"sendAt": "2027-02-01T00:00:00"}, ["sendAt"]),
    "a day for a time": ({"sendAt": "2027-02-01"}, ["sendAt"]),
    "a day that is none": ({"sendAt": "2027-02-30T00:00:00Z"}, ["sendAt"]),
    "a number for a time": ({"sendAt": 1_800_000_000}, ["sendAt"]),
    "a list for labels": ({"labels": ["a"]}, ["labels"]),
    "a number beyond 64 bits": ({"labels": {"a": {"b": [HUGE]}}}, ["labels"]),
    "an unknown priority": ({"priority": "ASAP"}, ["priority"]),
    "an unknown field": ({"urgent": True}, ["urgent"]),
}
"""What the schema refuses: an error before anything runs."""


# These are judged before the store is asked, so one kind of it is enough.
pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def accepted(watch: Watch) -> int:
    """How often notifications were stored."""
    return sum("INTO notifications" in text for text in watch.statements)


async def test_a_wrong_value_is_named_by_the_result_and_nothing_is_taken(product: Product, watch: Watch) -> None:
    wrong = {}
    for name, (changed, path) in JUDGED.items():
        answer = (await product.data(SEND, input={"to": TO, "message": MESSAGE, **changed}))["sendNotification"]
        if (answer["__typename"], answer.get("path")) != ("InvalidInput", path):
            wrong[name] = answer
        else:
            assert answer["message"] and answer["documentation"].endswith("#INVALID_INPUT") and answer["traceId"]

    assert wrong == {} and accepted(watch) == 0


async def test_a_value_of_another_type_is_an_error_that_names_it(product: Product, watch: Watch) -> None:
    wrong = {}
    for name, (changed, path) in MISTYPED.items():
        body = await product.ask(SEND, input={"to": TO, "message": MESSAGE, **changed})
        problem = body.get("errors", [{}])[0].get("extensions", {})
        if (problem.get("code"), problem.get("path"), body.get("data")) != ("INVALID_INPUT", ["input", *path], None):
            wrong[name] = body

    assert wrong == {} and accepted(watch) == 0


async def test_the_same_holds_for_what_stands_in_the_document_itself(product: Product, watch: Watch) -> None:
    content = 'message: { content: { body: "a" } }'
    literals = [
        f"to: {{}} {content}",
        f'to: {{ email: "ada@example.test", user: "{ABSENT}" }} {content}',
        f'to: {{ email: "ada@example.test" }} {content} sendAt: "2027-02-01T00:00:00"',
        f'to: {{ email: "ada@example.test" }} {content} labels: ["a"]',
        f'to: {{ email: "ada@example.test" }} {content} labels: {{ a: 1e999 }}',
        f'to: {{ email: "ada@example.test" }} {content} labels: {{ a: {HUGE} }}',
        'to: { email: "ada@example.test" } message: { content: { body: 17 } }',
    ]
    for literal in literals:
        body = await product.ask(f"mutation {{ sendNotification(input: {{ {literal} }}) {{ __typename }} }}")
        assert body["errors"][0]["extensions"]["code"] in {"QUERY_INVALID", "INVALID_INPUT"}, (literal, body)
        assert "Traceback" not in str(body)
    assert accepted(watch) == 0


async def test_times_of_every_offset_are_understood(product: Product) -> None:
    query = "query ($id: ID!) { notification(id: $id) { sendAt expiresAt } }"
    times: Json = {"sendAt": "2027-01-16T10:30:00.250+02:30", "expiresAt": "2027-01-17t00:00:00.123456789z"}

    id_ = await product.send(TO, **times)

    shown = {"sendAt": "2027-01-16T08:00:00.250Z", "expiresAt": "2027-01-17T00:00:00.123456Z"}
    assert (await product.data(query, id=id_))["notification"] == shown


async def test_a_thousand_inputs_are_taken_and_one_more_is_not(product: Product, watch: Watch) -> None:
    wanted = {"to": TO, "message": MESSAGE, "channels": ["IN_APP"]}

    too_many = (await product.data(SEND_MANY, inputs=[wanted] * 1_001))["sendNotifications"]
    none = (await product.data(SEND_MANY, inputs=[]))["sendNotifications"]
    users = (await product.data(UPSERT, inputs=[{"externalId": str(n)} for n in range(1_001)]))["upsertUsers"]

    for answer in (too_many, none, users):
        assert (answer["__typename"], answer["path"]) == ("InvalidInput", ["inputs"])
    assert accepted(watch) == 0
    all_ = (await product.data(SEND_MANY, inputs=[wanted] * 1_000))["sendNotifications"]["results"]
    assert [one["__typename"] for one in all_] == ["NotificationAccepted"] * 1_000


async def test_pages_and_ids_are_checked_and_named_by_their_argument(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    id_ = await product.send({"user": ada})
    page = (
        "query ($id: ID!, $after: String) { notification(id: $id) { deliveries(after: $after) { edges { cursor } } } }"
    )
    attempts_cursor = "AWEAAQ"
    node, nodes = "query ($id: ID!) { node(id: $id) { id } }", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    for first in (0, -1, 101):
        assert (await product.error(INBOX, token, first=first))["argument"] == "first"
    for after in ("", "x", "ä", "AWQ", attempts_cursor):
        assert (await product.error(INBOX, token, after=after))["argument"] == "after"
        assert (await product.error(page, id=id_, after=after))["argument"] == "after"
    for malformed in ("", "ntf_", "ntf_!", id_ + "0", id_.upper(), ada.replace("usr", "acc"), "nonsense"):
        error = await product.error(node, id=malformed)
        assert (error["code"], error["argument"]) == ("INVALID_INPUT", "id")
    error = await product.error(nodes, ids=[id_, ada, "nonsense"])
    assert (error["code"], error["argument"], error["position"]) == ("INVALID_INPUT", "ids", 2)
    assert (await product.error(nodes, ids=[id_] * 51))["argument"] == "ids"
    assert (await product.error("query ($id: ID!) { notification(id: $id) { id } }", id=ada))["argument"] == "id"


async def test_a_mark_says_which_item_is_wrong(product: Product) -> None:
    token = product.browser(await product.user("ada"))

    async def path(which: Json) -> list[str]:
        marked: Json = (await product.data(MARK, token, input={"which": which, "mark": "READ"}))["markInbox"]
        assert marked["__typename"] == "InvalidInput", marked
        return list(marked["path"])

    assert await path({"ids": ["inb_1"]}) == ["which", "ids", "0"]
    assert await path({"ids": []}) == ["which", "ids"]
    assert await path({"all": False}) == ["which", "all"]
    assert (await product.error(MARK, token, input={"which": {}, "mark": "READ"}))["path"] == ["input", "which"]
