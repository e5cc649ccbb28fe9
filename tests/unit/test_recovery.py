"""The kill drill's stopwatch: how long interrupted work waited after the restart."""

import pytest

from bench.journals import EMAIL, AttemptEntry, DeliveryEntry
from tests.drills.recovery import Death, recovery

DEATHS = (Death(10.0, 11.0), Death(20.0, 21.0))


def delivery(created_at: float, *attempts: tuple[float, float | None]) -> DeliveryEntry:
    entries = [AttemptEntry(f"att_{n}", n, None, *times) for n, times in enumerate(attempts, 1)]
    return DeliveryEntry("dlv_1", EMAIL, "SENT", None, None, created_at, tuple(entries))


@pytest.mark.parametrize(
    ("attempt", "calls"),
    [
        pytest.param((9.0, 9.5), (), id="settled before the kill"),
        pytest.param((9.0, 14.0), (3.0,), id="settled after it"),
        pytest.param((9.0, 24.0), (13.0,), id="settled after the next, counted from the first"),
        pytest.param((19.0, 22.0), (1.0,), id="the second kill's own"),
        pytest.param((22.0, 23.0), (), id="after all kills"),
    ],
)
def test_a_call_under_way_at_a_kill_is_timed_from_its_restart(
    attempt: tuple[float, float], calls: tuple[float, ...]
) -> None:
    assert recovery([delivery(8.0, attempt)], DEATHS).calls == calls


def test_a_call_that_is_never_settled_is_counted() -> None:
    assert recovery([delivery(8.0, (9.0, None))], DEATHS).open_calls == 1


def test_a_first_attempt_after_a_kill_is_timed_from_the_restart() -> None:
    assert recovery([delivery(9.0, (15.0, 16.0))], DEATHS).queued == (4.0,)


def test_a_restart_is_timed_until_its_first_call_unless_it_made_none() -> None:
    assert recovery([delivery(9.0, (15.0, 16.0), (17.0, 18.0))], DEATHS).first_calls == (4.0,)
