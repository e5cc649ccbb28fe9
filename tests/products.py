"""The pipeline with its gateway behind a real web server, and callers of every role. Used by the tests of the API."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from engines.store.operations import PutTenant, RevokeKey
from gateway.rest.live import StreamLimits
from gateway.tokens import parse_api_key
from models import ids
from models.vocabulary import Role, TenantKind
from services.access import FIRST_ACCOUNT, FIRST_TENANT, create_key
from services.gateway import GatewayService
from services.metrics import Metrics
from services.web_server import WebServer, listen
from tests.pipelines import Pipeline

PATIENCE_S = 10.0
Json = dict[str, Any]

SEND = """mutation ($input: SendNotificationInput!) { sendNotification(input: $input) {
  __typename
  ... on NotificationAccepted { duplicate notification { id } }
  ... on Failure { code message path retryable documentation traceId }
} }"""
SEND_MANY = """mutation ($inputs: [SendNotificationInput!]!) { sendNotifications(inputs: $inputs) {
  __typename
  ... on SendNotificationsAnswer { results {
    __typename ... on NotificationAccepted { notification { id } } ... on Failure { code path message }
  } }
  ... on Failure { code path message }
} }"""
UPSERT = """mutation ($inputs: [UpsertUserInput!]!) { upsertUsers(inputs: $inputs) {
  __typename
  ... on UpsertUsersAnswer { results {
    __typename ... on UserUpserted { created user { id } } ... on Failure { code path message }
  } }
  ... on Failure { code path message }
} }"""
MARK = """mutation ($input: MarkInboxInput!) { markInbox(input: $input) {
  __typename ... on InboxMarked { changed unread } ... on Failure { code path message }
} }"""
INBOX = """query ($first: Int, $after: String) { inbox(first: $first, after: $after) {
  unread liveCursor pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor node { id title body url categoryKey data createdAt seenAt readAt archivedAt } }
} }"""
FOLLOW = """subscription ($since: String) { inbox(since: $since) {
  __typename
  ... on LiveEvent { cursor at }
  ... on InboxItemAdded { unread item { id title body readAt } }
  ... on InboxItemChanged { unread item { id title body readAt } }
  ... on InboxReset { reason }
} }"""


class Product:
    """What callers meet. Tokens: `admin`, `viewer`, and what `key` and `browser` make."""

    def __init__(self, pipeline: Pipeline, gateway: GatewayService, address: str) -> None:
        self.pipeline = pipeline
        self.base = pipeline.base
        self.gateway = gateway
        self.address = address
        self.http = httpx.AsyncClient(base_url=f"http://{address}", timeout=30)
        self.admin = ""
        self.viewer = ""

    async def key(self, role: Role, tenant: bytes = FIRST_TENANT, expires_at: int | None = None) -> str:
        """A new API key's text."""
        return await create_key(self.base, tenant, role.name.lower(), role, expires_at)

    def browser(self, user: str, lifetime_s: int = 900) -> str:
        """A browser token for a user of the first tenant."""
        return self.base.tokens.issue(FIRST_TENANT, ids.decode(ids.USER, user), lifetime_s)

    async def other_tenant(self) -> bytes:
        """Another tenant of the same installation."""
        tenant = self.base.ids.new()
        [wrapped] = self.base.sealer.new_keys([tenant])
        now_us = self.base.clock.now_us()
        await self.base.store.write(
            PutTenant(tenant, FIRST_ACCOUNT, "First account", "Test", TenantKind.TEST, wrapped, now_us)
        )
        return tenant

    async def post(self, body: Json, token: str | None) -> httpx.Response:
        """One POST as it is."""
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return await self.http.post("/graphql", json=body, headers=headers)

    async def ask(self, query: str, token: str | None = None, **variables: object) -> Json:
        """The whole answer; without a token as the admin."""
        answer = await self.post({"query": query, "variables": variables}, token or self.admin)
        body: Json = answer.json()
        return body

    async def data(self, query: str, token: str | None = None, **variables: object) -> Json:
        """The data of an answer without errors."""
        body = await self.ask(query, token, **variables)
        assert "errors" not in body, body["errors"]
        data: Json = body["data"]
        return data

    async def error(self, query: str, token: str | None = None, **variables: object) -> Json:
        """The extensions of the only error, with its message."""
        body = await self.ask(query, token, **variables)
        [error] = body["errors"]
        return {**error["extensions"], "message": error["message"]}

    async def user(self, external_id: str, **more: object) -> str:
        """Make a user; its id."""
        answer = await self.data(UPSERT, inputs=[{"externalId": external_id, **more}])
        id_: str = answer["upsertUsers"]["results"][0]["user"]["id"]
        return id_

    async def category(self, key: str, **more: object) -> None:
        """Make a category."""
        document = "mutation ($input: PutCategoryInput!) { putCategory(input: $input) { __typename } }"
        answer = await self.data(document, input={"key": key, "name": key, **more})
        assert answer == {"putCategory": {"__typename": "CategoryPut"}}

    async def send(self, to: Json, content: Json | None = None, **more: object) -> str:
        """Send one notification; its id."""
        wanted = {"to": to, "message": {"content": content or {"title": "Packed", "body": "Order 17"}}, **more}
        answer = (await self.data(SEND, input=wanted))["sendNotification"]
        assert answer["__typename"] == "NotificationAccepted", answer
        id_: str = answer["notification"]["id"]
        return id_

    async def settled(self, notification: str, count: int = 1) -> None:
        """Wait until `count` deliveries are there and rest."""
        await self.pipeline.settled(ids.decode(ids.NOTIFICATION, notification), count)

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""
        clock = self.base.clock
        clock.us += round(seconds * 1_000_000)  # type: ignore[attr-defined]

    async def revoke(self, key: str) -> None:
        """End an API key."""
        parsed = parse_api_key(key)
        assert parsed is not None
        await self.base.store.write(RevokeKey(parsed.tenant_id, parsed.key_id, self.base.clock.now_us()))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Socket"]:
        """A socket before its greeting."""
        subprotocol = Subprotocol("graphql-transport-ws")
        async with connect(f"ws://{self.address}/graphql", subprotocols=[subprotocol]) as opened:
            yield Socket(opened)

    @asynccontextmanager
    async def socket(self, token: str) -> AsyncIterator["Socket"]:
        """A greeted socket."""
        async with self.connected() as socket:
            await socket.say({"type": "connection_init", "payload": {"token": token}})
            assert (await socket.hear())["type"] == "connection_ack"
            yield socket


class Socket:
    """A client of graphql-transport-ws."""

    def __init__(self, opened: ClientConnection) -> None:
        self.opened = opened

    async def say(self, message: Json) -> None:
        """Send a message."""
        await self.opened.send(json.dumps(message))

    async def hear(self) -> Json:
        """The next message that is no ping."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: Json = json.loads(await self.opened.recv())
                if message["type"] != "ping":
                    return message

    async def follow(self, since: str | None = None) -> None:
        """Subscribe to the inbox."""
        await self.say({"id": "1", "type": "subscribe", "payload": {"query": FOLLOW, "variables": {"since": since}}})

    async def event(self) -> Json:
        """The next inbox event."""
        message = await self.hear()
        assert message["type"] == "next" and "errors" not in message["payload"], message
        event: Json = message["payload"]["data"]["inbox"]
        return event


@asynccontextmanager
async def serving(pipeline: Pipeline) -> AsyncIterator[Product]:
    """The product, until the block ends."""
    quick = StreamLimits(heartbeat_s=0.2)
    gateway = GatewayService(
        pipeline.base, pipeline.bus, pipeline.broadcast, Metrics(), (), "https://bells.example", quick
    )
    listener = listen("127.0.0.1", 0)
    server = WebServer(gateway.application, gateway.stop)
    tasks = [asyncio.create_task(duty) for duty in (gateway.graphql.run(), gateway.rest.run(), gateway.follow.run())]
    served = asyncio.create_task(server.serve(sockets=[listener]))
    product = Product(pipeline, gateway, "{}:{}".format(*listener.getsockname()[:2]))
    product.admin, product.viewer = [await product.key(role) for role in (Role.ADMIN, Role.VIEWER)]
    try:
        async with product.http:
            yield product
    finally:
        server.stop()
        await served
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        listener.close()
