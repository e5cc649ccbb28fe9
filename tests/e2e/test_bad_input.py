"""Whatever comes in at the doors: never a 5xx, always words that say what was expected and where, and all goes on."""

import asyncio
import json
import os
from collections.abc import Sequence
from typing import NamedTuple

import httpx

from models.ids import attempt_bytes, delivery_bytes, encode
from tests.e2e.forged import Forge
from tests.e2e.product import VIEWER, Json, Product, close_code, wanted
from tests.products import SEND, SEND_MANY, UPSERT

NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
MB = 1_000_000
DEEP = 100_000
MANY = 1_001
FOREIGN = [
    encode("usr", os.urandom(16)),
    encode("ntf", os.urandom(16)),
    encode("dlv", delivery_bytes((os.urandom(16), os.urandom(16), 1))),
    encode("inb", delivery_bytes((os.urandom(16), os.urandom(16), 4))),
    encode("att", attempt_bytes((os.urandom(16), os.urandom(16), 1, 1))),
]
"""Well-formed ids of another installation."""
ODD = ("", "ntf_", "garbage", "x" * 10_000, "\x00", "ntf_" + "u" * 26, "acc_" + "0" * 26,
       encode("dlv", b"\xff" * 34), encode("att", bytes(32) + b"\x00\x01\xff\xff"))  # fmt: skip


class Case(NamedTuple):
    """A body, and what the answer must hold."""

    body: bytes
    status: int
    code: str
    words: str
    path: Sequence[str] = ()


def asking(query: str, **more: object) -> bytes:
    """A request's body."""
    return json.dumps({"query": query, **more}).encode()


def sending(**changed: object) -> bytes:
    """A mutation that sends, with something changed."""
    return asking(SEND, variables={"input": {**wanted({"externalId": "ada"}), **changed}})


BODIES = {
    "nothing": Case(b"", 400, "MALFORMED_REQUEST", "expected JSON"),
    "no JSON": Case(b"query { viewer { role } }", 400, "MALFORMED_REQUEST", "expected JSON"),
    "null": Case(b"null", 400, "MALFORMED_REQUEST", "expected an object with the field query"),
    "1": Case(b"1", 400, "MALFORMED_REQUEST", "expected an object with the field query"),
    "[]": Case(b"[]", 400, "MALFORMED_REQUEST", "expected an object with the field query"),
    "a text": Case(b'"query"', 400, "MALFORMED_REQUEST", "expected an object with the field query"),
    "no query": Case(b"{}", 400, "MALFORMED_REQUEST", "the text of a GraphQL document", ["query"]),
    "a number for a query": Case(b'{"query":1}', 400, "MALFORMED_REQUEST", "expected a string", ["query"]),
    "a list of variables": Case(
        asking(VIEWER, variables=[]), 400, "MALFORMED_REQUEST", "expected an object", ["variables"]
    ),
    "a number for a name": Case(
        asking(VIEWER, operationName=1), 400, "MALFORMED_REQUEST", "expected a string", ["operationName"]
    ),
    "not a number": Case(b'{"query":NaN}', 400, "MALFORMED_REQUEST", "expected JSON"),
    "a key twice": Case(b'{"query":"{a}","query":"{b}"}', 400, "MALFORMED_REQUEST", "'query' twice"),
    "bad UTF-8": Case(b'{"query":"\xff\xfe"}', 400, "MALFORMED_REQUEST", "UTF-8"),
    "half a character": Case(asking("\ud800"), 400, "MALFORMED_REQUEST", "expected JSON"),
    "UTF-16": Case('{"query":"{a}"}'.encode("utf-16"), 400, "MALFORMED_REQUEST", "expected JSON"),
    "2 MB": Case(asking(VIEWER, variables={"a": "x" * 2 * MB}), 413, "MALFORMED_REQUEST", "more than 1048576 bytes"),
    "deep lists": Case(b"[" * DEEP, 400, "MALFORMED_REQUEST", "nested deeper than 64"),
    "deep objects": Case(b'{"a":' * DEEP + b"1" + b"}" * DEEP, 400, "MALFORMED_REQUEST", "nested deeper than 64"),
    "many values": Case(b"[" + b"1," * 90_000 + b"1]", 400, "MALFORMED_REQUEST", "more than 50000 values"),
    "no document": Case(asking(""), 400, "QUERY_INVALID", "Syntax Error"),
    "no such field": Case(asking("{ viewer { password } }"), 400, "QUERY_INVALID", "password"),
    "no such operation": Case(asking(VIEWER, operationName="B"), 400, "QUERY_INVALID", "got B", ["operationName"]),
    "two without a name": Case(
        asking("query A { viewer { role } } query B { viewer { name } }"), 400, "QUERY_INVALID", "", ["operationName"]
    ),
    "a subscription": Case(asking("subscription { inbox { __typename } }"), 400, "MALFORMED_REQUEST", "WebSocket"),
    "deep braces": Case(asking("{" * DEEP), 400, "QUERY_TOO_COSTLY", ""),
    "many aliases": Case(
        asking("{" + " ".join(f"a{n}: viewer {{ role }}" for n in range(1_000)) + "}"), 400, "QUERY_TOO_COSTLY", ""
    ),
    "fragments in a circle": Case(
        asking("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"), 400, "QUERY_INVALID", ""
    ),
    "no variable": Case(asking(SEND), 400, "INVALID_INPUT", "", ["input"]),
    "a variable of another type": Case(
        sending(sendAt="tomorrow"), 400, "INVALID_INPUT", "RFC 3339", ["input", "sendAt"]
    ),
    "two audiences": Case(
        sending(to={"externalId": "ada", "email": "ada@example.test"}), 400, "INVALID_INPUT", "", ["input", "to"]
    ),
    "no audience": Case(sending(to={}), 400, "INVALID_INPUT", "", ["input", "to"]),
    "an unknown field": Case(sending(colour="blue"), 400, "INVALID_INPUT", "", ["input", "colour"]),
}

JUDGED: dict[str, tuple[Json, list[str], str]] = {
    "a bad address": ({"to": {"email": "ada at example"}}, ["to", "email"], "like ada@example.org"),
    "a line break in an address": (
        {"to": {"email": "ada@example.test\r\nBcc: eve@example.test"}}, ["to", "email"], "like ada@example.org",
    ),
    "an unknown user": ({"to": {"user": encode("usr", bytes(16))}}, ["to", "user"], ""),
    "an unknown external id": ({"to": {"externalId": "nobody-at-all"}}, ["to", "externalId"], ""),
    "one unknown among many": ({"to": {"externalIds": ["ada", "nobody-at-all"]}}, ["to", "externalIds", "1"], ""),
    "a past expiresAt": ({"expiresAt": "2020-01-01T00:00:00Z"}, ["expiresAt"], "in the future"),
    "a link that is none": (
        {"message": {"content": {"body": "x", "url": "shop example/17"}}}, ["message", "content", "url"], "URL",
    ),
    "a script for a link": (
        {"message": {"content": {"body": "x", "url": "javascript:alert(1)"}}}, ["message", "content", "url"], "http",
    ),
    "a channel to come": ({"channels": ["SMS"]}, ["channels", "0"], "EMAIL, IN_APP"),
    "a thousand and one people": (
        {"to": {"externalIds": [f"u{n}" for n in range(MANY)]}}, ["to", "externalIds"], "1 to 1000",
    ),
}  # fmt: skip
"""What is well-formed and wrong: a member of the result, its path and what was expected."""


async def test_a_body_that_cannot_be_used_is_refused_with_words(product: Product) -> None:
    wrong = {}
    for name, case in BODIES.items():
        answer = await product.post(case.body, product.admin, accept="application/graphql-response+json")
        if not is_told(answer, case):
            wrong[name] = (answer.status_code, answer.text[:300])

    assert wrong == {}
    await is_well(product)


def is_told(answer: httpx.Response, case: Case) -> bool:
    """Whether the answer is as it should be; each carries the trace id by which our logs find it."""
    [error, *_] = answer.json()["errors"]
    said = (answer.status_code, error["extensions"]["code"], tuple(error["extensions"]["path"]))
    traced = error["extensions"]["traceId"] == answer.headers["x-trace-id"]
    return said == (case.status, case.code, tuple(case.path)) and case.words in error["message"] and traced


async def test_a_wrong_value_is_told_with_its_path_and_nothing_of_it_is_taken(product: Product) -> None:
    mary = (await product.people())["mary"]
    before = await product.inbox(mary.token)
    wrong = {}
    for name, (changed, path, words) in JUDGED.items():
        answer = json.loads((await product.post(sending(**changed), product.admin)).content)
        result = (answer.get("data") or {}).get("sendNotification", {})
        if (result.get("code"), result.get("path")) != ("INVALID_INPUT", path) or words not in result["message"]:
            wrong[name] = answer

    assert wrong == {}
    assert (await product.inbox(mary.token))["liveCursor"] == before["liveCursor"]
    await is_well(product)


async def test_a_bad_item_is_told_and_its_neighbours_are_taken(product: Product) -> None:
    good, bad = wanted({"externalId": "ada"}), wanted({"email": "nowhere"})
    results = await product.send_many([good, bad, good])
    too_many = (await product.data(SEND_MANY, inputs=[good] * MANY))["sendNotifications"]
    none = (await product.data(SEND_MANY, inputs=[]))["sendNotifications"]
    users = (await product.data(UPSERT, inputs=[{"externalId": "tim"}, {"externalId": " "}]))["upsertUsers"]["results"]

    assert [one["__typename"] for one in results] == ["NotificationAccepted", "InvalidInput", "NotificationAccepted"]
    assert results[1]["path"] == ["to", "email"]
    assert [(one["code"], one["path"]) for one in (too_many, none)] == [("INVALID_INPUT", ["inputs"])] * 2
    assert "1 to 1000" in too_many["message"] and "1001" in too_many["message"]
    assert [one["__typename"] for one in users] == ["UserUpserted", "InvalidInput"]


async def test_what_is_no_post_of_json_is_turned_away(product: Product) -> None:
    address = f"{product.process.url}/graphql"
    key = {"authorization": f"Bearer {product.admin}"}
    answers = {
        "GET": await product.http.get(address, headers=key),
        "PUT": await product.http.put(address, headers=key, json={"query": VIEWER}),
        "a form": await product.http.post(address, headers=key, data={"query": VIEWER}),
        "a text": await product.post(asking(VIEWER), product.admin, content_type="text/plain"),
        "Latin-1": await product.post(asking(VIEWER), product.admin, content_type="application/json; charset=latin-1"),
        "an image wanted": await product.post(asking(VIEWER), product.admin, accept="image/png"),
        "no such page": await product.get("/graphql/console"),
    }
    told = {name: answer.status_code for name, answer in answers.items()}

    assert told == {
        "GET": 405, "PUT": 405, "a form": 415, "a text": 415, "Latin-1": 415, "an image wanted": 406,
        "no such page": 404,
    }  # fmt: skip


async def test_a_token_that_is_not_ours_opens_neither_door(product: Product) -> None:
    people = await product.people()
    forge = Forge(people["ada"].token, product.process.folder / "var" / "keys")
    key = product.admin
    tokens = {
        **forge.tokens(),
        "a key of another installation": "crl_live_" + "0" * 110,
        "a key with a letter changed": key[:40] + ("0" if key[40] != "0" else "1") + key[41:],
        "a key with its case changed": key.upper(),
        "half a key": key[:60],
    }
    allowed = [name for name, token in tokens.items() if not await is_refused(product, token)]

    assert (await product.data(VIEWER, forge.genuine_again()))["viewer"]["role"] == "END_USER"
    assert allowed == []
    assert (await product.post(asking(VIEWER), None)).status_code == 401
    await is_well(product)


async def is_refused(product: Product, token: str) -> bool:
    """Whether the token is turned away by POST and by socket, without a word about what was wrong with it."""
    answer = await product.post(asking(VIEWER), token)
    [error] = answer.json()["errors"]
    async with product.connected() as socket:
        await socket.say({"type": "connection_init", "payload": {"token": token}})
        code = await close_code(socket)
    told = (answer.status_code, error["extensions"]["code"], error["message"])
    return (told, code) == ((401, "UNAUTHENTICATED", "the token is not accepted"), 4403)


async def test_an_id_that_is_not_yours_is_as_good_as_none(product: Product) -> None:
    people = await product.people()
    ada, grace = people["ada"], people["grace"]
    sent = await product.send({"externalId": "ada"}, "For Ada only")
    story = await product.completed(sent.id)
    item = (await product.inbox(ada.token, first=1))["edges"][0]["node"]["id"]
    mine = [sent.id, item, ada.id, story["deliveries"]["edges"][0]["node"]["id"]]
    for_admin = (await product.data(NODES, ids=FOREIGN))["nodes"]
    for_grace = (await product.data(NODES, grace.token, ids=mine))["nodes"]
    for_ada = (await product.data(NODES, ada.token, ids=[item]))["nodes"]
    marked = await product.mark(grace.token, {"ids": [item]}, "READ")
    [after] = [edge["node"] for edge in (await product.inbox(ada.token, first=1))["edges"]]

    assert for_admin == [None] * len(FOREIGN) and for_grace == [None] * len(mine)
    assert for_ada == [{"__typename": "InboxItem", "id": item}]
    assert marked.get("changed", 0) == 0 and after["readAt"] is None


async def test_an_id_that_cannot_be_one_is_told_with_its_place(product: Product) -> None:
    told = {id_: (await product.ask(NODES, ids=[FOREIGN[0], id_]))["errors"][0] for id_ in ODD}

    assert {error["extensions"]["code"] for error in told.values()} == {"INVALID_INPUT"}
    assert all(
        error["extensions"]["path"] == ["ids", "1"] and "expected an id" in error["message"] for error in told.values()
    )
    await is_well(product)


FRAMES: dict[str, tuple[str | bytes, int]] = {
    "null": ("null", 4400),
    "1": ("1", 4400),
    "[]": ("[]", 4400),
    "nothing": ("", 4400),
    "no JSON": ("hello", 4400),
    "an unknown type": ('{"type":"start"}', 4400),
    "no type": ("{}", 4400),
    "bytes": (b'{"type":"ping"}', 4400),
    "deep lists": ("[" * DEEP, 4400),
    "much at once": (json.dumps({"type": "ping", "payload": {"a": "x" * MB}}), 1009),
    "a subscription before the greeting": ('{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}', 4401),
    "a number for a token": ('{"type":"connection_init","payload":{"token":1}}', 4400),
    "a list for a payload": ('{"type":"connection_init","payload":[]}', 4400),
}
"""What a socket is told before its greeting, and how it ends."""

GREETED: dict[str, tuple[str, int]] = {
    "a second greeting": ('{"type":"connection_init"}', 4429),
    "null": ("null", 4400),
    "no id": ('{"type":"subscribe","payload":{"query":"{ viewer { role } }"}}', 4400),
    "no query": ('{"type":"subscribe","id":"1","payload":{}}', 4400),
    "null for a payload": ('{"type":"subscribe","id":"1","payload":null}', 4400),
}


async def test_a_message_that_makes_no_sense_ends_its_socket_with_a_reason(product: Product) -> None:
    before = {name: await ending(product, frame, greeted=False) for name, (frame, _) in FRAMES.items()}
    after = {name: await ending(product, frame, greeted=True) for name, (frame, _) in GREETED.items()}

    assert before == {name: code for name, (_, code) in FRAMES.items()}
    assert after == {name: code for name, (_, code) in GREETED.items()}
    await is_well(product)


async def ending(product: Product, frame: str | bytes, *, greeted: bool) -> int:
    """The close code after this message."""
    opening = product.socket(product.admin) if greeted else product.connected()
    async with opening as socket:
        await socket.opened.send(frame)
        code = await close_code(socket)
        assert socket.opened.close_reason, f"no reason for {frame!r:.60}"
        return code


async def test_another_protocol_is_not_spoken(product: Product) -> None:
    async with product.connected("graphql-ws") as socket:
        assert await close_code(socket) == 4406


async def test_a_bad_operation_ends_alone_and_its_socket_goes_on(product: Product) -> None:
    async with product.socket(product.admin) as socket:
        for id_, query in (("1", "{ viewer { password } }"), ("2", "{" * DEEP), ("3", "subscription { inbox { at } }")):
            await socket.say({"type": "subscribe", "id": id_, "payload": {"query": query}})
            message = await socket.hear()
            assert (message["type"], message["id"]) == ("error", id_)
            assert message["payload"][0]["message"] and message["payload"][0]["extensions"]["code"].startswith("QUERY_")
        await socket.say({"type": "subscribe", "id": "4", "payload": {"query": VIEWER}})
        answer = await socket.hear()

    assert answer["payload"]["data"]["viewer"]["role"] == "ADMIN"


async def test_a_flood_of_nonsense_leaves_the_process_well(product: Product) -> None:
    calls = [product.post(case.body, product.admin) for case in BODIES.values() for _ in range(5)]
    answers = await asyncio.gather(*calls)

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    await is_well(product)


async def is_well(product: Product) -> None:
    """It is ready, does its work, and has met no fault of its own."""
    assert (await product.get("/health/ready")).status_code == 200
    sent = await product.send({"externalId": "ada"}, "Still there?")
    await product.completed(sent.id)
    assert product.process.faults() == []
