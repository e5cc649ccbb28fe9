"""The Notification Service: the doors through which callers come in."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from engines.broadcast.base import Broadcast
from engines.bus.base import Bus
from gateway import health, pages, reference_page, well_known
from gateway.auth import Authenticator
from gateway.graphiql import GraphiQL
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.rest.door import is_rest
from gateway.rest.live import StreamLimits
from models.principal import Principal
from resolvers.context import Context, ContextFactory
from resolvers.root import build_schema
from services.access import Listed, administration_of
from services.foundation import Foundation
from services.metrics import Metrics
from services.orchestrator import rehearsal
from services.rest import rest_door
from services.sign_in import sign_in
from usecases.follow_inbox import FollowInbox
from usecases.history import history
from usecases.inbox_cursor import InboxCursors
from usecases.mark_inbox import MarkInbox
from usecases.read_inbox import ReadInbox
from usecases.ruling import ruling
from usecases.send_notifications import Directories, SendNotifications
from usecases.templating import templating
from usecases.upsert_users import UpsertUsers

PAGES = Path(__file__).resolve().parent.parent / "web" / "dist"


class GatewayService:
    """Builds the doors; `application` is served, `run_*` run beside it.

    Args:
        url: where callers reach this gateway, without a slash at the end; links in answers begin with it.
        streams: bounds of REST's live streams.
    """

    def __init__(
        self,
        base: Foundation,
        bus: Bus,
        broadcast: Broadcast,
        metrics: Metrics,
        more: Sequence[BaseRoute],
        url: str,
        streams: StreamLimits | None = None,
    ) -> None:
        cursors = InboxCursors(base.sealer)
        authenticator = Authenticator(base.store, base.tokens, base.clock, sign_in(base, Listed(base)))
        self.follow = FollowInbox(base.store, broadcast, cursors)
        known = Directories(base.tenants, base.rules, base.templates)
        spoken = templating(base.store, base.sealer, known, rehearsal(base), base.clock, base.ids)
        self.contexts = ContextFactory(
            store=base.store,
            sealer=base.sealer,
            tenants=base.tenants,
            cursors=cursors,
            send=SendNotifications(base.store, base.sealer, known, base.quotas, bus, base.clock, base.ids),
            upsert=UpsertUsers(base.store, base.sealer, base.clock, base.ids),
            mark=MarkInbox(base.store, broadcast, cursors, base.clock),
            follow=self.follow,
            history=history(base.store, base.sealer, bus, base.clock),
            ruling=ruling(base.store, base.sealer, base.rules, base.clock, base.ids),
            read_inbox=ReadInbox(base.store, spoken.contents, cursors),
            templating=spoken,
            administration=administration_of(base),
            clock=base.clock,
            documentation=url + reference_page.PATH,
        )
        self.graphql: GraphQLEndpoint[Principal, Context] = GraphQLEndpoint(
            schema=build_schema(),
            authenticate=authenticator,
            make_context=self.contexts,
            standings=authenticator.standings,
            metrics=metrics,
            clock=base.clock,
        )
        self.rest = rest_door(base, self.contexts, authenticator, streams)
        metrics.gauge("carillon_inbox_followers", "Open inbox streams", lambda: self.follow.followers)
        others = Starlette(routes=_routes(base, metrics, more))
        self.application = Doors(GraphiQL(self.graphql, PAGES), self.rest, others)

    async def stop(self) -> None:
        """Let what was submitted end, and send everyone who listens away. Call it before the store closes."""
        await asyncio.gather(self.graphql.stop(), self.rest.stop())


class Doors:
    """Sends `/graphql` to its endpoint, the paths of REST to theirs, and everything else to the pages."""

    def __init__(self, graphql: ASGIApp, rest: ASGIApp, others: ASGIApp) -> None:
        self._graphql = graphql
        self._rest = rest
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket (ASGI 3)."""
        path = scope.get("path", "")
        if path == "/graphql":
            door = self._graphql
        else:
            door = self._rest if scope["type"] == "http" and is_rest(path) else self._others
        await door(scope, receive, send)


def _routes(base: Foundation, metrics: Metrics, more: Sequence[BaseRoute]) -> list[BaseRoute]:
    """What is neither GraphQL nor REST."""
    return [
        *health.routes({"store": base.store.ping}, metrics.text),
        *more,
        *reference_page.routes(),
        *well_known.routes(base.tokens.public_jwks()),
        *pages.routes(PAGES),
    ]
