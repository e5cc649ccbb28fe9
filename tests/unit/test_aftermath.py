"""What follows from each outcome: the retry schedule, its window, and the unknown."""

import pytest

from dispatchers.aftermath import Aftermath, Policy
from dispatchers.provider import Sent
from engines.store.queries import SendableRow
from models.rules import Category, Rules
from models.states import DeliveryState, Outcome, ReasonCode
from models.vocabulary import Channel, Priority, WhenUnknown

SECOND = 1_000_000
BEGAN = 1_800_000_000 * SECOND
NO_JITTER = 0.5


def row(
    priority: Priority = Priority.NORMAL,
    expires_at: int | None = None,
    unknowns: int = 0,
    category: str = "transactional",
) -> SendableRow:
    sealed = b"sealed"
    return SendableRow(
        bytes(16), bytes(16), bytes(16), 1, Channel.EMAIL, None, category, priority, BEGAN, expires_at, sealed,
        sealed, sealed, sealed, unknowns=unknowns,
    )  # fmt: skip


def policy(when_unknown: WhenUnknown = WhenUnknown.RESEND, resends: int = 2, spread: float = NO_JITTER) -> Policy:
    return Policy(when_unknown, resends, lambda: spread)


BUSY = Sent(Outcome.BUSY, ReasonCode.PROVIDER_BUSY)
LOST = Sent(Outcome.UNKNOWN, ReasonCode.CONNECTION_LOST)


def test_what_was_taken_is_sent() -> None:
    assert policy().after(Sent(Outcome.SENT), 1, row(), BEGAN) == Aftermath(DeliveryState.SENT)


def test_a_refusal_is_final_and_a_dead_letter() -> None:
    refused = Sent(Outcome.REFUSED, ReasonCode.ADDRESS_INVALID)

    assert policy().after(refused, 1, row(), BEGAN) == Aftermath(
        DeliveryState.FAILED, ReasonCode.ADDRESS_INVALID, dead=ReasonCode.ADDRESS_INVALID
    )


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 0), (2, 5), (3, 30), (4, 120), (5, 600), (6, 900), (7, 900), (50, 900)]
)
def test_retries_follow_the_schedule(attempt: int, seconds: int) -> None:
    then = policy().after(BUSY, attempt, row(), BEGAN)

    assert then == Aftermath(DeliveryState.RETRY_WAIT, ReasonCode.PROVIDER_BUSY, retry_at=BEGAN + seconds * SECOND)


@pytest.mark.parametrize(("spread", "seconds"), [(0.0, 24), (1.0, 36)])
def test_jitter_is_a_fifth_at_the_most(spread: float, seconds: int) -> None:
    assert policy(spread=spread).after(BUSY, 3, row(), BEGAN).retry_at == BEGAN + seconds * SECOND


def test_the_providers_own_time_wins() -> None:
    asked = Sent(Outcome.BUSY, ReasonCode.PROVIDER_BUSY, retry_after_s=77)

    assert policy().after(asked, 1, row(), BEGAN).retry_at == BEGAN + 77 * SECOND


@pytest.mark.parametrize(
    ("priority", "window_s"),
    [(Priority.CRITICAL, 900), (Priority.HIGH, 3_600), (Priority.NORMAL, 86_400), (Priority.BULK, 259_200)],
)
def test_the_window_closes_by_priority(priority: Priority, window_s: int) -> None:
    last_chance = BEGAN + (window_s - 901) * SECOND
    too_late = BEGAN + (window_s - 900) * SECOND

    assert policy().after(BUSY, 9, row(priority), last_chance).state is DeliveryState.RETRY_WAIT
    assert policy().after(BUSY, 9, row(priority), too_late) == Aftermath(
        DeliveryState.DEAD, ReasonCode.RETRIES_EXHAUSTED, dead=ReasonCode.RETRIES_EXHAUSTED
    )


def test_the_callers_expiry_wins_when_it_is_earlier() -> None:
    soon = row(expires_at=BEGAN + 10 * SECOND)
    never = row(expires_at=BEGAN + 10 * 86_400 * SECOND)

    assert policy().after(BUSY, 2, soon, BEGAN).state is DeliveryState.RETRY_WAIT
    assert policy().after(BUSY, 3, soon, BEGAN) == Aftermath(DeliveryState.EXPIRED, ReasonCode.EXPIRED)
    assert policy().after(BUSY, 9, never, BEGAN + 86_400 * SECOND).state is DeliveryState.DEAD


def test_an_unknown_outcome_is_repeated_as_often_as_allowed() -> None:
    states = [policy(resends=2).after(LOST, 1 + n, row(unknowns=n), BEGAN).state for n in (0, 1, 2)]

    assert states == [DeliveryState.UNKNOWN, DeliveryState.UNKNOWN, DeliveryState.DEAD]
    assert policy(resends=0).after(LOST, 1, row(), BEGAN).dead is ReasonCode.OUTCOME_UNKNOWN


def test_a_held_unknown_waits_for_an_operator() -> None:
    then = policy(WhenUnknown.HOLD).after(LOST, 1, row(), BEGAN)

    assert then == Aftermath(
        DeliveryState.UNKNOWN, ReasonCode.CONNECTION_LOST, retry_at=None, dead=ReasonCode.OUTCOME_UNKNOWN
    )


def test_attempts_whose_outcome_is_known_are_none_of_the_unknown_ones() -> None:
    deferred_often = policy(resends=1).after(LOST, 9, row(unknowns=0), BEGAN)

    assert (deferred_often.state, deferred_often.dead) == (DeliveryState.UNKNOWN, None)
    assert policy(resends=1).after(LOST, 9, row(unknowns=1), BEGAN).state is DeliveryState.DEAD


@pytest.mark.parametrize("installation", list(WhenUnknown))
@pytest.mark.parametrize(("category", "own"), [("payments", WhenUnknown.HOLD), ("news", WhenUnknown.RESEND)])
def test_a_category_says_itself_what_to_do_when_unknown(
    installation: WhenUnknown, category: str, own: WhenUnknown
) -> None:
    rules = Rules({category: Category(category, category, when_unknown=own), "plain": Category("plain", "plain")})
    by_category = Policy(installation, 2, lambda: NO_JITTER, {bytes(16): rules})

    def is_held(name: str) -> bool:
        return by_category.after(LOST, 1, row(category=name), BEGAN).retry_at is None

    assert is_held(category) == (own is WhenUnknown.HOLD)
    assert is_held("plain") == is_held("gone") == (installation is WhenUnknown.HOLD)
