"""The REST door over real HTTP on each store: what it does, and how it says no."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest

from models import ids
from models.principal import PERMISSIONS
from models.vocabulary import Role
from schema.access import ROUTES
from schema.rest.operations import OPERATIONS, Signed
from schema.rest.problems import MEDIA_TYPE
from tests.products import Json, Product

SEND = "/api/v1/notifications"
CREATE_KEY = "mutation ($input: CreateKeyInput!) { createKey(input: $input) { ... on KeyCreated { text } } }"
HELLO = {"content": {"title": "Packed", "body": "Order 17"}}
NOBODYS = ids.encode(ids.NOTIFICATION, bytes(16))


async def call(
    product: Product, method: str, path: str, token: str | None = "", body: object = None, **headers: str
) -> httpx.Response:
    """One call; as the admin unless another token, or None, is given."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["authorization"] = f"Bearer {token or product.admin}"
    return await product.http.request(method, path, json=body, headers=sent)


async def send(product: Product, to: Json, token: str = "", key: str | None = None, **more: object) -> httpx.Response:
    """One notification."""
    headers = {} if key is None else {"idempotency-key": key}
    return await call(product, "POST", SEND, token, {"to": to, "message": HELLO, **more}, **headers)


def problem(answer: httpx.Response, status: int, code: str) -> Json:
    """The problem details of an answer, which must be whole."""
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    body: Json = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert set(body) == {"type", "title", "status", "detail", "code", "retryable", "traceId", "errors"}
    assert body["type"].endswith(f"#{code}") and answer.headers["x-trace-id"] == body["traceId"]
    return body


async def test_a_notification_is_sent_and_read_where_location_says(product: Product) -> None:
    await product.user("ada", email="ada@example.test")
    answer = await send(product, {"externalId": "ada"}, labels={"order": 17})
    body = answer.json()
    await product.settled(body["id"], 2)
    found = (await call(product, "GET", answer.headers["location"])).json()

    assert answer.status_code == 201 and answer.headers["location"] == body["href"] == f"{SEND}/{body['id']}"
    assert "idempotency-replayed" not in answer.headers
    assert (found["id"], found["state"], found["labels"]) == (body["id"], "COMPLETED", {"order": 17})
    assert {one["state"]: one["count"] for one in found["counts"]} == {"SENT": 1, "DELIVERED": 1}
    assert {(one["channel"], one["state"], one["attempts"]) for one in found["deliveries"]} == {
        ("EMAIL", "SENT", 1),
        ("IN_APP", "DELIVERED", 0),
    }


async def test_a_repeated_key_is_answered_as_the_first_call_was(product: Product) -> None:
    await product.user("ada")
    first = await send(product, {"externalId": "ada"}, key='"order-17"')
    again = await send(product, {"externalId": "ada"}, key="order-17")
    other = await send(product, {"externalId": "ada"}, key="order-17", priority="HIGH")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert problem(other, 409, "IDEMPOTENCY_CONFLICT")["errors"][0] == {
        "in": "header",
        "path": "Idempotency-Key",
        "detail": "the key was used within 24 hours for another input",
    }


async def test_what_waits_for_its_time_is_accepted_and_stays_so_when_repeated(product: Product) -> None:
    await product.user("ada")
    wanted: Json = {"sendAt": "2027-01-15T09:30:00+01:00", "channels": ["IN_APP"]}
    first = await send(product, {"externalId": "ada"}, key="later", **wanted)
    scheduled = (await call(product, "GET", first.headers["location"])).json()
    product.pass_time(7_200)
    again = await send(product, {"externalId": "ada"}, key="later", **wanted)

    assert (first.status_code, scheduled["state"]) == (202, "SCHEDULED")
    assert (again.status_code, again.content) == (202, first.content)


async def test_history_is_read_in_both_directions_with_its_filters(product: Product) -> None:
    ada = await product.user("ada")
    await product.user("bob")
    sent = [(await send(product, {"externalId": "ada"}, channels=["IN_APP"])).json()["id"] for _ in range(5)]
    other = (await send(product, {"externalId": "bob"}, channels=["IN_APP"])).json()["id"]
    for one in (*sent, other):
        await product.settled(one)
    first = await call(product, "GET", f"{SEND}?limit=2")
    second = await call(product, "GET", first.links["next"]["url"])
    back = await call(product, "GET", second.links["prev"]["url"])
    of_ada = await call(product, "GET", f"{SEND}?user={ada}&priority=NORMAL,HIGH&limit=3")
    rest = await call(product, "GET", of_ada.links["next"]["url"])
    by_name = await call(
        product, "GET", f"{SEND}?externalId=ada&createdFrom=2027-01-15T00:00:00Z&category=transactional"
    )
    none = await call(product, "GET", f"{SEND}?createdUntil=2027-01-15T00:00:00Z")

    newest_first = [other, *reversed(sent)]
    assert listed(first) + listed(second) == newest_first[:4] and listed(back) == listed(first)
    assert "prev" not in first.links and first.json()["previousCursor"]
    assert listed(of_ada) + listed(rest) == newest_first[1:] and "next" not in rest.links
    assert listed(by_name) == newest_first[1:] and none.json() == {
        "items": [], "nextCursor": None, "previousCursor": None
    }  # fmt: skip
    assert [one["counts"] for one in first.json()["items"]] == [[{"state": "DELIVERED", "count": 1}]] * 2


def listed(answer: httpx.Response) -> list[str]:
    """The ids of a page."""
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_what_has_not_left_can_be_taken_back(product: Product) -> None:
    await product.user("ada")
    later = await send(product, {"externalId": "ada"}, sendAt="2027-01-15T09:30:00Z")
    gone = await send(product, {"externalId": "ada"}, channels=["IN_APP"])
    await product.settled(gone.json()["id"])
    path = later.headers["location"]
    answers = [await call(product, "POST", f"{path}/cancel") for _ in range(2)]
    found = (await call(product, "GET", path)).json()
    late = await call(product, "POST", f"{gone.headers['location']}/cancel")
    absent = [await call(product, "POST", f"{SEND}/{one}/cancel") for one in (NOBODYS, "nonsense")]

    assert [one.json()["repeated"] for one in answers] == [False, True] and found["state"] == "CANCELLED"
    problem(late, 409, "CONFLICT")
    for one in absent:
        problem(one, 404, "NOT_FOUND")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_who_spent_the_allowance_is_told_when_to_come_back(product: Product) -> None:
    await product.user("ada")
    made = await product.data(CREATE_KEY, input={"name": "shop", "role": "DEVELOPER", "quotaPerMinute": 2})
    key = made["createKey"]["text"]
    answers = [await send(product, {"externalId": "ada"}, key) for _ in range(3)]
    unlimited = await send(product, {"externalId": "ada"})

    assert [one.status_code for one in answers] == [201, 201, 429] and "ratelimit" not in unlimited.headers
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"notifications";q=2;w=60'}
    assert [one.headers["ratelimit"].split(";")[1] for one in answers] == ["r=1", "r=0", "r=0"]
    told = problem(answers[-1], 429, "RATE_LIMITED")
    assert told["retryable"] and int(answers[-1].headers["retry-after"]) == 30


async def test_deliveries_come_in_pages_and_an_unchanged_answer_is_not_sent_again(product: Product) -> None:
    users = [await product.user(f"user-{number}") for number in range(5)]
    sent = await send(product, {"users": users}, channels=["IN_APP"])
    await product.settled(sent.json()["id"], 5)
    path: str | None = f"{sent.headers['location']}?limit=2"
    seen: list[str] = []
    while path:
        page = await call(product, "GET", path)
        seen += [one["userId"] for one in page.json()["deliveries"]]
        path = page.links["next"]["url"] if "next" in page.links else None
    whole = await call(product, "GET", sent.headers["location"])
    same = await call(product, "GET", sent.headers["location"], if_none_match=whole.headers["etag"])

    assert seen == sorted(users)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", whole.headers["etag"])


async def test_an_absent_notification_and_anothers_look_alike(product: Product) -> None:
    await product.user("ada")
    own = await send(product, {"externalId": "ada"})
    foreign = await product.key(Role.ADMIN, await product.other_tenant())
    answers = [
        await call(product, "GET", own.headers["location"], foreign),
        await call(product, "GET", f"{SEND}/{NOBODYS}"),
        await call(product, "GET", f"{SEND}/nonsense"),
    ]
    told = [problem(one, 404, "NOT_FOUND") for one in answers]

    assert len({(one["title"], one["detail"], str(one["errors"])) for one in told}) == 1


async def test_an_inbox_is_read_in_pages_and_marked(product: Product) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)
    for number in range(3):
        sent = await send(product, {"user": ada}, channels=["IN_APP"], labels={"n": number})
        await product.settled(sent.json()["id"])
    first = await call(product, "GET", "/api/v1/inbox?limit=2", token)
    rest = await call(product, "GET", first.links["next"]["url"], token)
    item = first.json()["items"][0]
    marked = await call(
        product, "POST", "/api/v1/inbox/marks", token, {"which": {"ids": [item["item"]["id"]]}, "mark": "READ"}
    )
    before = await call(
        product, "POST", "/api/v1/inbox/marks", token, {"which": {"before": item["cursor"]}, "mark": "SEEN"}
    )
    everything = await call(product, "POST", "/api/v1/inbox/marks", token, {"which": {"all": True}, "mark": "READ"})
    after = (await call(product, "GET", "/api/v1/inbox", token)).json()

    assert (len(first.json()["items"]), len(rest.json()["items"]), rest.json()["nextCursor"]) == (2, 1, None)
    assert first.json()["unread"] == 3 and item["item"]["title"] == "Packed"
    assert marked.json() == {"changed": 1, "unread": 2}
    assert before.json()["changed"] == 2 and everything.json() == {"changed": 2, "unread": 0}
    assert after["unread"] == 0 and all(one["item"]["readAt"] for one in after["items"])


TO = {"email": "a@example.org"}


def like(**more: object) -> Json:
    """A body that could be sent, but for what is put in."""
    return {"to": TO, "message": HELLO, **more}


BAD_SENDS: dict[str, tuple[object, str]] = {
    "a list": ([], ""),
    "nothing": ({}, "/to"),
    "no message": ({"to": TO}, "/message"),
    "an unknown field": (like(**{"x/~y": 1}), "/x~1~0y"),
    "the key in the body": (like(idempotencyKey="k"), "/idempotencyKey"),
    "a wrong type": (like(to={"users": ["u", 3]}), "/to/users/1"),
    "nobody": (like(to={}), "/to"),
    "two audiences": (like(to={**TO, "externalId": "a"}), "/to"),
    "a null audience": (like(to={"email": None}), "/to/email"),
    "an id that is none": (like(to={"user": "usr_1"}), "/to/user"),
    "an unknown user": (like(to={"externalIds": ["nobody"]}), "/to/externalIds/0"),
    "no content": (like(message={}), "/message"),
    "an empty body": (like(message={"content": {"body": ""}}), "/message/content/body"),
    "a bad link": (like(message={"content": {"body": "b", "inApp": {"url": "ftp:1"}}}), "/message/content/inApp/url"),
    "an unknown channel": (like(channels=["FAX"]), "/channels/0"),
    "a channel in lower case": (like(channels=["email"]), "/channels/0"),
    "an unknown priority": (like(priority="now"), "/priority"),
    "an unknown category": (like(category="nothing-of-ours"), "/category"),
    "a time without an offset": (like(sendAt="2027-01-15T09:00:00"), "/sendAt"),
    "a number as a time": (like(expiresAt=1), "/expiresAt"),
    "a past": (like(expiresAt="2020-01-01T00:00:00Z"), "/expiresAt"),
    "labels that are no object": (like(labels=[1]), "/labels"),
    "a huge number": (like(labels={"n": 1 << 64}), "/labels"),
    "too many labels": (like(labels={"n": "x" * 3_000}), "/labels"),
}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_each_wrong_field_is_named_by_its_pointer(product: Product) -> None:
    for name, (body, pointer) in BAD_SENDS.items():
        told = problem(await call(product, "POST", SEND, "", body), 400, "INVALID_INPUT")
        assert [one["path"] for one in told["errors"]] == ([pointer] if pointer else []), (name, told)
        assert all(one["in"] == "body" for one in told["errors"]), (name, told)


BAD_TEXTS = {
    "nothing": b"",
    "half an object": b'{"to": ',
    "NaN": b'{"to": NaN}',
    "no UTF-8": b'{"to": "\xff"}',
    "a lone surrogate": b'{"to": "\\ud800"}',
    "a key twice": b'{"to": {}, "to": {}}',
    "deep nesting": b"[" * 100 + b"]" * 100,
    "a number beyond all": b'{"labels": {"n": 1e999}}',
    "too many values": b"[" + b"0," * 60_000 + b"0]",
}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_what_is_no_json_is_refused(product: Product) -> None:
    headers = {"authorization": f"Bearer {product.admin}", "content-type": "application/json"}
    for path in (SEND, "/api/v1/inbox/marks"):
        token = product.admin if path == SEND else product.browser(await product.user("ada"))
        for name, body in BAD_TEXTS.items():
            sent = {**headers, "authorization": f"Bearer {token}"}
            answer = await product.http.post(path, content=body, headers=sent)
            assert problem(answer, 400, "MALFORMED_REQUEST")["errors"] == [], name


BAD_MARKS: dict[str, tuple[object, str]] = {
    "nothing": ({}, "/which"),
    "no mark": ({"which": {"all": True}}, "/mark"),
    "an unknown mark": ({"which": {"all": True}, "mark": "GONE"}, "/mark"),
    "no selection": ({"which": {}, "mark": "READ"}, "/which"),
    "two selections": ({"which": {"all": True, "ids": []}, "mark": "READ"}, "/which"),
    "false": ({"which": {"all": False}, "mark": "READ"}, "/which/all"),
    "no ids": ({"which": {"ids": []}, "mark": "READ"}, "/which/ids"),
    "an id that is none": ({"which": {"ids": ["inb_1"]}, "mark": "READ"}, "/which/ids/0"),
    "a cursor that is none": ({"which": {"before": "AAAA"}, "mark": "READ"}, "/which/before"),
    "an unknown field": ({"which": {"all": True, "some": 1}, "mark": "READ"}, "/which/some"),
}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_each_wrong_mark_is_named_by_its_pointer(product: Product) -> None:
    token = product.browser(await product.user("ada"))
    for name, (body, pointer) in BAD_MARKS.items():
        told = problem(await call(product, "POST", "/api/v1/inbox/marks", token, body), 400, "INVALID_INPUT")
        assert [one["path"] for one in told["errors"]] == [pointer], (name, told)


BAD_ADDRESSES = {
    f"{SEND}/{NOBODYS}?limit=0": "limit",
    f"{SEND}/{NOBODYS}?limit=101": "limit",
    f"{SEND}/{NOBODYS}?limit=ten": "limit",
    f"{SEND}/{NOBODYS}?limit=%EF%BC%91": "limit",
    f"{SEND}/{NOBODYS}?limit=99999999999999999999": "limit",
    f"{SEND}/{NOBODYS}?after=": "after",
    f"{SEND}/{NOBODYS}?after=AAAA": "after",
    f"{SEND}/{NOBODYS}?before=AAAA": "before",
    f"{SEND}?after=AAAA": "after",
    f"{SEND}?before=AAAA": "before",
    f"{SEND}?after=AAAA&before=AAAA": "before",
    f"{SEND}?user=usr_1": "user",
    f"{SEND}?externalId=": "externalId",
    f"{SEND}?user={ids.encode(ids.USER, bytes(16))}&externalId=ada": "externalId",
    f"{SEND}?user={ids.encode(ids.USER, bytes(16))}&priority=now": "priority",
    f"{SEND}?createdFrom=yesterday": "createdFrom",
    f"{SEND}?createdUntil=2027-01-15": "createdUntil",
    f"{SEND}?createdFrom=2027-01-15T00:00:00Z&createdUntil=2026-01-15T00:00:00Z": "createdFrom",
    f"{SEND}/{NOBODYS}?limit=1&limit=1": "limit",
    f"{SEND}/{NOBODYS}?ticket=abc": "ticket",
    "/openapi.json?x=1": "x",
}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_each_wrong_parameter_is_named(product: Product) -> None:
    unbounded = await call(product, "GET", f"{SEND}?template=welcome")
    assert problem(unbounded, 400, "FILTER_NOT_INDEXED")["errors"][0]["path"] == "template"
    for path, name in BAD_ADDRESSES.items():
        told = problem(await call(product, "GET", path), 400, "INVALID_INPUT")
        assert [(one["in"], one["path"]) for one in told["errors"]] == [("query", name)], (path, told)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_token_in_the_address_is_refused_by_every_route(product: Product) -> None:
    for operation in OPERATIONS:
        for name in ("token", "access_token", "Token"):
            path = operation.path.replace("{id}", NOBODYS)
            body: Json | None = {} if operation.body is not None else None
            answer = await call(product, operation.method, f"{path}?{name}={product.admin}", "", body, accept="*/*")
            assert "never belongs into an address" in problem(answer, 400, "MALFORMED_REQUEST")["detail"], path


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_headers_decide_what_is_read(product: Product) -> None:
    wrong_type = await product.http.post(
        SEND, content=b"{}", headers={"authorization": f"Bearer {product.admin}", "content-type": "text/plain"}
    )
    no_type = await product.http.post(SEND, content=b"{}", headers={"authorization": f"Bearer {product.admin}"})
    picky = await call(product, "GET", f"{SEND}/{NOBODYS}", accept="text/html")
    method = await call(product, "PATCH", f"{SEND}/{NOBODYS}")
    large = await call(product, "POST", SEND, "", {"to": "x" * 1_100_000})
    odd_keys = [await send(product, {"email": "a@example.org"}, key=key) for key in ('"open', 'a"b', "a b", "x" * 300)]

    for answer in (wrong_type, no_type):
        problem(answer, 415, "MALFORMED_REQUEST")
    problem(picky, 406, "MALFORMED_REQUEST")
    problem(method, 405, "MALFORMED_REQUEST")
    assert method.headers["allow"] == "GET, HEAD, OPTIONS"
    problem(large, 413, "MALFORMED_REQUEST")
    for answer in odd_keys:
        assert problem(answer, 400, "INVALID_INPUT")["errors"][0]["path"] == "Idempotency-Key"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_head_and_options_say_what_get_would_and_what_there_is(product: Product) -> None:
    await product.user("ada")
    sent = await send(product, {"externalId": "ada"}, channels=["IN_APP"])
    await product.settled(sent.json()["id"])
    got = await call(product, "GET", sent.headers["location"])
    head = await call(product, "HEAD", sent.headers["location"])
    options = await call(product, "OPTIONS", "/api/v1/inbox/stream", None)

    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
    assert head.headers["content-length"] == got.headers["content-length"]
    assert (options.status_code, options.headers["allow"]) == (204, "GET, OPTIONS")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_every_signed_route_refuses_who_may_not(product: Product) -> None:
    browser = product.browser(await product.user("ada"))
    by_role = {Role.VIEWER: product.viewer, Role.ADMIN: product.admin, Role.END_USER: browser}
    for operation in OPERATIONS:
        if operation.signed is Signed.NOTHING:
            assert operation.key not in ROUTES
            continue
        path = operation.path.replace("{id}", NOBODYS)
        headers: Mapping[str, str] = {"accept": "*/*"}
        body: Json | None = {} if operation.body is not None else None
        for token in (None, "nonsense", f"{product.admin}x"):
            answer = await call(product, operation.method, path, token, body, **headers)
            problem(answer, 401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        need = ROUTES[operation.key]
        refused = [role for role in by_role if need is not None and need not in PERMISSIONS[role]]
        for role in refused:
            answer = await call(product, operation.method, path, by_role[role], body, **headers)
            problem(answer, 403, "FORBIDDEN")
        assert refused, operation.key


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_trace_is_continued(product: Product) -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await call(product, "GET", f"{SEND}/{NOBODYS}", traceparent=given)

    assert problem(answer, 404, "NOT_FOUND")["traceId"] == given.split("-")[1]
    assert answer.headers["traceparent"].startswith(given[:36]) and answer.headers["traceparent"] != given


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_many_calls_at_once_are_all_answered(product: Product) -> None:
    await product.user("ada")
    answers = await asyncio.gather(*[send(product, {"externalId": "ada"}, key="one") for _ in range(30)])

    assert {one.status_code for one in answers} == {201} and len({one.content for one in answers}) == 1
    assert sum("idempotency-replayed" not in one.headers for one in answers) == 1
