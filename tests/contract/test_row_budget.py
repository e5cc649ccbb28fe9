"""How many rows each request and each delivery costs: a promise of the design, counted on every write."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engines.store import operations as op
from engines.store.base import Store
from engines.store.dialect.base import Mode, Statement
from engines.store.sqlite import SqliteStore
from migrations import runner
from models.ids import attempt_key
from models.states import DeliveryState, Outcome
from models.topics import BusTopic
from models.vocabulary import Channel
from tests.contract.test_store import clock, delivery, ids, make_tenant, make_users, notification, outbox, settlement


class Rows:
    """Counts the rows that statements write, by table."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()

    def __call__(self, statement: Statement) -> None:
        """See `SqliteStore`."""
        if statement.mode is Mode.MANY:
            words = statement.text.split()
            table = words[1] if words[0] == "UPDATE" else words[2]
            self.written[f"{words[0]} {table}"] += len(statement.values)


@pytest.fixture
def rows() -> Rows:
    """What the test wrote."""
    return Rows()


@pytest.fixture
async def counted(tmp_path: Path, rows: Rows) -> AsyncIterator[Store]:
    """A store whose writes are counted."""
    path = tmp_path / "carillon.db"
    runner.upgrade(f"sqlite:///{path}")
    store = SqliteStore(path, observe=rows)
    yield store
    await store.close()


async def test_a_request_costs_one_row_and_one_more_with_a_key(counted: Store, rows: Rows) -> None:
    tenant = await make_tenant(counted)
    [ada] = await make_users(counted, tenant, "ada")
    rows.written.clear()

    await counted.write(op.Accept(tenant, tuple([notification(ada) for _ in range(100)])))
    keyed = tuple([notification(ada, key=bytes([n]) * 16) for n in range(100)])
    await counted.write(op.Accept(tenant, keyed))

    assert rows.written == {"INSERT notifications": 200, "INSERT idempotency_keys": 100, "INSERT outbox": 2}


async def test_an_inbox_delivery_costs_three_rows(counted: Store, rows: Rows) -> None:
    tenant = await make_tenant(counted)
    names = [f"user {n}" for n in range(50)]
    people = await make_users(counted, tenant, *names)
    item = notification(*people)
    await counted.write(op.Accept(tenant, (item,)))
    rows.written.clear()

    batch = tuple([delivery(tenant, item.id, user, Channel.IN_APP) for user in people])
    await counted.write(op.Expand(batch, clock.now_us()))

    assert rows.written == {"INSERT deliveries": 50, "INSERT inbox_heads": 50, "INSERT inbox": 50}


async def test_an_email_delivery_costs_four_rows(counted: Store, rows: Rows) -> None:
    tenant = await make_tenant(counted)
    people = await make_users(counted, tenant, *[f"user {n}" for n in range(50)])
    item = notification(*people)
    await counted.write(op.Accept(tenant, (item,)))
    rows.written.clear()

    batch = tuple([delivery(tenant, item.id, user, Channel.EMAIL) for user in people])
    await counted.write(op.Expand(batch, clock.now_us()))
    pointers = await outbox(counted, BusTopic.EMAIL_QUEUED)
    worker, claim = ids.new(), ids.new()
    attempts = tuple([(tenant, attempt_key(pointer)) for _, pointer in pointers])
    await counted.write(op.Claim(claim, worker, "smtp", attempts, clock.now_us()))
    done = [settlement(*attempt, worker, DeliveryState.SENT, Outcome.SENT) for attempt in attempts]
    await counted.write(op.Settle(tuple(done), (claim,)))

    per_delivery = {key: count for key, count in rows.written.items() if count == 50}
    assert per_delivery == {
        "INSERT deliveries": 50,
        "INSERT notification_delivery_logs": 50,
        "UPDATE notification_delivery_logs": 50,
        "UPDATE deliveries": 50,
    }
    assert {key: count for key, count in rows.written.items() if count != 50} == {
        "INSERT outbox": 1,
        "UPDATE outbox": 1,
        "DELETE outbox": 1,
        "INSERT claims": 1,
        "DELETE claims": 1,
    }
