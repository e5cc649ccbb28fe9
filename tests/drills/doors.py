"""Every door that takes an id, as the drill of foreign ids knocks at it."""

from collections.abc import Awaitable, Callable

import httpx
import msgspec

from models import ids
from models.vocabulary import Role
from schema.access import NODES
from tests.worlds import World

NODES_AT_ONCE = 50
EXTERNAL_ID = "externalId"
"""In place of a prefix: a tenant's own id of a user."""
NODE_DOORS = tuple(NODES)
"""The kinds of ids that `node` and `nodes` take."""

Ask = Callable[[httpx.AsyncClient, World, Role, str], Awaitable[httpx.Response]]
FAILURE = "__typename ... on Failure { code message path }"
SEND = 'message: {content: {body: "Order 17"}}'


class Door(msgspec.Struct, frozen=True):
    """One way in for ids of one kind."""

    name: str
    prefix: str
    operation: str
    """A GraphQL document, or method and path."""
    ask: Ask


def _graphql(name: str, prefix: str, operation: str) -> Door:
    """`$id` is where the id goes; a variable, so that the document stays the same."""

    async def ask(http: httpx.AsyncClient, world: World, role: Role, id_: str) -> httpx.Response:
        body = {"query": operation, "variables": {"id": id_}}
        return await http.post("/graphql", json=body, headers=_as(world, role))

    return Door(name, prefix, operation, ask)


def _query(name: str, prefix: str, selection: str) -> Door:
    return _graphql(name, prefix, f"query ($id: ID!) {{ {selection} }}")


def _text_query(name: str, prefix: str, selection: str) -> Door:
    return _graphql(name, prefix, f"query ($id: String!) {{ {selection} }}")


def _mutation(name: str, prefix: str, doing: str) -> Door:
    return _graphql(name, prefix, f"mutation ($id: ID!) {{ {doing} {{ {FAILURE} }} }}")


def _text_mutation(name: str, doing: str) -> Door:
    return _graphql(name, EXTERNAL_ID, f"mutation ($id: String!) {{ {doing} {{ {FAILURE} }} }}")


def _rest(name: str, prefix: str, method: str, path: str, body: str | None = None) -> Door:
    """`{id}` is where the id goes."""

    async def ask(http: httpx.AsyncClient, world: World, role: Role, id_: str) -> httpx.Response:
        headers = _as(world, role)
        if body is not None:
            headers["content-type"] = "application/json"
        content = None if body is None else body.replace("{id}", id_)
        return await http.request(method, path.replace("{id}", id_), content=content, headers=headers)

    return Door(name, prefix, f"{method} {path}", ask)


def _as(world: World, role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {world.tokens[role]}"}


_N, _U, _D = ids.NOTIFICATION, ids.USER, ids.DELIVERY
_SENT = '{"to": {"user": "{id}"}, "message": {"content": {"body": "x"}}}'
_CHOICE = "setPreferences(input: {externalId: $id, choices: [{enabled: false}]})"
_EDGES = "{ edges { cursor } pageInfo { hasNextPage } }"

_EACH = f"{{ {FAILURE} ... on SendNotificationsAnswer {{ results {{ {FAILURE} }} }} }}"
_MANY = f"sendNotifications(inputs: [{{to: {{user: $id}}, {SEND}}}]) {_EACH}"

DOORS: tuple[Door, ...] = (
    *[_query("node", prefix, "node(id: $id) { __typename id }") for prefix in NODE_DOORS],
    _query("notification", _N, "notification(id: $id) { id state }"),
    _query("user", _U, "user(id: $id) { id locale }"),
    _query("notifications of user", _U, f"notifications(filter: {{user: $id}}) {_EDGES}"),
    _query("deliveries of notification", _N, f"deliveries(filter: {{notification: $id}}) {_EDGES}"),
    _query("deliveries of user", _U, f"deliveries(filter: {{user: $id}}) {_EDGES}"),
    _query("dead letters of notification", _N, f"deadLetters(filter: {{notification: $id}}) {_EDGES}"),
    _query("dead letters of user", _U, f"deadLetters(filter: {{user: $id}}) {_EDGES}"),
    _query("dead letters by delivery", _D, f"deadLetters(filter: {{deliveries: [$id]}}) {_EDGES}"),
    _query("preferences", _U, "preferences(user: $id) { optedOut choices { enabled } }"),
    *[
        _query("audit log of actor", prefix, f"auditLog(filter: {{actor: $id}}) {_EDGES}")
        for prefix in (ids.KEY, ids.MEMBER, ids.USER)
    ],
    *[
        _graphql(
            "audit log of subject", prefix, f"query ($id: String!) {{ auditLog(filter: {{subject: $id}}) {_EDGES} }}"
        )
        for prefix in (ids.KEY, ids.MEMBER, ids.TENANT)
    ],
    _mutation("send to user", _U, f"sendNotification(input: {{to: {{user: $id}}, {SEND}}})"),
    _mutation("send to users", _U, f"sendNotification(input: {{to: {{users: [$id]}}, {SEND}}})"),
    _graphql("send many", _U, f"mutation ($id: ID!) {{ {_MANY} }}"),
    _mutation("preview for user", _U, f"previewNotification(input: {{to: {{user: $id}}, {SEND}}})"),
    _mutation("cancel", _N, "cancelNotification(input: {id: $id})"),
    _mutation("replay by notification", _N, "replayDeadLetters(input: {dryRun: false, filter: {notification: $id}})"),
    _mutation("replay by user", _U, "replayDeadLetters(input: {dryRun: false, filter: {user: $id}})"),
    _mutation("replay by delivery", _D, "replayDeadLetters(input: {dryRun: false, filter: {deliveries: [$id]}})"),
    _mutation("mark", ids.INBOX_ITEM, "markInbox(input: {which: {ids: [$id]}, mark: READ})"),
    _mutation("user token", _U, "createUserToken(input: {user: {id: $id}})"),
    _mutation("set preferences", _U, "setPreferences(input: {user: $id, choices: [{enabled: false}]})"),
    _mutation("revoke", ids.KEY, "revokeKey(input: {key: $id})"),
    _mutation("rotate", ids.KEY, "rotateKey(input: {key: $id, graceSeconds: 0})"),
    _mutation("change member", ids.MEMBER, "changeMember(input: {member: $id, role: VIEWER})"),
    _mutation("remove member", ids.MEMBER, "removeMember(input: {member: $id})"),
    _text_query("user by external id", EXTERNAL_ID, "user(externalId: $id) { id locale }"),
    _text_query("preferences by external id", EXTERNAL_ID, "preferences(externalId: $id) { optedOut }"),
    _text_query("deliveries by external id", EXTERNAL_ID, f"deliveries(filter: {{externalId: $id}}) {_EDGES}"),
    _text_query("notifications by external id", EXTERNAL_ID, f"notifications(filter: {{externalId: $id}}) {_EDGES}"),
    _text_mutation("send by external id", f"sendNotification(input: {{to: {{externalId: $id}}, {SEND}}})"),
    _text_mutation("user token by external id", "createUserToken(input: {user: {externalId: $id}})"),
    _text_mutation("set preferences by external id", _CHOICE),
    _rest("REST read", _N, "GET", "/api/v1/notifications/{id}"),
    _rest("REST list of user", _U, "GET", "/api/v1/notifications?user={id}"),
    _rest("REST cancel", _N, "POST", "/api/v1/notifications/{id}/cancel"),
    _rest("REST send", _U, "POST", "/api/v1/notifications", _SENT),
    _rest("REST mark", ids.INBOX_ITEM, "POST", "/api/v1/inbox/marks", '{"which": {"ids": ["{id}"]}, "mark": "READ"}'),
)
