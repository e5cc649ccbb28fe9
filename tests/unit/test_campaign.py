"""What feeds and drills send is drawn by a seed, the same each time, and cut into requests without a loss."""

from collections import Counter

from bench.campaign import requests, sends
from bench.people import SCRIPTS, Watchers, addresses
from bench.webhooks import Event, event

EVENTS = [
    Event("opened", "text", "https://example.test/1", "github.issues"),
    Event("closed", "t", None, "github.issues"),
]


def test_the_same_seed_draws_the_same() -> None:
    assert addresses(500, 1) == addresses(500, 1) != addresses(500, 2)
    assert sends(EVENTS, 50, Watchers(9, 1), 1, 0.5) == sends(EVENTS, 50, Watchers(9, 1), 1, 0.5)


def test_every_way_of_answering_is_among_the_addresses_and_spares_the_most_watched() -> None:
    drawn = addresses(5_000, 1)
    words = {address.partition("+")[0] for address in drawn if address}

    assert words == {"u", *SCRIPTS} and None in drawn
    assert all((address or "").startswith("u+") for address in drawn[:10])


def test_the_first_is_watched_the_most_and_nobody_is_named_twice() -> None:
    watchers = Watchers(100, 1)
    drawn = [watchers.draw() for _ in range(3_000)]
    counts = Counter(one for audience in drawn for one in audience)

    assert counts.most_common(1)[0][0] == "u0"
    assert all(len(set(audience)) == len(audience) for audience in drawn)


def test_requests_hold_every_send_once_in_order_and_some_alone() -> None:
    planned = sends(EVENTS, 2_000, Watchers(50, 1), 1, 0.5)
    cut = list(requests(planned, 1))

    assert [send for request in cut for send in request] == planned
    assert 100 < sum(len(request) == 1 for request in cut) < 300
    assert max(map(len, cut)) <= 100


def test_titles_tell_sends_apart() -> None:
    planned = sends(EVENTS, 500, Watchers(50, 1), 1, 0.5)

    assert len({send.title for send in planned}) == 500


def test_a_payload_becomes_a_title_a_text_and_a_link() -> None:
    issue = {"title": "Broken\nbell", "body": "It does\x00 not ring.", "html_url": "https://example.test/issues/1"}
    payload = {"action": "opened", "issue": issue, "repository": {"full_name": "acme/bells"}}

    told = event("issues", payload)

    assert told == Event(
        "acme/bells: issues opened: Broken bell", "It does not ring.", "https://example.test/issues/1", "github.issues"
    )
