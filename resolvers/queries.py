"""The root of all queries. Nullable fields, so that one engine's absence leaves the rest of an answer whole."""

import asyncio
from typing import Annotated

import strawberry

from errors import InvalidInput
from resolvers.administration import AdministrationQueries
from resolvers.context import Inform
from resolvers.history import HistoryQueries
from resolvers.inbox import inbox_page
from resolvers.nodes import find_node, find_notification, read_id
from resolvers.requests import given
from resolvers.rules import RulesQueries
from resolvers.templates import TemplateQueries
from schema.access import QUERIES
from schema.fields import answered
from schema.inbox import InboxConnection
from schema.node import Node
from schema.notifications import Notification
from schema.pages import After, First, page_size
from schema.viewer import Viewer

NODES_AT_MOST = 50

NodeId = Annotated[strawberry.ID, strawberry.argument(name="id", description="As the API gave it.")]
NodeIds = Annotated[
    list[strawberry.ID], strawberry.argument(name="ids", description=f"Up to {NODES_AT_MOST} ids of any types.")
]
NotificationId = Annotated[strawberry.ID, strawberry.argument(name="id", description="A notification's id, ntf_….")]


@strawberry.type(description="What can be read.")
class Query(AdministrationQueries, RulesQueries, TemplateQueries, HistoryQueries):
    """Reads nothing but what is asked for."""

    @answered(description="The caller behind the token, and what it may do.")
    def viewer(self, info: Inform) -> Viewer | None:
        """For every caller."""
        return Viewer.of(info.context.caller)

    @answered(description="Anything by its id; null where it is absent, someone else's, or not for you.")
    async def node(self, info: Inform, id_: NodeId) -> Node | None:
        """By schema.access.NODES."""
        return await find_node(info.context, *read_id(id_, ("id",)))

    @answered(description="Things by their ids, in the order of the ids; null at the place of each as in node.")
    async def nodes(self, info: Inform, ids_: NodeIds) -> list[Node | None]:
        """As `node`, read together."""
        if len(ids_) > NODES_AT_MOST:
            raise InvalidInput(f"expected at most {NODES_AT_MOST} ids, got {len(ids_)}", path=("ids",))
        wanted = [read_id(text, ("ids", str(place))) for place, text in enumerate(ids_)]
        return await asyncio.gather(*[find_node(info.context, *one) for one in wanted])

    @answered(description="One notification; null where it is absent or someone else's.")
    async def notification(self, info: Inform, id_: NotificationId) -> Notification | None:
        """For callers who may follow notifications."""
        info.context.caller.require(QUERIES["notification"])
        prefix, raw = read_id(id_, ("id",))
        if prefix != "ntf":
            raise InvalidInput(f"expected a notification's id, ntf_…, got {id_[:80]!r}", path=("id",))
        return await find_notification(info.context, raw)

    @answered(description="The inbox of the user that the token speaks for, newest first.")
    async def inbox(
        self, info: Inform, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> InboxConnection | None:
        """For browser tokens."""
        info.context.caller.require(QUERIES["inbox"])
        return await inbox_page(info.context, page_size(first), given(after))
