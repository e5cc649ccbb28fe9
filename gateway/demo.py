"""Who takes part in the demo: tokens for the page at `/`. Mounted only where the demo was asked for."""

from collections.abc import Callable, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
"""Any other name in the Host header is a page of somebody else that had its name pointed here."""


class DemoUser(msgspec.Struct, frozen=True):
    """A made-up person."""

    id: str
    external_id: str
    name: str
    email: str


class DemoScript(msgspec.Struct, frozen=True):
    """An address whose server answers in a scripted way."""

    address: str
    meaning: str


def routes(
    sender_token: str,
    users: Sequence[DemoUser],
    scripts: Sequence[DemoScript],
    token_for: Callable[[str], str],
) -> list[BaseRoute]:
    """`/demo/session.json`; `token_for` makes a fresh browser token from a user's id."""

    async def session(request: Request) -> Response:
        if request.url.hostname not in LOCAL_NAMES:
            return JSONResponse({"message": "the demo is for this machine only"}, 403)
        people = [
            {
                "id": user.id,
                "externalId": user.external_id,
                "name": user.name,
                "email": user.email,
                "token": token_for(user.id),
            }
            for user in users
        ]
        listed = [{"address": one.address, "meaning": one.meaning} for one in scripts]
        answer = {"sender": {"token": sender_token}, "users": people, "scripts": listed}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    return [Route("/demo/session.json", session)]
