"""Which deliveries must have been dropped, and why: worked out from what was set up, not from what the product says.

Asked by `bench.balance`. The rules are written down here a second time, in other words than in the product.
"""

from collections import Counter
from collections.abc import Iterator

from bench.expected import Expectation, Expected
from bench.findings import Finding, Kind
from bench.journals import EMAIL, DeliveryEntry, Journals

HOUR_S = 3_600.0
DROPS = frozenset({"NO_ADDRESS", "OPTED_OUT", "SWITCHED_OFF", "THROTTLED", "NO_CONTENT"})
"""Reasons that only the rules give."""


def drop(wanted: Expectation) -> str | None:
    """The reason why this delivery cannot go out, but for the hourly limit."""
    person, send = wanted.person, wanted.entry.send
    if wanted.channel == EMAIL and person.address is None:
        return "NO_ADDRESS"
    asked = {(category, channel) for category in ("", send.category) for channel in ("", wanted.channel)}
    return "OPTED_OUT" if asked & person.declined else None


def judge_drops(expected: Expected, journals: Journals) -> Iterator[Finding]:
    """Each drop has the reason that was to be expected, and each person past the limit lost exactly what is over it."""
    found = {one.id: one for of_one in journals.deliveries.values() for one in of_one}
    routed: Counter[str] = Counter()
    throttled: Counter[str] = Counter()
    for id_, wanted in expected.by_delivery.items():
        one, why = found.get(id_), drop(wanted)
        if one is None:
            continue
        if why is None:
            routed[wanted.person.id] += 1
            throttled[wanted.person.id] += one.reason == "THROTTLED"
        if (one.reason if one.reason in DROPS else None) not in {why, "THROTTLED" if why is None else why}:
            yield Finding(Kind.CONTRADICTION, f"{wanted} is {one.state} {one.reason}, expected {why or 'no drop'}")
    yield from _limited(routed, throttled, journals, list(found.values()))


def _limited(
    routed: Counter[str], throttled: Counter[str], journals: Journals, deliveries: list[DeliveryEntry]
) -> Iterator[Finding]:
    limit = journals.hourly_limit
    if limit is None:
        return
    made = [one.created_at for one in deliveries]
    if made and max(made) - min(made) > HOUR_S:
        yield Finding(Kind.UNSETTLED, "the run took more than an hour: what the limit held back cannot be worked out")
        return
    for person, count in routed.items():
        over = max(0, count - limit)
        if throttled[person] != over:
            yield Finding(
                Kind.CONTRADICTION, f"{person} had {count} of {limit} an hour: {throttled[person]} dropped, not {over}"
            )
