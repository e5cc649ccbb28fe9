"""The checker knows which deliveries the rules must drop, and finds each one that was dropped wrongly or not at all."""

import msgspec
import pytest

from bench.drops import judge_drops
from bench.expected import Expected
from bench.findings import Finding
from bench.journals import EMAIL, IN_APP, DeliveryEntry, Fate, Journals, Person, Send, SenderEntry
from models import ids
from models.vocabulary import Channel

RAW = b"ada, the reader."
ADA = Person(ids.encode(ids.USER, RAW), "ada", "ada@example.test")
WITHOUT_ADDRESS = msgspec.structs.replace(ADA, address=None)


def ntf(number: int) -> bytes:
    return f"notification {number}".encode().ljust(16, b".")


def declining(*declined: tuple[str, str]) -> Person:
    return msgspec.structs.replace(ADA, declined=frozenset(declined))


def delivery(number: int, channel: str, reason: str | None = None, created_at: float = 0.0) -> DeliveryEntry:
    raw = ids.delivery_bytes((ntf(number), RAW, Channel[channel].value))
    state = "SKIPPED" if reason else "DELIVERED"
    return DeliveryEntry(ids.encode(ids.DELIVERY, raw), channel, state, reason, None, created_at)


def judged(person: Person, *of_each: tuple[DeliveryEntry, DeliveryEntry], limit: int | None = None) -> list[Finding]:
    sends, deliveries = [], {}
    for number, found in enumerate(of_each, 1):
        send = Send(number, f"title {number}", "text", None, "news", ("ada",), (EMAIL, IN_APP), keyed=True)
        notification = ids.encode(ids.NOTIFICATION, ntf(number))
        sends.append(SenderEntry(send, Fate.ACCEPTED, notification))
        deliveries[notification] = found
    journals = Journals([person], sends, [], {}, deliveries, limit)
    return list(judge_drops(Expected(journals), journals))


def both(number: int, email: str | None, in_app: str | None) -> tuple[DeliveryEntry, DeliveryEntry]:
    return delivery(number, EMAIL, email), delivery(number, IN_APP, in_app)


@pytest.mark.parametrize(
    ("person", "email", "in_app"),
    [
        pytest.param(ADA, None, None, id="nothing stands against it"),
        pytest.param(WITHOUT_ADDRESS, "NO_ADDRESS", None, id="no address"),
        pytest.param(declining(("news", "EMAIL")), "OPTED_OUT", None, id="no news by mail"),
        pytest.param(declining(("", "IN_APP")), None, "OPTED_OUT", id="nothing in the app"),
        pytest.param(declining(("news", "")), "OPTED_OUT", "OPTED_OUT", id="no news at all"),
        pytest.param(declining(("", "")), "OPTED_OUT", "OPTED_OUT", id="nothing at all"),
        pytest.param(declining(("other", "")), None, None, id="something else is declined"),
    ],
)
def test_what_must_be_dropped_is_known(person: Person, email: str | None, in_app: str | None) -> None:
    assert judged(person, both(1, email, in_app)) == []
    wrong = "OPTED_OUT" if in_app is None else None
    assert len(judged(person, both(1, email, wrong))) == 1


def test_past_the_limit_exactly_the_rest_is_dropped() -> None:
    first, second = both(1, None, None), both(2, None, "THROTTLED")

    assert judged(ADA, first, second, limit=3) == []
    assert len(judged(ADA, first, second, limit=2)) == 1
    assert len(judged(ADA, first, second, limit=4)) == 1


def test_what_was_declined_does_not_count() -> None:
    person = declining(("", "EMAIL"))

    assert judged(person, both(1, "OPTED_OUT", None), both(2, "OPTED_OUT", None), limit=2) == []


def test_a_run_longer_than_the_hour_proves_nothing() -> None:
    late = (delivery(2, EMAIL, created_at=3_601.0), delivery(2, IN_APP))

    assert len(judged(ADA, both(1, None, None), late, limit=10)) == 1
