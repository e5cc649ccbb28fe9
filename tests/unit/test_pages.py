"""The demo page as a browser gets it: its files, how long they may be kept, and what they may do."""

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from gateway.pages import routes


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Carillon</title>")
    (assets / "main-ABC123.js").write_text("export {};")
    (assets / "text-ABC123.woff2").write_bytes(b"wOF2")
    (assets / "notes-ABC123.bin").write_bytes(b"\x00")
    return tmp_path


def browser(dist: Path) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app=Starlette(routes=routes(dist))), base_url="http://carillon.test")


async def test_the_page_is_served_and_asked_for_every_time(dist: Path) -> None:
    answer = await browser(dist).get("/")

    assert answer.status_code == 200
    assert "Carillon" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_assets_are_kept_for_a_year_because_their_names_change_with_them(dist: Path) -> None:
    answer = await browser(dist).get("/assets/main-ABC123.js")

    assert answer.text == "export {};"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main-ABC123.js", "text/javascript; charset=utf-8"),
        ("text-ABC123.woff2", "font/woff2"),
        ("notes-ABC123.bin", "application/octet-stream"),
    ],
)
async def test_every_file_says_what_it_is(dist: Path, name: str, media_type: str) -> None:
    answer = await browser(dist).get(f"/assets/{name}")

    assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize("path", ["/", "/assets/main-ABC123.js"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_what_the_browser_has_is_not_sent_again(dist: Path, path: str, form: str) -> None:
    client = browser(dist)
    etag = (await client.get(path)).headers["etag"]

    again = await client.get(path, headers={"if-none-match": form.format(etag)})

    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == etag


async def test_a_changed_page_is_sent_again(dist: Path) -> None:
    etag = (await browser(dist).get("/")).headers["etag"]
    (dist / "index.html").write_text("<!doctype html><title>Carillon, newer</title>")

    answer = await browser(dist).get("/", headers={"if-none-match": etag})

    assert answer.status_code == 200
    assert "newer" in answer.text


@pytest.mark.parametrize("path", ["/", "/assets/main-ABC123.js", "/assets/absent.js"])
async def test_nothing_foreign_runs_and_nobody_frames_the_page(dist: Path, path: str) -> None:
    headers = (await browser(dist).get(path)).headers

    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path", ["/assets/absent.js", "/assets/..%2Findex.html", "/assets/%2E%2E/index.html", "/assets/", "/index.html"]
)
async def test_nothing_but_the_built_assets_can_be_read(dist: Path, path: str) -> None:
    assert (await browser(dist).get(path)).status_code == 404


async def test_without_a_build_the_page_says_what_to_run(tmp_path: Path) -> None:
    answer = await browser(tmp_path / "absent").get("/")

    assert answer.status_code == 503
    assert "make setup" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
