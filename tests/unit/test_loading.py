"""What one operation asks for at the same time is read together and once, and nobody's end takes an answer along."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from errors import EngineUnavailable
from resolvers.loading import Loader


class Shelf:
    """Remembers what it was asked for; squares of even numbers are there."""

    def __init__(self) -> None:
        self.asked: list[Sequence[int]] = []
        self.down = False

    async def read(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(keys)
        await asyncio.sleep(0)
        if self.down:
            raise EngineUnavailable("the store does not answer")
        return {key: key * key for key in keys if key % 2 == 0}


async def test_keys_of_one_moment_are_read_together_and_once() -> None:
    shelf = Shelf()
    loader = Loader(shelf.read)

    answers = await asyncio.gather(*[loader.get(key) for key in (2, 3, 2, 4)])

    assert answers == [4, None, 4, 16] and await loader.get(4) == 16
    assert shelf.asked == [[2, 3, 4]]


async def test_a_field_that_is_cancelled_leaves_the_answer_to_the_others() -> None:
    loader = Loader(Shelf().read)
    leaving, staying = [asyncio.create_task(loader.get(2)) for _ in range(2)]
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == 4


async def test_a_read_that_fails_fails_for_everyone_who_asked() -> None:
    shelf = Shelf()
    shelf.down = True
    loader = Loader(shelf.read)

    answers = await asyncio.gather(loader.get(2), loader.get(4), return_exceptions=True)

    assert [type(answer) for answer in answers] == [EngineUnavailable] * 2
    with pytest.raises(EngineUnavailable):
        await loader.get(2)
