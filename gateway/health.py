"""What an operator's machines ask: does the process live, is it ready for work, what has it counted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from errors import Unavailable

CHECK_WITHIN_S = 2.0
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def routes(engines: Mapping[str, Callable[[], Awaitable[None]]], metrics: Callable[[], bytes]) -> list[BaseRoute]:
    """`/health/live`, `/health/ready`, `/metrics`.

    Args:
        engines: a question by name that returns when the engine answers and raises Unavailable when it does not.
        metrics: the Prometheus exposition text.
    """

    async def live(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def ready(_request: Request) -> Response:
        answers = await asyncio.gather(*[_asked(ask) for ask in engines.values()])
        states = dict(zip(engines, answers, strict=True))
        is_ready = all(answer == "ok" for answer in answers)
        return JSONResponse({"ready": is_ready, "engines": states}, 200 if is_ready else 503)

    async def scraped(_request: Request) -> Response:
        return Response(metrics(), media_type=METRICS_TYPE)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", scraped)]


async def _asked(ask: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            await ask()
    except Unavailable as error:
        return error.message
    except TimeoutError:
        return f"no answer within {CHECK_WITHIN_S:g} s"
    return "ok"
