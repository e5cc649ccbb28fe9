"""The Notification Service: the doors through which callers come in."""

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from engines.broadcast.base import Broadcast
from engines.bus.base import Bus
from gateway import health, pages
from gateway.auth import Authenticator
from gateway.graphql.endpoint import GraphQLEndpoint
from models.principal import Principal
from resolvers.context import Context, ContextFactory
from resolvers.root import build_schema
from services.foundation import Foundation
from services.metrics import Metrics
from usecases.follow_inbox import FollowInbox
from usecases.inbox_cursor import InboxCursors
from usecases.mark_inbox import MarkInbox
from usecases.send_notifications import SendNotifications
from usecases.upsert_users import UpsertUsers

PAGES = Path(__file__).resolve().parent.parent / "web" / "dist"


class GatewayService:
    """Builds the doors; `application` is served, `run_*` run beside it."""

    def __init__(
        self, base: Foundation, bus: Bus, broadcast: Broadcast, metrics: Metrics, more: Sequence[BaseRoute]
    ) -> None:
        cursors = InboxCursors(base.sealer)
        authenticator = Authenticator(base.store, base.tokens, base.clock)
        self.follow = FollowInbox(base.store, broadcast, cursors)
        contexts = ContextFactory(
            store=base.store,
            sealer=base.sealer,
            tenants=base.tenants,
            cursors=cursors,
            send=SendNotifications(base.store, base.sealer, base.tenants, bus, base.clock, base.ids),
            upsert=UpsertUsers(base.store, base.sealer, base.clock, base.ids),
            mark=MarkInbox(base.store, broadcast, cursors, base.clock),
            follow=self.follow,
            clock=base.clock,
        )
        self.graphql: GraphQLEndpoint[Principal, Context] = GraphQLEndpoint(
            schema=build_schema(),
            authenticate=authenticator,
            make_context=contexts,
            standings=authenticator.standings,
            metrics=metrics,
            clock=base.clock,
        )
        metrics.gauge("carillon_inbox_followers", "Open inbox streams", lambda: self.follow.followers)
        checks = health.routes({"store": base.store.ping}, metrics.text)
        self.application = Doors(self.graphql, Starlette(routes=[*checks, *more, *pages.routes(PAGES)]))


class Doors:
    """Sends `/graphql` to its endpoint and everything else to the pages."""

    def __init__(self, graphql: ASGIApp, others: ASGIApp) -> None:
        self._graphql = graphql
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket (ASGI 3)."""
        door = self._graphql if scope.get("path") == "/graphql" else self._others
        await door(scope, receive, send)
