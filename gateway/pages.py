"""The demo page's files, as npm built them into web/dist: the gateway service mounts these routes at `/`."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.built import ASK_EVERY_TIME, FOR_A_YEAR, SECURITY_HEADERS, not_built, read_built


def routes(dist: Path) -> list[BaseRoute]:
    """`/` and `/assets/{name}`, read into memory once; a page that says what to run where `dist` holds no index.html.

    Asset names carry a hash of their content, so browsers keep them for a year; the index is asked for every time.
    """
    index = dist / "index.html"
    if not index.is_file():
        return [Route("/", _not_built)]
    page = read_built(index, ASK_EVERY_TIME)
    assets = {file.name: read_built(file, FOR_A_YEAR) for file in (dist / "assets").glob("*") if file.is_file()}

    async def show_page(request: Request) -> Response:
        return page.answer(request)

    async def show_asset(request: Request) -> Response:
        asset = assets.get(request.path_params["name"])
        return asset.answer(request) if asset else PlainTextResponse("not found", 404, SECURITY_HEADERS)

    return [Route("/", show_page), Route("/assets/{name}", show_asset)]


async def _not_built(_: Request) -> Response:
    return not_built()
