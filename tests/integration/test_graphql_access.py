"""Who gets to see what: roles, foreign tenants, and users who speak for themselves."""

import pytest

from errors import ErrorCode
from models.vocabulary import Role
from tests.products import INBOX, MARK, SEND, UPSERT, Json, Product

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
SENSITIVE = """query ($id: ID!) { notification(id: $id) { labels deliveries { edges { node {
  state channel content { body } user { id externalId email locale } attempts { edges { node { outcome answer } } }
} } } } }"""
CONTENT: Json = {"content": {"body": "Order 17"}}


async def everything(product: Product) -> dict[str, str]:
    """An id of each kind, all of one notification to ada."""
    ada = await product.user("ada", email="ada@example.test")
    id_ = await product.send({"user": ada})
    await product.settled(id_, 2)
    query = """query ($id: ID!) { notification(id: $id) { deliveries { edges { node {
      id channel attempts { edges { node { id } } }
    } } } } }"""
    edges = (await product.data(query, id=id_))["notification"]["deliveries"]["edges"]
    [mail] = [edge["node"] for edge in edges if edge["node"]["channel"] == "EMAIL"]
    [item] = (await product.data(INBOX, product.browser(ada)))["inbox"]["edges"]
    attempt = mail["attempts"]["edges"][0]["node"]["id"]
    return {"ntf": id_, "dlv": mail["id"], "att": attempt, "usr": ada, "inb": item["node"]["id"]}


async def seen(product: Product, known: dict[str, str], token: str) -> set[str]:
    found = {kind: (await product.data(NODE, token, id=id_))["node"] for kind, id_ in known.items()}
    return {kind for kind, node in found.items() if node is not None}


async def test_each_caller_finds_by_id_what_its_role_and_tenant_allow(product: Product) -> None:
    known = await everything(product)
    bob = await product.user("bob")
    foreign = await product.key(Role.ADMIN, await product.other_tenant())

    assert await seen(product, known, product.admin) == {"ntf", "dlv", "att", "usr"}
    assert await seen(product, known, product.viewer) == {"ntf", "dlv", "att", "usr"}
    assert await seen(product, known, product.browser(known["usr"])) == {"inb"}
    assert await seen(product, known, product.browser(bob)) == set()
    assert await seen(product, known, foreign) == set()
    query = "query ($id: ID!) { notification(id: $id) { id } }"
    assert (await product.data(query, foreign, id=known["ntf"]))["notification"] is None


async def test_a_foreign_tenant_cannot_send_to_a_user_nor_mark(product: Product) -> None:
    ada = await product.user("ada")
    foreign = await product.key(Role.ADMIN, await product.other_tenant())

    wanted = {"to": {"user": ada}, "message": CONTENT}
    answer = (await product.data(SEND, foreign, input=wanted))["sendNotification"]

    assert (answer["__typename"], answer["path"]) == ("InvalidInput", ["to", "user"])


async def test_a_viewer_follows_deliveries_without_content_and_addresses(product: Product) -> None:
    id_ = (await everything(product))["ntf"]

    async def shown(token: str) -> Json:
        found = (await product.data(SENSITIVE, token, id=id_))["notification"]
        return next(edge["node"] for edge in found["deliveries"]["edges"] if edge["node"]["channel"] == "EMAIL")

    admin, viewer = await shown(product.admin), await shown(product.viewer)

    assert admin["content"] and admin["user"]["email"] and admin["user"]["externalId"]
    assert admin["attempts"]["edges"][0]["node"]["answer"]
    assert viewer["state"] == "SENT" and viewer["attempts"]["edges"] == [{"node": {"outcome": "SENT", "answer": None}}]
    assert viewer["content"] is viewer["user"]["email"] is viewer["user"]["externalId"] is None


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_what_a_role_may_not_do_is_forbidden_and_says_so(product: Product) -> None:
    ada = await product.user("ada")
    browser = product.browser(ada)
    to = {"user": ada}
    send = {"to": to, "message": CONTENT}
    mark = {"which": {"all": True}, "mark": "READ"}
    mutations: list[tuple[str, Json, tuple[str, str]]] = [
        (SEND, {"input": send}, (product.viewer, browser)),
        (UPSERT, {"inputs": [{"externalId": "eve"}]}, (product.viewer, browser)),
        (MARK, {"input": mark}, (product.viewer, product.admin)),
    ]
    for query, variables, refused in mutations:
        for token in refused:
            [answer] = (await product.data(query, token, **variables)).values()
            assert (answer["__typename"], answer["code"]) == ("Forbidden", ErrorCode.FORBIDDEN), (query, answer)
    for query, token in ((INBOX, product.admin), (INBOX, product.viewer)):
        assert (await product.error(query, token))["code"] == "FORBIDDEN"
    id_ = await product.send(to)
    error = await product.error("query ($id: ID!) { notification(id: $id) { id } }", browser, id=id_)
    assert error["code"] == "FORBIDDEN" and error["traceId"]


async def test_nobody_marks_items_of_another_inbox(product: Product) -> None:
    known = await everything(product)
    bob = product.browser(await product.user("bob"))
    ada_page = (await product.data(INBOX, product.browser(known["usr"])))["inbox"]

    for which in ({"ids": [known["inb"]]}, {"before": ada_page["liveCursor"]}, {"before": "nonsense"}):
        marked = (await product.data(MARK, bob, input={"which": which, "mark": "READ"}))["markInbox"]
        assert marked["__typename"] == "InvalidInput" and marked["path"][0] == "which"
    assert (await product.data(INBOX, product.browser(known["usr"])))["inbox"]["unread"] == 1
    error = await product.error(INBOX, bob, after=ada_page["edges"][0]["cursor"])
    assert (error["code"], error["argument"]) == ("INVALID_INPUT", "after")
