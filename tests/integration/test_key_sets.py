"""An issuer's keys: renewed while tokens come in, never asked for in floods, kept for a day while it is away."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatchers.transport import Download
from errors import Unavailable
from gateway.key_sets import FROM_FILE, MOST_BYTES, OVER_HTTP, FileSource, KeySet, UrlSource
from tests.identity_providers import KeyServer, Provider, key_server
from tests.integration.graphql_door import eventually
from tests.simulators import DrivenClock

MINUTE_S = 60.0
HOUR_S = 3_600.0


class Watched:
    """A key set before a real server."""

    def __init__(self, provider: Provider, server: KeyServer) -> None:
        self.provider = provider
        self.server = server
        self.clock = DrivenClock()
        source = UrlSource(server.url, Download(MOST_BYTES, 5))
        self.keys = KeySet("the issuer", source, OVER_HTTP, self.clock, lambda: 0.5)

    def wait(self, seconds: float) -> None:
        self.clock.us += round(seconds * 1_000_000)

    async def has(self, kid: str) -> bool:
        return await self.keys.find(kid) is not None


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    provider = Provider(0)
    async with key_server(provider) as server:
        yield Watched(provider, server)


async def test_keys_are_read_when_first_needed_and_once_for_all_who_need_them(watched: Watched) -> None:
    assert watched.server.asked == 0

    assert await asyncio.gather(*[watched.has("first") for _ in range(100)]) == [True] * 100
    assert watched.server.asked == 1


async def test_a_flood_of_made_up_kids_asks_the_issuer_once_in_30_s(watched: Watched) -> None:
    for round_ in range(3):
        found = await asyncio.gather(*[watched.has(f"made up {round_} {n}") for n in range(500)])
        assert not any(found)
        found = [await watched.has(f"one after the other {n}") for n in range(100)]
        assert not any(found)
        assert await watched.has("first")
        assert watched.server.asked == round_ + 1
        watched.wait(29.9)
        assert not await watched.has("still too early")
        assert watched.server.asked == round_ + 1
        watched.wait(0.2)


async def test_a_new_key_is_found_at_its_first_token(watched: Watched) -> None:
    await watched.has("first")
    watched.wait(40)
    watched.provider.keys["second"] = {}

    assert await watched.has("second")
    assert await watched.has("first")
    assert watched.server.asked == 2


async def test_a_retired_key_is_gone_ten_minutes_later(watched: Watched) -> None:
    key = await watched.keys.find("first")
    assert key is not None
    watched.provider.keys = {"second": {}}
    watched.wait(10 * MINUTE_S - 1)
    assert watched.keys.counts("first", key)

    watched.wait(2)
    assert watched.keys.counts("first", key)
    await eventually(lambda: not watched.keys.counts("first", key))
    assert not await watched.has("first")


async def test_after_a_quiet_hour_nobody_is_let_in_by_old_keys(watched: Watched) -> None:
    key = await watched.keys.find("first")
    assert key is not None
    watched.provider.keys = {"second": {}}
    watched.wait(HOUR_S)

    assert not watched.keys.counts("first", key)
    assert not await watched.has("first")


async def test_a_renewal_leaves_keys_that_are_still_there_as_they_are(watched: Watched) -> None:
    before = await watched.keys.find("first")
    assert before is not None
    watched.provider.keys = {"first": {"use": "sig"}, "second": {}}
    watched.wait(HOUR_S)

    assert await watched.keys.find("first") is before
    assert watched.keys.counts("first", before)


async def test_another_key_under_the_same_kid_replaces_the_old_one(watched: Watched) -> None:
    before = await watched.keys.find("first")
    assert before is not None
    watched.server.provider = Provider(0, "https://another.example")
    watched.wait(HOUR_S)

    after = await watched.keys.find("first")
    assert after is not None and after is not before
    assert not watched.keys.counts("first", before)


@pytest.mark.parametrize("trouble", ["an error", "no key set", "nobody there"])
async def test_old_keys_count_for_a_day_while_the_issuer_is_away(
    watched: Watched, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await watched.has("first")
    if trouble == "an error":
        watched.server.status = "503 Service Unavailable"
    elif trouble == "no key set":
        watched.server.provider, watched.server.body = None, b"<html>maintenance</html>"
    else:
        watched.keys._source = UrlSource("http://127.0.0.1:1/jwks.json", Download(MOST_BYTES, 5))
    for _ in range(23):
        watched.wait(HOUR_S)
        assert await watched.has("first")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]

    watched.wait(HOUR_S + 1)
    with pytest.raises(Unavailable):
        await watched.has("first")
    watched.server.status, watched.server.provider = "200 OK", watched.provider
    watched.keys._source = UrlSource(watched.server.url, Download(MOST_BYTES, 5))
    watched.wait(30)
    assert await watched.has("first")


async def test_while_the_issuer_is_known_to_be_away_nobody_waits_for_it(watched: Watched) -> None:
    await watched.has("first")
    watched.server.status = "500 Internal Server Error"
    watched.wait(HOUR_S)
    await watched.has("first")
    watched.server.delay_s = 4.0
    watched.wait(31)

    async with asyncio.timeout(1):
        assert await watched.has("first")
    await eventually(lambda: watched.server.asked == 3)


async def test_an_issuer_that_was_never_there_is_no_refusal(watched: Watched) -> None:
    watched.server.status = "500 Internal Server Error"
    for _ in range(10):
        with pytest.raises(Unavailable):
            await watched.has("first")
    assert watched.server.asked == 1

    watched.server.status = "200 OK"
    watched.wait(30)
    assert await watched.has("first")


async def test_a_clock_that_is_set_back_does_not_freeze_the_keys(watched: Watched) -> None:
    await watched.has("first")
    watched.provider.keys = {"second": {}}
    watched.wait(-48 * HOUR_S)

    assert not await watched.has("first")
    assert await watched.has("second")


async def test_one_who_goes_away_takes_no_answer_along(watched: Watched) -> None:
    watched.server.delay_s = 0.1
    first, second = [asyncio.create_task(watched.has("first")) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()

    assert await second
    assert watched.server.asked == 1


class Filed:
    """A key set in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.provider = Provider(0)
        self.clock = DrivenClock()
        self.source = FileSource(path)
        self.keys = KeySet("the issuer", self.source, FROM_FILE, self.clock, lambda: 0.5)
        self.write()

    def write(self) -> None:
        self.path.write_bytes(self.provider.jwks())

    async def has(self, kid: str) -> bool:
        self.clock.us += 3_000_000
        return await self.keys.find(kid) is not None


async def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    filed = Filed(tmp_path / "jwks.json")
    assert await filed.has("first") and not await filed.has("second")

    filed.provider.keys = {"second": {}}
    filed.write()

    assert await filed.has("second") and not await filed.has("first")


async def test_a_file_is_not_read_again_when_it_did_not_change(tmp_path: Path) -> None:
    filed = Filed(tmp_path / "jwks.json")
    await filed.has("first")
    content = filed.source._content
    assert await filed.has("first")
    assert filed.source._content is content

    os.utime(filed.path, ns=(1, 1))
    assert await filed.has("first")
    assert filed.source._content is not content


async def test_a_file_that_cannot_be_used_for_a_while_changes_nothing(tmp_path: Path) -> None:
    filed = Filed(tmp_path / "jwks.json")
    assert await filed.has("first")
    for spoil in (
        lambda: filed.path.write_bytes(b'{"keys"'),
        lambda: filed.path.write_bytes(b" " * (MOST_BYTES + 1)),
        filed.path.unlink,
        filed.path.mkdir,
        filed.path.rmdir,
        lambda: os.mkfifo(filed.path),
        filed.path.unlink,
    ):
        spoil()
        assert await filed.has("first")

    filed.provider.keys = {"second": {}}
    filed.write()
    assert await filed.has("second") and not await filed.has("first")
