"""What shall be sent, and in which requests: decided by a seed before anything starts. Used by feeds and drills."""

from collections.abc import Iterator, Sequence
from random import Random

from bench.journals import EMAIL, IN_APP, Send
from bench.people import Watchers
from bench.rules import template_for
from bench.webhooks import Event

CHANNELS = (((EMAIL, IN_APP), 80), ((EMAIL,), 10), ((IN_APP,), 10))
"""(channels, weight)."""
SINGLES = 0.1
"""Which share of the notifications goes out by itself, through sendNotification; the others in batches."""
BATCHES = (2, 100)


def sends(events: Sequence[Event], count: int, watchers: Watchers, seed: int, keyed_share: float) -> list[Send]:
    """`count` notifications: the events, again and again, each time with a number in the title."""
    random = Random(f"sends {seed}")
    channels = random.choices([names for names, _ in CHANNELS], [weight for _, weight in CHANNELS], k=count)
    return [
        _send(
            number, events[number % len(events)], watchers.draw(), channels[number], random.random() < keyed_share, seed
        )
        for number in range(count)
    ]


def requests(planned: Sequence[Send], seed: int, batches: tuple[int, int] = BATCHES) -> Iterator[Sequence[Send]]:
    """The sends in order, cut into requests: one alone, or a batch of least to most."""
    random = Random(f"requests {seed}")
    average = sum(batches) / 2
    single = SINGLES * average / (SINGLES * average + 1 - SINGLES)
    at = 0
    while at < len(planned):
        size = 1 if random.random() < single else random.randint(*batches)
        yield planned[at : at + size]
        at += size


def _send(
    number: int, event: Event, audience: tuple[str, ...], channels: tuple[str, ...], keyed: bool, seed: int
) -> Send:
    title = f"{event.title} (No. {number})"
    template = template_for(number, seed)
    return Send(number, title, event.body, event.url, event.category, audience, channels, keyed, template)
