"""The outbox drill in its short form, and proof that its comparison sees a row that is missed or comes twice."""

import pytest

from deploy.local.postgres import Postgres
from tests.drills.outbox_gap import compared, drill
from tests.stores import service_url


async def test_no_row_is_missed_however_late_it_is_committed(postgres_server: Postgres, postgres_database: str) -> None:
    gap = await drill(service_url(postgres_server, postgres_database), rows=2_000, seed=17)

    assert (gap.written, gap.missed, gap.doubled) == (2_000, 0, 0)
    assert gap.overtaken > 0


@pytest.mark.parametrize(
    ("taken", "missed", "doubled"),
    [([1, 2], 1, 0), ([1, 2, 3, 3], 0, 1), ([1, 2, 3, 9], 0, 1)],
    ids=["one missed", "one twice", "one that nobody wrote"],
)
def test_a_planted_fault_is_found(taken: list[int], missed: int, doubled: int) -> None:
    gap = compared([1, 3, 2], taken, 1.0)

    assert (gap.missed, gap.doubled, gap.overtaken) == (missed, doubled, 1)
    assert not gap.passed
