"""The permission table, cell by cell: each role does each thing once, and is refused exactly where the table says so.

Fields and routes come from what is served: one without a line in the table, or without an example here, fails.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping

import pytest
from graphql import GraphQLObjectType
from graphql import build_schema as read_schema

from models.principal import Needs, Principal
from models.vocabulary import Role
from resolvers.printing import print_schema
from schema.access import MUTATIONS, NODES, QUERIES, ROUTES, SENSITIVE, SUBSCRIPTIONS
from schema.permissions import PRINTED, print_permissions
from schema.rest.operations import OPERATIONS, Signed
from services.access import FIRST_TENANT
from tests.products import Json, Product
from tests.worlds import CATEGORY_KEY, ROLES, TEMPLATE_KEY, World, furnish

TABLES: dict[str, Mapping[str, Needs]] = {"Query": QUERIES, "Mutation": MUTATIONS, "Subscription": SUBSCRIPTIONS}
SEND = 'to: {user: "$usr"}, message: {content: {body: "Order 17"}}'
CONTENTS = '[{locale: "en", email: {subject: "Order", text: "Packed"}, inApp: {body: "Packed"}}]'

EXAMPLES: dict[str, dict[str, str]] = {
    "Query": {
        "viewer": "viewer { role }",
        "node": 'node(id: "$usr") { id }',
        "nodes": 'nodes(ids: ["$usr", "$ntf"]) { id }',
        "notification": 'notification(id: "$ntf") { id }',
        "notifications": "notifications { edges { node { id } } }",
        "deliveries": 'deliveries(filter: {notification: "$ntf"}) { edges { node { id } } }',
        "deadLetters": "deadLetters { edges { node { reason } } }",
        "user": 'user(id: "$usr") { id }',
        "inbox": "inbox { unread }",
        "apiKeys": "apiKeys { id }",
        "members": "members { id }",
        "tenants": "tenants { id }",
        "auditLog": "auditLog(first: 1) { edges { node { id } } }",
        "categories": "categories { key }",
        "tenantRules": "tenantRules { channels }",
        "preferences": 'preferences(user: "$usr") { optedOut }',
        "template": f'template(key: "{TEMPLATE_KEY}") {{ id }}',
        "templates": "templates { edges { node { id } } }",
    },
    "Mutation": {
        "sendNotification": f"sendNotification(input: {{{SEND}}})",
        "sendNotifications": f"sendNotifications(inputs: [{{{SEND}}}])",
        "previewNotification": f"previewNotification(input: {{{SEND}}})",
        "cancelNotification": 'cancelNotification(input: {id: "$ntf"})',
        "replayDeadLetters": 'replayDeadLetters(input: {filter: {user: "$usr"}})',
        "upsertUsers": 'upsertUsers(inputs: [{externalId: "eve"}])',
        "markInbox": 'markInbox(input: {which: {ids: ["$inb"]}, mark: READ})',
        "createUserToken": 'createUserToken(input: {user: {id: "$usr"}})',
        "createKey": 'createKey(input: {name: "shop", role: VIEWER})',
        "rotateKey": 'rotateKey(input: {key: "$key"})',
        "revokeKey": 'revokeKey(input: {key: "$key"})',
        "addMember": 'addMember(input: {issuer: "https://id.example", subject: "$role", name: "Eve", role: VIEWER})',
        "changeMember": 'changeMember(input: {member: "$mem", role: DEVELOPER})',
        "removeMember": 'removeMember(input: {member: "$mem"})',
        "createTenant": 'createTenant(input: {name: "Trying out", kind: TEST})',
        "putCategory": f'putCategory(input: {{key: "{CATEGORY_KEY}", name: "Orders"}})',
        "setTenantRules": "setTenantRules(input: {channels: [EMAIL, IN_APP]})",
        "setPreferences": 'setPreferences(input: {user: "$usr", choices: [{category: "orders", enabled: true}]})',
        "draftTemplate": f'draftTemplate(input: {{key: "{TEMPLATE_KEY}", defaultLocale: "en", contents: {CONTENTS}}})',
        "publishTemplate": f'publishTemplate(input: {{key: "{TEMPLATE_KEY}"}})',
    },
    "Subscription": {
        "inbox": "inbox { __typename }",
        "notification": 'notification(id: "$ntf") { __typename }',
        "deliveries": "deliveries { __typename }",
    },
}
"""A valid operation of each root field; `$` and a prefix is an id of that kind."""

BODIES: dict[str, Json] = {
    "POST /api/v1/notifications": {"to": {"user": "$usr"}, "message": {"content": {"body": "Order 17"}}},
    "POST /api/v1/inbox/marks": {"which": {"ids": ["$inb"]}, "mark": "READ"},
}
"""What routes take that take a body."""

SHOWN = {
    "Delivery.content": ('node(id: "$dlv") { ... on Delivery { shown: content { body } } }', "node"),
    "Attempt.answer": ('node(id: "$att") { ... on Attempt { shown: answer } }', "node"),
    "User.externalId": ('node(id: "$usr") { ... on User { shown: externalId } }', "node"),
    "User.email": ('node(id: "$usr") { ... on User { shown: email } }', "node"),
    "TemplateVersion.contents": ('node(id: "$tpv") { ... on TemplateVersion { shown: contents { locale } } }', "node"),
    "TemplateVersion.dataSchema": ('node(id: "$tpv") { ... on TemplateVersion { shown: dataSchema } }', "node"),
}
"""Each sensitive field of something that has a value there."""
OWN = {"User.externalId": "externalId", "User.email": "email"}
"""Those that a browser sees of its own user."""
FINE = {None, "CONFLICT", "NOT_FOUND"}
"""What becomes of a valid operation: it is done, or it has been done already."""

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
async def world(product: Product) -> World:
    return await furnish(product, FIRST_TENANT)


def fields(root: str) -> set[str]:
    """The root's fields as they are served."""
    type_ = read_schema(print_schema()).type_map[root]
    assert isinstance(type_, GraphQLObjectType)
    return set(type_.fields)


def filled(text: str, world: World, role: Role) -> str:
    for prefix, id_ in world.ids.items():
        text = text.replace(f"${prefix}", id_)
    return text.replace("$role", role.name)


def may(role: Role, needs: Needs) -> bool:
    return Principal(FIRST_TENANT, b"", role, "").may(needs)


@pytest.mark.parametrize("root", TABLES)
def test_every_root_field_has_a_line_in_the_table_and_an_example_here(store: object, root: str) -> None:
    assert set(TABLES[root]) == fields(root)
    assert fields(root) <= set(EXAMPLES[root])


def test_a_field_without_a_line_would_be_found(store: object) -> None:
    assert fields("Query") - (set(QUERIES) - {"viewer"}) == {"viewer"}


async def test_each_role_asks_each_query_that_the_table_gives_it_alone(product: Product, world: World) -> None:
    wrong = []
    for field, needs in QUERIES.items():
        for role in ROLES:
            query = f"{{ {filled(EXAMPLES['Query'][field], world, role)} }}"
            code = _code(await product.ask(query, world.tokens[role]))
            if (code == "FORBIDDEN") == may(role, needs) or code not in {*FINE, "FORBIDDEN"}:
                wrong.append((field, role.name, code))
    assert wrong == []


async def test_each_role_does_each_mutation_that_the_table_gives_it_alone(product: Product, world: World) -> None:
    wrong = []
    for field in EXAMPLES["Mutation"]:
        for role in ROLES:
            doing = filled(EXAMPLES["Mutation"][field], world, role)
            answer = await product.ask(
                f"mutation {{ {doing} {{ __typename ... on Failure {{ code message path }} }} }}", world.tokens[role]
            )
            code = _code(answer) or answer["data"][field].get("code")
            if (code == "FORBIDDEN") == may(role, MUTATIONS[field]) or code not in {*FINE, "FORBIDDEN"}:
                wrong.append((field, role.name, answer))
    assert wrong == []


async def test_each_role_follows_what_the_table_gives_it_alone(product: Product, world: World) -> None:
    wrong = []
    for field, needs in SUBSCRIPTIONS.items():
        for role in ROLES:
            code = await _followed(product, world.tokens[role], filled(EXAMPLES["Subscription"][field], world, role))
            if (code == "FORBIDDEN") == may(role, needs) or code not in {None, "FORBIDDEN"}:
                wrong.append((field, role.name, code))
    assert wrong == []


def test_every_signed_route_has_a_line_in_the_table(store: object) -> None:
    signed = {one.key for one in OPERATIONS if one.signed is not Signed.NOTHING}

    assert set(ROUTES) == signed
    assert {one.key for one in OPERATIONS if one.body is not None} == set(BODIES)


async def test_each_role_takes_each_route_that_the_table_gives_it_alone(product: Product, world: World) -> None:
    wrong = []
    for route, needs in ROUTES.items():
        for role in ROLES:
            status = await _status(product, world, role, route)
            if (status == 403) == may(role, needs) or status not in {200, 201, 202, 204, 403, 409}:
                wrong.append((route, role.name, status))
    assert wrong == []


async def test_each_role_finds_by_id_what_the_table_gives_it_alone(product: Product, world: World) -> None:
    assert set(NODES) <= set(world.ids), "give tests/worlds.py an id of each kind"
    wrong = []
    for prefix, needs in NODES.items():
        for role in ROLES:
            query = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
            data = await product.data(query, world.tokens[role], id=world.ids[prefix])
            found = {"id": world.ids[prefix]} if may(role, needs) else None
            if data != {"node": found, "nodes": [found]}:
                wrong.append((prefix, role.name, data))
    assert wrong == []


async def test_each_role_sees_the_sensitive_fields_that_the_table_gives_it_and_no_other(
    product: Product, world: World
) -> None:
    assert set(SENSITIVE) == set(SHOWN)
    wrong = []
    for field, needs in SENSITIVE.items():
        query, root = SHOWN[field]
        for role in ROLES:
            seen = (await product.data(f"{{ {filled(query, world, role)} }}", world.tokens[role]))[root]
            if (bool(seen) and seen["shown"] is not None) != may(role, needs):
                wrong.append((field, role.name, seen))
    assert wrong == []


async def test_a_browser_sees_what_is_sensitive_of_its_own_user(product: Product, world: World) -> None:
    query = f"{{ viewer {{ user {{ {' '.join(OWN.values())} }} }} }}"

    own = (await product.data(query, world.tokens[Role.END_USER]))["viewer"]["user"]
    assert own == {"externalId": "ada", "email": "ada@example.test"}


async def test_a_browser_sets_and_reads_nobody_elses_preferences(product: Product, world: World) -> None:
    """A cell with two permissions: who has the lesser one gets no further than to the own user."""
    eve, browser = await product.user("eve"), world.tokens[Role.END_USER]

    setting = f'mutation {{ setPreferences(input: {{user: "{eve}", choices: [{{enabled: false}}]}}) {{ __typename }} }}'
    assert (await product.data(setting, browser))["setPreferences"]["__typename"] == "Forbidden"
    assert _code(await product.ask(f'{{ preferences(user: "{eve}") {{ optedOut }} }}', browser)) == "FORBIDDEN"


def test_the_printed_table_is_the_one_in_force(store: object) -> None:
    assert PRINTED.read_text(encoding="utf-8") == print_permissions(), "run: python -m schema.permissions"


def _code(answer: Json) -> str | None:
    """The code of the only error of an answer."""
    errors = answer.get("errors", [])
    assert len(errors) <= 1, errors
    code: str | None = errors[0]["extensions"]["code"] if errors else None
    return code


async def _followed(product: Product, token: str, selection: str) -> str | None:
    """The code with which a subscription was refused, if it was."""
    async with product.socket(token) as socket:
        payload = {"query": f"subscription {{ {selection} }}"}
        await socket.say({"id": "1", "type": "subscribe", "payload": payload})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                heard = await socket.hear()
                assert heard["type"] in {"error", "next"}, heard
                return heard["payload"][0]["extensions"]["code"] if heard["type"] == "error" else None
    return None


async def _status(product: Product, world: World, role: Role, route: str) -> int:
    """What a route answers; a stream is left as soon as it begins."""
    method, _, path = route.partition(" ")
    body = filled(json.dumps(BODIES[route]), world, role) if route in BODIES else None
    headers = {"authorization": f"Bearer {world.tokens[role]}", "content-type": "application/json"}
    if body is None:
        del headers["content-type"]
    calling = product.http.stream(method, path.replace("{id}", world.ids["ntf"]), content=body, headers=headers)
    async with calling as answer:
        return answer.status_code
