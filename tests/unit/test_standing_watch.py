"""The watch over callers whose streams stay open: one question a beat, and an end for each who may not stay."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from errors import EngineUnavailable
from gateway.standing_watch import Standing, StandingWatch

BEAT_S = 0.01


class Judge:
    """Says how callers stand."""

    def __init__(self) -> None:
        self.standing: dict[str, Standing] = {}
        self.asked: list[list[str]] = []
        self.away = False

    async def __call__(self, callers: Sequence[str]) -> list[Standing]:
        self.asked.append(list(callers))
        if self.away:
            raise EngineUnavailable("the store does not answer")
        return [self.standing.get(caller, Standing.VALID) for caller in callers]


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
async def watch(judge: Judge) -> AsyncIterator[StandingWatch[str]]:
    made: StandingWatch[str] = StandingWatch(judge, BEAT_S)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()


async def some_beats() -> None:
    await asyncio.sleep(BEAT_S * 5)


@pytest.mark.parametrize("end", [Standing.EXPIRED, Standing.REVOKED])
async def test_who_may_not_stay_is_told_and_nobody_else(watch: StandingWatch[str], judge: Judge, end: Standing) -> None:
    ada, eve = watch.register("ada"), watch.register("eve")
    await some_beats()
    assert not ada.done() and not eve.done()

    judge.standing["eve"] = end

    assert await asyncio.wait_for(eve, 5) is end
    await some_beats()
    assert not ada.done() and len(watch) == 1


async def test_all_are_asked_about_at_once_and_each_caller_once(watch: StandingWatch[str], judge: Judge) -> None:
    streams = [watch.register(name) for name in ("ada", "eve", "ada", "ada")]
    await some_beats()

    assert judge.asked[0] == ["ada", "eve"]
    judge.standing["ada"] = Standing.REVOKED
    await asyncio.wait_for(asyncio.gather(streams[0], *streams[2:]), 5)
    assert not streams[1].done()


async def test_who_left_is_not_asked_about(watch: StandingWatch[str], judge: Judge) -> None:
    watch.register("ada").cancel()
    await asyncio.sleep(0)
    assert len(watch) == 0
    await some_beats()

    assert judge.asked == []


async def test_nobody_is_sent_away_while_the_store_is(watch: StandingWatch[str], judge: Judge) -> None:
    judge.away, judge.standing["ada"] = True, Standing.REVOKED
    ended = watch.register("ada")
    await some_beats()
    assert not ended.done() and judge.asked

    judge.away = False
    assert await asyncio.wait_for(ended, 5) is Standing.REVOKED


async def test_an_unexpected_error_ends_the_watch_and_is_seen() -> None:
    async def breaks(callers: Sequence[str]) -> list[Standing]:
        raise RuntimeError("a fault of ours")

    watch: StandingWatch[str] = StandingWatch(breaks, BEAT_S)
    watch.register("ada")

    with pytest.raises(RuntimeError):
        await asyncio.wait_for(watch.run(), 5)
