"""The token bucket of a key: how many at once, how soon again, and what comes back."""

import pytest

from errors import InvalidInput, RateLimited
from models.principal import Principal
from models.vocabulary import Role
from tests.simulators import DrivenClock
from usecases.quotas import MOST_KEPT, Quotas, QuotaStanding

SECOND_US = 1_000_000


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


def caller(quota: int | None = None, id_: bytes = b"k" * 16) -> Principal:
    return Principal(b"t" * 16, id_, Role.SERVICE_ACCOUNT, "shop", quota_per_minute=quota)


def test_a_minutes_allowance_may_be_spent_at_once_and_comes_back_evenly(clock: DrivenClock) -> None:
    quotas = Quotas(clock, 60)
    quotas.take(caller(), 60)

    with pytest.raises(RateLimited) as refused:
        quotas.take(caller(), 10)
    assert refused.value.retry_after_s == 10.0
    clock.us += 9_999_000
    with pytest.raises(RateLimited):
        quotas.take(caller(), 10)
    clock.us += 1_000
    quotas.take(caller(), 10)
    assert quotas.standing(caller()) == QuotaStanding(60, 0, 60.0)


def test_a_batch_is_taken_as_a_whole_or_not_at_all(clock: DrivenClock) -> None:
    quotas = Quotas(clock, 10)
    quotas.take(caller(), 7)

    with pytest.raises(RateLimited, match="3 are left"):
        quotas.take(caller(), 4)
    quotas.take(caller(), 3)


def test_more_than_a_whole_minutes_allowance_is_no_use_to_wait_for(clock: DrivenClock) -> None:
    with pytest.raises(InvalidInput, match="at most 10 notifications at once") as refused:
        Quotas(clock, 10).take(caller(), 11)
    assert refused.value.path == ("inputs",)


def test_waiting_as_long_as_told_is_always_enough(clock: DrivenClock) -> None:
    for limit in (1, 3, 7, 59, 61, 997, 100_003):
        quotas = Quotas(clock, limit)
        quotas.take(caller(), limit)
        for count in {1, limit // 2 + 1, limit}:
            with pytest.raises(RateLimited) as refused:
                quotas.take(caller(), count)
            clock.us += round(refused.value.retry_after_s * SECOND_US)
            quotas.take(caller(), count)


def test_a_keys_own_quota_replaces_the_default_and_nought_is_no_limit(clock: DrivenClock) -> None:
    quotas = Quotas(clock, 5)
    quotas.take(caller(quota=0), 1_000)

    assert quotas.standing(caller(quota=0)) is None
    assert quotas.standing(caller(quota=8)) == QuotaStanding(8, 8, 0.0)
    assert Quotas(clock, 0).standing(caller()) is None


def test_keys_have_buckets_of_their_own(clock: DrivenClock) -> None:
    quotas = Quotas(clock, 5)
    quotas.take(caller(), 5)

    quotas.take(caller(id_=b"other".ljust(16)), 5)


def test_what_came_to_nothing_is_given_back_up_to_the_allowance(clock: DrivenClock) -> None:
    quotas = Quotas(clock, 5)
    quotas.take(caller(), 4)
    quotas.give_back(caller(), 3)
    assert quotas.standing(caller()) == QuotaStanding(5, 4, 12.0)
    quotas.give_back(caller(), 100)
    assert quotas.standing(caller()) == QuotaStanding(5, 5, 0.0)


def test_forgetting_full_buckets_changes_nothing_for_those_who_spent(clock: DrivenClock) -> None:
    quotas = Quotas(clock, 5)
    quotas.take(caller(), 5)
    for n in range(MOST_KEPT + 10):
        quotas.standing(caller(id_=n.to_bytes(16)))

    standing = quotas.standing(caller())
    assert standing is not None and standing.remaining == 0
