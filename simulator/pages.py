"""The mailbox as a page and as JSON. Mounted by the gateway's service and by the simulator's own process."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from errors import InvalidInput
from simulator.mailbox import Mail, Mailbox
from simulator.scripts import HEADINGS, Book, book, rows

ASSETS = Path(__file__).parent / "assets"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The page runs its own script and nothing else."""

MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; form-action 'none'; frame-ancestors 'self'"
)
"""A mail may look as it likes, but runs nothing, sends nothing and loads nothing, however it is opened."""

MOST_MAILS = 500


class MailView(msgspec.Struct, frozen=True, rename="camel"):
    """One mail as the JSON tells it."""

    id: int
    at: datetime
    sender: str = msgspec.field(name="from")
    to: str
    subject: str
    text: str | None
    html: str | None
    message_id: str | None
    headers: dict[str, str]
    """The fields whose names begin with `X-`."""


class MailboxView(msgspec.Struct, frozen=True):
    """The answer of GET mailbox.json."""

    mails: list[MailView]
    """Newest first."""
    total: int
    """All mails in the mailbox, whatever was asked for."""
    oldest: int | None
    newest: int | None
    """The ids at the mailbox's ends; a reader that holds older mails can forget them."""


def routes(mailbox: Mailbox, scripts: Book | None = None) -> list[Route]:
    """Everything below /simulator/ for this mailbox; `scripts` is only shown."""
    pages = _Pages(mailbox)
    page = _page(book() if scripts is None else scripts)
    return [
        Route("/simulator/mailbox", _fixed(page, "text/html", {"content-security-policy": PAGE_POLICY})),
        Route("/simulator/mailbox.css", _fixed(_asset("mailbox.css"), "text/css")),
        Route("/simulator/mailbox.js", _fixed(_asset("mailbox.js"), "text/javascript")),
        Route("/simulator/mailbox.svg", _fixed(_asset("mailbox.svg"), "image/svg+xml")),
        Route("/simulator/mailbox.json", pages.list_mails, methods=["GET"]),
        Route("/simulator/mailbox.json", pages.empty, methods=["DELETE"]),
        Route("/simulator/mailbox/{mail_id:int}.html", pages.html),
        Route("/simulator/mailbox/{mail_id:int}.eml", pages.source),
    ]


class _Pages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def list_mails(self, request: Request) -> Response:
        try:
            view = self._view(request.query_params)
        except InvalidInput as problem:
            return _json({"code": problem.code, "message": problem.message, "path": problem.path}, 400)
        return _json(view)

    async def empty(self, _request: Request) -> Response:
        self._mailbox.empty()
        return Response(status_code=204)

    async def html(self, request: Request) -> Response:
        mail = self._mailbox.get(request.path_params["mail_id"])
        html = self._mailbox.content(mail).html if mail else None
        return _missing() if html is None else _untrusted(_with_links_outside(html).encode(), "text/html")

    async def source(self, request: Request) -> Response:
        mail = self._mailbox.get(request.path_params["mail_id"])
        return _missing() if mail is None else _untrusted(mail.raw, "text/plain")

    def _view(self, query: Mapping[str, str]) -> MailboxView:
        mails = self._mailbox.find(
            to=query.get("to", ""),
            after=_number(query, "after", 0),
            before=_number(query, "before", 0) or None,
            limit=_number(query, "limit", 50, most=MOST_MAILS),
        )
        box = self._mailbox
        return MailboxView([self._mail_view(mail) for mail in mails], len(box), box.oldest, box.newest)

    def _mail_view(self, mail: Mail) -> MailView:
        content, head = self._mailbox.content(mail), mail.head
        at = datetime.fromtimestamp(mail.at_us / 1_000_000, UTC)
        about = (mail.sender, mail.to, head.subject, content.text, content.html, head.message_id, head.extra)
        return MailView(mail.id, at, *about)


def _number(query: Mapping[str, str], name: str, default: int, *, most: int = 2**53) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) > most:
        raise InvalidInput(f"expected a whole number from 0 to {most}, got {text[:40]!r}", path=[name])
    return int(text)


def _with_links_outside(html: str) -> str:
    """The mail with its links opening a page of their own, as they cannot open inside the frame."""
    opening = re.compile(r"\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?", re.IGNORECASE)
    return opening.sub(lambda match: f'{match[0]}<base target="_blank">', html, count=1)


def _page(scripts: Book) -> bytes:
    cells = [
        [f"<td><code>{escape(a)}</code>", f"<td>{w}", f"<td>{escape(s)}", f"<td>{t}", f"<td>{escape(e)}"]
        for a, w, s, t, e in rows(scripts)
    ]
    table = "".join(["<tr>", *[f'<th scope="col">{heading}' for heading in HEADINGS]])
    table += "".join("<tr>" + "".join(row) for row in cells)
    return _asset("mailbox.html").replace(b"<!-- scripts -->", table.encode())


def _asset(name: str) -> bytes:
    return (ASSETS / name).read_bytes()


def _fixed(
    body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        return _response(body, media_type, headers or {})

    return endpoint


def _json(value: object, status: int = 200) -> Response:
    return _response(msgspec.json.encode(value), "application/json", {}, status)


def _untrusted(body: bytes, media_type: str) -> Response:
    return _response(body, media_type, {"content-security-policy": MAIL_POLICY})


def _missing() -> Response:
    return _response(b"This mail is not here (any more), or has no such part.\n", "text/plain", {}, 404)


def _response(body: bytes, media_type: str, headers: Mapping[str, str], status: int = 200) -> Response:
    safe = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    return Response(body, status, {**safe, **headers}, f"{media_type}; charset=utf-8")
