"""Keys, members, tenants and the audit log through GraphQL, as an administrator meets them."""

import json

import pytest

from gateway.tokens import parse_api_key
from models import ids
from models.vocabulary import Role
from services.access import FIRST_TENANT
from tests.products import SEND, Json, Product
from usecases.verify_audit import VerifyAudit

KEY = "id name role quotaPerMinute createdAt expiresAt revokedAt"
FAILURE = "... on Failure { code message path retryable documentation traceId }"
CREATE = f"""mutation ($input: CreateKeyInput!) {{ createKey(input: $input) {{
  __typename ... on KeyCreated {{ text key {{ {KEY} }} }} {FAILURE}
}} }}"""
REVOKE = f"""mutation ($input: RevokeKeyInput!) {{ revokeKey(input: $input) {{
  __typename ... on KeyRevoked {{ key {{ {KEY} }} }} {FAILURE}
}} }}"""
ROTATE = f"""mutation ($input: RotateKeyInput!) {{ rotateKey(input: $input) {{
  __typename ... on KeyRotated {{ text key {{ {KEY} }} oldKey {{ {KEY} }} }} {FAILURE}
}} }}"""
MEMBER = "id issuer subject name role createdAt updatedAt"
ADD = f"""mutation ($input: AddMemberInput!) {{ addMember(input: $input) {{
  __typename ... on MemberAdded {{ member {{ {MEMBER} }} }} {FAILURE}
}} }}"""
CHANGE = f"""mutation ($input: ChangeMemberInput!) {{ changeMember(input: $input) {{
  __typename ... on MemberChanged {{ member {{ {MEMBER} }} }} {FAILURE}
}} }}"""
REMOVE = f"""mutation ($input: RemoveMemberInput!) {{ removeMember(input: $input) {{
  __typename ... on MemberRemoved {{ memberId }} {FAILURE}
}} }}"""
TENANT = f"""mutation ($input: CreateTenantInput!) {{ createTenant(input: $input) {{
  __typename ... on TenantCreated {{ text key {{ {KEY} }} tenant {{ id name kind isCurrent createdAt }} }} {FAILURE}
}} }}"""
TOKEN = f"""mutation ($input: CreateUserTokenInput!) {{ createUserToken(input: $input) {{
  __typename ... on UserTokenCreated {{ token expiresAt userId }} {FAILURE}
}} }}"""
KEYS = f"query ($ended: Boolean! = false) {{ apiKeys(ended: $ended) {{ {KEY} }} }}"
MEMBERS = f"{{ members {{ {MEMBER} }} }}"
TENANTS = "{ tenants { id name kind isCurrent } }"
LOG = """query ($filter: AuditFilter, $first: Int, $after: String, $last: Int, $before: String) {
  auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node {
      id number at actorId actorRole actorName action subject before after previous hash
    } }
  }
}"""
VIEWER = "{ viewer { role name tenantId } }"
ADA = {"issuer": "https://id.example", "subject": "auth0|ada", "name": "Ada Lovelace", "role": "DEVELOPER"}


async def do(product: Product, mutation: str, token: str | None = None, **wanted: object) -> Json:
    [answer] = (await product.data(mutation, token, input=wanted)).values()
    found: Json = answer
    return found


async def log(product: Product, token: str | None = None, **arguments: object) -> list[Json]:
    page = (await product.data(LOG, token, **arguments))["auditLog"]
    return [edge["node"] for edge in page["edges"]]


async def own_key(product: Product, token: str) -> str:
    parsed = parse_api_key(token)
    assert parsed is not None
    return ids.encode(ids.KEY, parsed.key_id)


# --------------------------------------------------------------------------------------------------------------- keys


async def test_a_key_is_made_used_rotated_and_revoked(product: Product) -> None:
    made = await do(product, CREATE, name="shop", role="DEVELOPER", quotaPerMinute=600)
    assert made["__typename"] == "KeyCreated" and made["key"]["quotaPerMinute"] == 600
    tenant = ids.encode(ids.TENANT, FIRST_TENANT)
    assert (await product.data(VIEWER, made["text"]))["viewer"] == {
        "role": "DEVELOPER", "name": "shop", "tenantId": tenant,
    }  # fmt: skip

    rotated = await do(product, ROTATE, key=made["key"]["id"], graceSeconds=60)
    assert rotated["oldKey"]["expiresAt"] == "2027-01-15T08:01:00Z" and rotated["oldKey"]["id"] == made["key"]["id"]
    assert {name: rotated["key"][name] for name in ("name", "role", "quotaPerMinute", "expiresAt")} == {
        "name": "shop", "role": "DEVELOPER", "quotaPerMinute": 600, "expiresAt": None,
    }  # fmt: skip
    for text in (made["text"], rotated["text"]):
        assert (await product.data(VIEWER, text))["viewer"]["role"] == "DEVELOPER"
    product.pass_time(60)
    assert (await product.post({"query": VIEWER}, made["text"])).status_code == 401

    revoked = await do(product, REVOKE, key=rotated["key"]["id"])
    assert revoked["key"]["revokedAt"] == "2027-01-15T08:01:00Z"
    product.pass_time(0.5)
    assert (await product.post({"query": VIEWER}, rotated["text"])).status_code == 401
    again = await do(product, REVOKE, key=rotated["key"]["id"])
    assert (again["__typename"], again["code"], again["path"]) == ("NotFound", "NOT_FOUND", ["id"])


async def test_keys_are_listed_without_their_texts(product: Product) -> None:
    made = await do(product, CREATE, name="gone", role="VIEWER")
    await do(product, REVOKE, key=made["key"]["id"])

    keys = (await product.data(KEYS))["apiKeys"]
    assert [key["name"] for key in keys] == ["viewer", "admin", "admin"]
    assert [key["name"] for key in (await product.data(KEYS, ended=True))["apiKeys"]] == [
        "gone",
        "viewer",
        "admin",
        "admin",
    ]
    node = "query ($id: ID!) { node(id: $id) { __typename ... on ApiKey { name revokedAt } } }"
    found = (await product.data(node, id=made["key"]["id"]))["node"]
    assert found == {"__typename": "ApiKey", "name": "gone", "revokedAt": "2027-01-15T08:00:00Z"}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"name": ""}, ["name"]),
        ({"name": " shop"}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "shop\nshop"}, ["name"]),
        ({"name": "sh\x00p"}, ["name"]),
        ({"role": "END_USER"}, ["role"]),
        ({"expiresAt": "2027-01-15T08:00:00Z"}, ["expiresAt"]),
        ({"quotaPerMinute": 0}, ["quotaPerMinute"]),
    ],
    ids=str,
)
async def test_a_key_that_cannot_be_is_refused_with_the_field(product: Product, wanted: Json, path: list[str]) -> None:
    before = await product.data(KEYS, ended=True)
    answer = await do(product, CREATE, **{"name": "shop", "role": "VIEWER", **wanted})

    assert (answer["__typename"], answer["path"]) == ("InvalidInput", path), answer
    assert await product.data(KEYS, ended=True) == before


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_odd_ids_and_times_are_refused(product: Product) -> None:
    key = (await product.data(KEYS))["apiKeys"][0]["id"]
    for mutation, wanted, path in (
        (REVOKE, {"key": "key_1"}, ["id"]),
        (REVOKE, {"key": ids.encode(ids.MEMBER, bytes(16))}, ["id"]),
        (ROTATE, {"key": key, "graceSeconds": -1}, ["graceSeconds"]),
        (ROTATE, {"key": key, "graceSeconds": 30 * 86_400 + 1}, ["graceSeconds"]),
        (ROTATE, {"key": key, "expiresAt": "2020-01-01T00:00:00Z"}, ["expiresAt"]),
        (REMOVE, {"member": key}, ["id"]),
        (CHANGE, {"member": ids.encode(ids.MEMBER, bytes(16))}, []),
    ):
        answer = await do(product, mutation, **wanted)
        assert (answer["__typename"], answer["path"]) == ("InvalidInput", path), (wanted, answer)
    for mutation, wanted in (
        (REVOKE, {"key": ids.encode(ids.KEY, bytes(16))}),
        (ROTATE, {"key": ids.encode(ids.KEY, bytes(16))}),
        (REMOVE, {"member": ids.encode(ids.MEMBER, bytes(16))}),
        (CHANGE, {"member": ids.encode(ids.MEMBER, bytes(16)), "role": "ADMIN"}),
    ):
        assert (await do(product, mutation, **wanted))["__typename"] == "NotFound", wanted


async def test_the_last_administrator_cannot_be_taken_away(product: Product) -> None:
    mine = await own_key(product, product.admin)
    for key in (await product.data(KEYS))["apiKeys"]:
        if key["role"] == "ADMIN" and key["id"] != mine:
            assert (await do(product, REVOKE, key=key["id"]))["__typename"] == "KeyRevoked"

    refused = await do(product, REVOKE, key=mine)
    assert (refused["__typename"], refused["code"]) == ("Conflict", "CONFLICT")
    person = (await do(product, ADD, **{**ADA, "role": "ADMIN"}))["member"]["id"]
    assert (await do(product, REVOKE, key=mine))["__typename"] == "KeyRevoked"
    product.pass_time(0.5)
    assert (await product.post({"query": VIEWER}, product.admin)).status_code == 401

    # nobody but ada is left; the command line can still help
    product.admin = await product.key(Role.ADMIN)
    assert (await do(product, REMOVE, member=person))["__typename"] == "MemberRemoved"


# ------------------------------------------------------------------------------------------------------------ members


async def test_members_are_added_changed_and_removed(product: Product) -> None:
    added = (await do(product, ADD, **ADA))["member"]
    assert {name: added[name] for name in ADA} == ADA
    assert (await product.data(MEMBERS))["members"] == [added]
    twice = await do(product, ADD, **{**ADA, "name": "Somebody"})
    assert (twice["__typename"], twice["path"]) == ("Conflict", ["subject"])

    product.pass_time(1)
    changed = (await do(product, CHANGE, member=added["id"], role="VIEWER"))["member"]
    assert changed == {**added, "role": "VIEWER", "updatedAt": "2027-01-15T08:00:01Z"}
    renamed = (await do(product, CHANGE, member=added["id"], name="Countess"))["member"]
    assert (renamed["name"], renamed["role"]) == ("Countess", "VIEWER")
    assert await do(product, REMOVE, member=added["id"]) == {"__typename": "MemberRemoved", "memberId": added["id"]}
    assert (await product.data(MEMBERS))["members"] == []
    back = (await do(product, ADD, **ADA))["member"]
    assert (back["id"], back["name"]) == (added["id"], "Ada Lovelace")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"subject": ""}, ["subject"]),
        ({"subject": "x" * 256}, ["subject"]),
        ({"subject": "ada\nada"}, ["subject"]),
        ({"subject": "adä"}, ["subject"]),
        ({"issuer": ""}, ["issuer"]),
        ({"name": ""}, ["name"]),
        ({"role": "END_USER"}, ["role"]),
    ],
    ids=str,
)
async def test_a_member_who_cannot_be_is_refused_with_the_field(
    product: Product, wanted: Json, path: list[str]
) -> None:
    answer = await do(product, ADD, **{**ADA, **wanted})

    assert (answer["__typename"], answer["path"]) == ("InvalidInput", path), answer


# ------------------------------------------------------------------------------------------------------------ tenants


async def test_a_tenant_of_the_account_stands_by_itself(product: Product) -> None:
    made = await do(product, TENANT, name="Trying things out", kind="TEST")
    assert made["text"].startswith("crl_test_") and made["key"]["role"] == "ADMIN"
    assert made["tenant"]["name"] == "Trying things out" and made["tenant"]["isCurrent"] is False

    theirs = await product.data(TENANTS, made["text"])
    assert [(one["name"], one["kind"], one["isCurrent"]) for one in theirs["tenants"]] == [
        ("Trying things out", "TEST", True), ("Live", "LIVE", False),
    ]  # fmt: skip
    assert {one["id"] for one in (await product.data(TENANTS))["tenants"]} == {one["id"] for one in theirs["tenants"]}
    assert [key["name"] for key in (await product.data(KEYS, made["text"]))["apiKeys"]] == ["first key"]
    for token in (product.admin, made["text"]):
        [entry] = await log(product, token, filter={"action": "TENANT_CREATED", "subject": made["tenant"]["id"]})
        assert entry["after"] == {"name": "Trying things out", "kind": "TEST", "firstKey": made["key"]["id"]}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_an_account_has_a_hundred_tenants_and_no_more(product: Product) -> None:
    for number in range(99):
        assert (await do(product, TENANT, name=f"{number}", kind="TEST"))["__typename"] == "TenantCreated"

    assert (await do(product, TENANT, name="one more", kind="TEST"))["__typename"] == "Conflict"
    assert len((await product.data(TENANTS))["tenants"]) == 100


# ------------------------------------------------------------------------------------------------------ user tokens


async def test_a_browser_gets_a_token_by_either_id_of_its_user(product: Product) -> None:
    ada = await product.user("ada")
    sender = await product.key(Role.SERVICE_ACCOUNT)
    made: Json = {}
    for user in ({"id": ada}, {"externalId": "ada"}):
        made = await do(product, TOKEN, sender, user=user, seconds=60)
        assert (made["userId"], made["expiresAt"]) == (ada, "2027-01-15T08:01:00Z")
        assert (await product.data("{ viewer { user { id } } }", made["token"]))["viewer"]["user"]["id"] == ada
    product.pass_time(60)
    assert (await product.post({"query": VIEWER}, made["token"])).status_code == 401

    foreign = await product.key(Role.ADMIN, await product.other_tenant())
    for token, wanted, path in (
        (product.admin, {"user": {"id": ids.encode(ids.USER, bytes(16))}}, ["user", "id"]),
        (product.admin, {"user": {"externalId": "eve"}}, ["user", "externalId"]),
        (product.admin, {"user": {"externalId": ""}}, ["user", "externalId"]),
        (product.admin, {"user": {"id": ada}, "seconds": 86_401}, ["seconds"]),
        (product.admin, {"user": {"id": ada}, "seconds": 0}, ["seconds"]),
        (foreign, {"user": {"id": ada}}, ["user", "id"]),
        (foreign, {"user": {"externalId": "ada"}}, ["user", "externalId"]),
    ):
        answer = await do(product, TOKEN, token, **wanted)
        assert (answer["__typename"], answer["path"]) == ("InvalidInput", path), (wanted, answer)


# -------------------------------------------------------------------------------------------------------- audit log


async def test_the_audit_log_says_who_did_what_to_what(product: Product) -> None:
    made = (await do(product, CREATE, name="shop", role="DEVELOPER"))["key"]["id"]
    await do(product, REVOKE, key=made)
    person = (await do(product, ADD, **ADA))["member"]["id"]
    mine = await own_key(product, product.admin)

    entries = await log(product)
    assert [(entry["action"], entry["subject"]) for entry in entries[:3]] == [
        ("MEMBER_ADDED", person), ("KEY_REVOKED", made), ("KEY_CREATED", made),
    ]  # fmt: skip
    assert {(entry["actorId"], entry["actorRole"], entry["actorName"]) for entry in entries[:3]} == {
        (mine, "ADMIN", "admin")
    }
    assert entries[1]["before"] == entries[2]["after"] == {"name": "shop", "role": "DEVELOPER"}
    assert [entry["actorName"] for entry in entries[3:]] == ["command line"] * len(entries[3:])
    assert [entry["action"] for entry in entries[3:]] == ["KEY_CREATED"] * 3 + ["TENANT_CREATED"]
    assert all(entry["actorId"] is None for entry in entries[3:])
    assert [entry["previous"] for entry in entries] == [*[entry["hash"] for entry in entries[1:]], "00" * 32]
    verdict = await VerifyAudit(product.base.store)(FIRST_TENANT)
    assert (verdict.entries, verdict.fault, verdict.hash.hex()) == (len(entries), None, entries[0]["hash"])
    node = "query ($id: ID!) { node(id: $id) { ... on AuditEntry { number action } } }"
    assert (await product.data(node, id=entries[0]["id"]))["node"] == {"number": len(entries), "action": "MEMBER_ADDED"}


async def test_no_name_and_no_identity_is_in_the_audit_log(product: Product) -> None:
    person = (await do(product, ADD, **ADA))["member"]["id"]
    await do(product, CHANGE, member=person, name="Countess", role="VIEWER")
    await do(product, REMOVE, member=person)

    said = json.dumps(await log(product))
    assert person in said
    for secret in ("Ada", "Lovelace", "auth0", "Countess", "id.example"):
        assert secret not in said


async def test_the_audit_log_is_read_in_both_directions_and_filtered(product: Product) -> None:
    for number in range(7):
        await do(product, CREATE, name=f"k{number}", role="VIEWER")
    product.pass_time(60)
    person = (await do(product, ADD, **ADA))["member"]["id"]
    everything = await log(product, first=100)

    forward: list[Json] = []
    after = None
    while True:
        page = (await product.data(LOG, first=3, after=after))["auditLog"]
        forward += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    backward = (await product.data(LOG, last=4, before=page["edges"][-1]["cursor"]))["auditLog"]
    assert forward == everything and len(everything) == 12
    assert [edge["node"] for edge in backward["edges"]] == everything[-5:-1]

    assert [entry["subject"] for entry in await log(product, filter={"action": "MEMBER_ADDED"})] == [person]
    mine = await own_key(product, product.admin)
    assert len(await log(product, filter={"action": "KEY_CREATED", "actor": mine})) == 7
    assert len(await log(product, filter={"from": "2027-01-15T08:01:00Z"})) == 1
    assert len(await log(product, filter={"to": "2027-01-15T08:01:00Z"})) == 11
    assert await log(product, filter={"actor": ids.encode(ids.KEY, b"k" * 16)}) == []
    error = await product.error(LOG, filter={"actor": "ada"})
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["filter", "actor"])
    for arguments in ({"first": 101}, {"first": 1, "last": 1}, {"after": after, "filter": {"subject": "x"}}):
        assert (await product.error(LOG, **arguments))["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_another_tenants_access_is_as_good_as_absent(product: Product) -> None:
    key = (await product.data(KEYS))["apiKeys"][0]["id"]
    person = (await do(product, ADD, **ADA))["member"]["id"]
    foreign = await product.key(Role.ADMIN, await product.other_tenant())

    for mutation, wanted in (
        (REVOKE, {"key": key}),
        (ROTATE, {"key": key}),
        (CHANGE, {"member": person, "role": "ADMIN"}),
        (REMOVE, {"member": person}),
    ):
        assert (await do(product, mutation, foreign, **wanted))["__typename"] == "NotFound", wanted
    assert (await product.data(MEMBERS, foreign))["members"] == []
    assert len(await log(product, foreign)) == 1, "the making of its own key"
    error = await product.error(LOG, foreign, after=(await product.data(LOG))["auditLog"]["edges"][2]["cursor"])
    assert error["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_only_administrators_see_any_of_it(product: Product) -> None:
    for role in (Role.DEVELOPER, Role.VIEWER, Role.SERVICE_ACCOUNT):
        token = await product.key(role)
        assert (await do(product, CREATE, token, name="x", role="VIEWER"))["__typename"] == "Forbidden"
        for query in (KEYS, MEMBERS, TENANTS, LOG):
            assert (await product.error(query, token))["code"] == "FORBIDDEN"
    sent = await do(product, SEND, to={"email": "ada@example.test"}, message={"content": {"body": "x"}})
    assert sent["__typename"] == "NotificationAccepted"
