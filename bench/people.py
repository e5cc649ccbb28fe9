"""Made-up people and who of them watches what: a seeded Zipf, with addresses that bounce, defer and hang."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from types import MappingProxyType

DOMAIN = "example.test"
SCRIPTS: Mapping[str, float] = MappingProxyType(
    {
        "bounce": 0.02,
        "full": 0.005,
        "policy": 0.005,
        "defer": 0.02,
        "greylist": 0.005,
        "defer-always": 0.002,
        "drop": 0.002,
        "drop-after-data": 0.002,
        "hang-after-data": 0.002,
        "hang-before-data": 0.001,
    }
)
"""Which share of the people has an address that the simulator answers by script; see docs/simulator.md."""
NO_ADDRESS = 0.01
"""Which share has no address at all."""
FAVOURITES = 10
"""So many of the most watched are never scripted, lest one hanging address holds up everything."""

AUDIENCE_SIZES = ((1, 70), (2, 12), (3, 8), (5, 6), (8, 3), (20, 1))
"""(recipients, weight): mostly one, now and then many. 1.9 on average."""


def external_id(number: int) -> str:
    """The tenant's own id of a made-up person."""
    return f"u{number}"


def addresses(count: int, seed: int, scripts: Mapping[str, float] = SCRIPTS) -> list[str | None]:
    """One for each person; the word before the + decides what the server does."""
    random = Random(f"addresses {seed}")
    words = ["u", "", *scripts]
    weights = [1 - NO_ADDRESS - sum(scripts.values()), NO_ADDRESS, *scripts.values()]
    drawn = random.choices(words, weights, k=count)
    drawn[:FAVOURITES] = ["u"] * min(FAVOURITES, count)
    return [f"{word}+{external_id(number)}@{DOMAIN}" if word else None for number, word in enumerate(drawn)]


class Watchers:
    """Draws audiences: the person of rank n watches 1/n as much as the first."""

    def __init__(self, people: int, seed: int, sizes: Sequence[tuple[int, int]] = AUDIENCE_SIZES) -> None:
        self._random = Random(f"watchers {seed}")
        self._people = range(people)
        self._weights = list(accumulate([1 / rank for rank in range(1, people + 1)]))
        self._sizes = [min(size, people) for size, _ in sizes]
        self._shares = [share for _, share in sizes]

    def draw(self) -> tuple[str, ...]:
        """The external ids of one notification's watchers, each once."""
        [size] = self._random.choices(self._sizes, self._shares)
        drawn = self._random.choices(self._people, cum_weights=self._weights, k=size)
        return tuple([external_id(number) for number in dict.fromkeys(drawn)])
