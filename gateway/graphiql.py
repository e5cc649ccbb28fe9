"""GraphiQL for browsers that open /graphql; stands before the endpoint and lets everything else through."""

from pathlib import Path

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.built import ASK_EVERY_TIME, not_built, read_built
from gateway.graphql.negotiation import prefers_html

SHOWN_BY = frozenset(("GET", "HEAD"))
VARIES = {"vary": "accept"}
"""The address answers programs otherwise than browsers, which no cache may mix up."""


class GraphiQL:
    """An ASGI application that shows web/dist/graphiql.html to who asks for a page, and is the endpoint to others.

    The page needs no inline script, no inline style and no other host: it is under the policy of all pages.

    Args:
        dist: where npm built the page; without it a page says what to run.
    """

    def __init__(self, endpoint: ASGIApp, dist: Path) -> None:
        self._endpoint = endpoint
        file = dist / "graphiql.html"
        self._page = read_built(file, ASK_EVERY_TIME, VARIES) if file.is_file() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket (ASGI 3)."""
        if not asks_for_page(scope):
            await self._endpoint(scope, receive, send)
            return
        answer = self._page.answer(Request(scope)) if self._page is not None else not_built()
        await answer(scope, receive, send)


def asks_for_page(scope: Scope) -> bool:
    """Whether this is a browser that opens the address, and no query by GET."""
    return (
        scope["type"] == "http"
        and scope["method"] in SHOWN_BY
        and prefers_html(Headers(scope=scope).get("accept", ""))
        and "query" not in QueryParams(scope["query_string"])
    )
