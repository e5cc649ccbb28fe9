"""The page on errors and reasons at `/docs/errors`, to which every failure links. Mounted by the gateway's service."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from schema.reference import Entry, errors_listed, reasons_listed

PATH = "/docs/errors"

STYLE = """
:root { color-scheme: light dark; --ground: #e6ebe9; --ink: #13232b; --soft: #4c5f66; --line: #cfd8d5; --mark: #f8ecd2;
  --accent: #7d5006; }
@media (prefers-color-scheme: dark) { :root { --ground: #0b151b; --ink: #e7eeeb; --soft: #9db0b3; --line: #263b47;
  --mark: #3a2d14; --accent: #ecba5a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 6rem; }
h1 { font-size: 2rem; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { margin: 3rem 0 .25rem; font-size: 1.35rem; }
p { margin: .25rem 0; max-width: 44rem; }
.lead, .cure b { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .35rem .5rem; margin: 1rem 0 1.5rem; font-size: .8rem; }
nav a, h3 { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
nav a { color: var(--accent); text-decoration: none; border: 1px solid var(--line); border-radius: .4rem;
  padding: .1rem .45rem; }
nav a:hover, nav a:focus-visible { border-color: var(--accent); }
section { border-top: 1px solid var(--line); padding: .9rem .75rem; margin: 0 -.75rem; border-radius: .4rem;
  scroll-margin-top: 1rem; }
section:target { background: var(--mark); }
h3 { font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h3 a { color: inherit; text-decoration: none; }
"""
_DIGEST = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def routes() -> list[BaseRoute]:
    """`/docs/errors`, made once."""
    page = _page()

    async def show(_: Request) -> Response:
        return HTMLResponse(page, headers=HEADERS)

    return [Route(PATH, show)]


def _page() -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Errors and reasons · Carillon</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>Errors and reasons</h1>"
        '<p class="lead">The closed lists that API, logs and metrics share. Every failure links to its place here.</p>'
        + _part("Errors", "What a call is answered with: the code.", errors_listed())
        + _part("Reasons", "Why something is off the happy path: the reason.", reasons_listed())
        + "</main></body></html>"
    )


def _part(title: str, lead: str, entries: Sequence[Entry]) -> str:
    links = "".join([f'<a href="#{entry.code}">{entry.code}</a>' for entry in entries])
    shown = "".join([_section(entry) for entry in entries])
    return f'<h2>{title}</h2><p class="lead">{lead}</p><nav aria-label="{title}">{links}</nav>{shown}'


def _section(entry: Entry) -> str:
    return (
        f'<section id="{entry.code}"><h3><a href="#{entry.code}">{entry.code}</a></h3>'
        f'<p>{escape(entry.meaning)}</p><p class="cure"><b>What to do:</b> {escape(entry.cure)}</p></section>'
    )
