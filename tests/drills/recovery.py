"""How fast work that a kill interrupted was gone on with, read from the attempt log. Used by the kill drill."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from bench.journals import EMAIL, DeliveryEntry


class Death(msgspec.Struct, frozen=True):
    """One kill; times are seconds since 1970."""

    killed_at: float
    restarted_at: float


class Recovery(msgspec.Struct, frozen=True):
    """What the deaths interrupted. Times count from the restart, in seconds."""

    calls: tuple[float, ...]
    """Each attempt under way at a kill: until it was settled."""
    queued: tuple[float, ...]
    """Each delivery that waited for its first attempt at a kill: until that began. How much waited before it counts."""
    first_calls: tuple[float, ...]
    """Each restart: until the first attempt began. Left out where the next kill came before it."""
    open_calls: int
    """Attempts under way at a kill that never were settled."""


def recovery(deliveries: Sequence[DeliveryEntry], deaths: Sequence[Death]) -> Recovery:
    """Measured from the first restart after the kill, however many more kills came before the end."""
    orphans = list(_orphans(deliveries, deaths))
    settled = [delay for delay in orphans if delay is not None]
    return Recovery(
        calls=tuple(settled),
        queued=tuple(_queued(deliveries, deaths)),
        first_calls=tuple(_first_calls(deliveries, deaths)),
        open_calls=len(orphans) - len(settled),
    )


def _orphans(deliveries: Sequence[DeliveryEntry], deaths: Sequence[Death]) -> Iterator[float | None]:
    for one in deliveries:
        for attempt in one.attempts:
            death = first_after(deaths, attempt.started_at)
            if death is None:
                continue
            if attempt.settled_at is None:
                yield None
            elif attempt.settled_at > death.killed_at:
                yield max(0.0, attempt.settled_at - death.restarted_at)


def _queued(deliveries: Sequence[DeliveryEntry], deaths: Sequence[Death]) -> Iterator[float]:
    for one in deliveries:
        if one.channel != EMAIL or not one.attempts:
            continue
        death = first_after(deaths, one.created_at)
        if death is not None and one.attempts[0].started_at > death.killed_at:
            yield max(0.0, one.attempts[0].started_at - death.restarted_at)


def _first_calls(deliveries: Sequence[DeliveryEntry], deaths: Sequence[Death]) -> Iterator[float]:
    begun = sorted([attempt.started_at for one in deliveries for attempt in one.attempts])
    ends = [*[death.killed_at for death in deaths[1:]], float("inf")]
    for death, end in zip(deaths, ends, strict=True):
        place = bisect_right(begun, death.restarted_at)
        if place < len(begun) and begun[place] < end:
            yield begun[place] - death.restarted_at


def first_after(deaths: Sequence[Death], at: float) -> Death | None:
    """The first kill after a moment."""
    place = bisect_right([death.killed_at for death in deaths], at)
    return deaths[place] if place < len(deaths) else None
