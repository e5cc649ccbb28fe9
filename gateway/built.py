"""Pages and assets as npm built them into web/dist, in memory and ready to be answered; used by the pages' doors."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

# connect-src 'self' speaks for ws: and wss: of the same host too (CSP level 3).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Opened mails live in a srcdoc frame, which needs no frame-src and inherits this policy: their scripts never run."""

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

ASK_EVERY_TIME = "no-cache"
FOR_A_YEAR = "public, max-age=31536000, immutable"

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Carillon: the page is not built</title></head>
<body><h1>The page is not built yet</h1>
<p>Run <code>make setup</code> and start Carillon again. The API at <code>/graphql</code> works without it.</p>
</body></html>
"""


class BuiltFile(msgspec.Struct, frozen=True):
    """One file of web/dist, ready to be answered."""

    body: bytes
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        """200 with the body, or 304 when the browser names the same entity tag (RFC 9110 section 13.1.2)."""
        if _names(request.headers.get("if-none-match", ""), self.headers["etag"]):
            return Response(status_code=304, headers=self.headers)
        return Response(self.body, headers=self.headers)


def read_built(file: Path, cache_control: str, more: Mapping[str, str] | None = None) -> BuiltFile:
    """The file with its headers; `more` of them on top of those that every page has."""
    body = file.read_bytes()
    headers = {
        **SECURITY_HEADERS,
        "content-type": MEDIA_TYPES.get(file.suffix, "application/octet-stream"),
        "cache-control": cache_control,
        "etag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        **(more or {}),
    }
    return BuiltFile(body, headers)


def not_built() -> Response:
    """A page that says what to run."""
    return HTMLResponse(NOT_BUILT, 503, {**SECURITY_HEADERS, "cache-control": "no-store"})


def _names(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags
