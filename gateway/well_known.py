"""Our public signing keys at the address where others look for them. Mounted by the gateway service."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

PATH = "/.well-known/jwks.json"
MEDIA_TYPE = "application/jwk-set+json"
CACHED = "public, max-age=300"
"""A new signing key is to be published five minutes before the first token is signed by it."""


def routes(jwks: Mapping[str, Sequence[Mapping[str, str]]]) -> list[BaseRoute]:
    """`/.well-known/jwks.json` (RFC 7517): `jwks` as it is, written once."""
    body = msgspec.json.encode(jwks)

    async def show(_request: Request) -> Response:
        return Response(body, media_type=MEDIA_TYPE, headers={"cache-control": CACHED})

    return [Route(PATH, show)]
