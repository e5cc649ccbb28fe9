"""`python -m bench.rival_server KIND PORT`: what the doors are measured beside. Started by `bench.accept`.

`empty` reads the body and answers, which is what uvicorn alone costs. `strawberry` serves our schema and use cases
through Strawberry's own ASGI view, its store in CARILLON_FOLDER.
"""

import os
import sys
from collections.abc import Sequence

import uvloop
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from engines.broadcast.process import ProcessBroadcast
from engines.bus.outbox import OutboxBus
from models.principal import Principal
from models.vocabulary import Role
from resolvers.context import Context, ContextFactory
from resolvers.root import build_schema
from services.access import FIRST_TENANT
from services.foundation import foundation
from services.gateway import GatewayService
from services.metrics import Metrics
from services.web_server import WebServer, listen
from settings import load

ANSWER = b'{"data":{"sendNotification":{"__typename":"NotificationAccepted"}}}'


async def empty(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body, answers a constant."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


class StrawberrysView(GraphQL[Context, None]):
    """Strawberry's view over our schema, for one caller whose token nobody looks at."""

    def __init__(self, contexts: ContextFactory) -> None:
        super().__init__(build_schema())
        self._contexts = contexts

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        """See strawberry.asgi.GraphQL."""
        caller = Principal(FIRST_TENANT, FIRST_TENANT, Role.ADMIN, "bench")
        return self._contexts(caller, "0" * 32)


async def serve(kind: str, port: int) -> None:
    """Serve until SIGTERM ends the process."""
    listener = listen("127.0.0.1", port)
    if kind == "empty":
        await WebServer(empty, _nothing).serve(sockets=[listener])
        return
    async with foundation(load(os.environ), serve=True) as base:
        bus = OutboxBus(base.store, base.worker)
        gateway = GatewayService(base, bus, ProcessBroadcast(), Metrics(), (), f"http://127.0.0.1:{port}")
        view: ASGIApp = StrawberrysView(gateway.contexts)
        await WebServer(view, _nothing).serve(sockets=[listener])


async def _nothing() -> None:
    return


def main(words: Sequence[str]) -> int:
    """Serve."""
    kind, port = words
    uvloop.run(serve(kind, int(port)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
