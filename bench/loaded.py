"""A store with users and a past, to be measured. Used by benchmarks."""

import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from bench.bare_sqlite import count_rows
from bench.meter import Meter
from engines.secrets.base import KeyRing
from engines.secrets.sealer import Sealer
from engines.store import operations as op
from engines.store.base import Store
from engines.store.dialect.base import Mode, Statement
from engines.store.sqlite import SqliteStore
from migrations import runner
from models.clock import Clock, SystemClock
from models.ids import Ids
from models.states import DeliveryState
from models.topics import BusTopic, Lane
from models.vocabulary import Channel, Priority, TenantKind
from usecases.tenant_directory import TenantDirectory

PIECE = 2_000
ROWS_A_NOTIFICATION = 3
PAST_US = 2 * 3_600 * 1_000_000
"""Earlier than what the hourly limit counts."""
COUNTED = ("notifications", "idempotency_keys", "deliveries", "inbox")


class Watch:
    """Counts statements of the pipeline and rows given to the heads."""

    def __init__(self) -> None:
        self.by_text: Counter[str] = Counter()
        self.head_rows = 0
        self.commits = 0

    def __call__(self, statement: Statement) -> None:
        """See `SqliteStore`."""
        self.by_text[statement.text] += 1
        if statement.mode is Mode.MANY and statement.text.startswith("INSERT INTO inbox_heads"):
            self.head_rows += len(statement.values)

    def committed(self) -> None:
        """One group was committed."""
        self.commits += 1

    def clear(self) -> None:
        """Start over."""
        self.by_text.clear()
        self.head_rows = 0
        self.commits = 0

    def pipeline_statements(self) -> int:
        """All statements but those that accepting makes."""
        return sum(count for text, count in self.by_text.items() if not _is_accepting(text))


def _is_accepting(text: str) -> bool:
    return text.startswith(("INSERT INTO notifications", "INSERT INTO idempotency", "INSERT INTO outbox")) or (
        "JOIN users" in text or "JOIN idempotency_keys" in text
    )


class Loaded(msgspec.Struct, frozen=True):
    """What a benchmark works on."""

    path: Path
    store: Store
    watch: Watch
    meter: Meter
    sealer: Sealer
    tenants: TenantDirectory
    clock: Clock
    ids: Ids
    tenant: bytes
    users: list[bytes]

    def rows(self) -> dict[str, int]:
        """Rows by table, as another connection sees them."""
        return count_rows(self.path, COUNTED)

    def head_writes(self) -> int:
        """Rows of inbox heads written since the watch was cleared."""
        return self.watch.head_rows


async def load(path: Path, *, users: int, rows: int) -> Loaded:
    """A new file with a tenant, its users and about `rows` rows of earlier notifications."""
    runner.upgrade(f"sqlite:///{path}")
    watch, meter, clock = Watch(), Meter(), SystemClock()
    meter.meter_transactions()
    store = SqliteStore(path, observe=watch, committed=watch.committed)
    ids = Ids(clock.now_us)
    sealer = Sealer(KeyRing(1, 1, {1: bytes(range(32))}))
    tenant = ids.new()
    [wrapped] = sealer.new_keys([tenant])
    await store.write(op.PutTenant(tenant, ids.new(), "bench", "bench", TenantKind.LIVE, wrapped, clock.now_us()))
    people = await _people(store, ids, tenant, users, clock.now_us())
    await _past(store, ids, tenant, people, rows // ROWS_A_NOTIFICATION, clock.now_us() - PAST_US)
    tenants = TenantDirectory(store)
    await tenants.get(tenant)
    return Loaded(path, store, watch, meter, sealer, tenants, clock, ids, tenant, people)


async def _people(store: Store, ids: Ids, tenant: bytes, count: int, at_us: int) -> list[bytes]:
    people: list[bytes] = []
    for first in range(0, count, PIECE):
        new = ids.many(min(PIECE, count - first))
        rows = tuple([_user(user) for user in new])
        await store.write(op.UpsertUsers(tenant, rows, at_us))
        people += new
        _progress("users", len(people), count)
    return people


def _user(user: bytes) -> op.UserRow:
    # blind indexes are random in real life, and so they are here
    blind = user[::-1] + user[::-1]
    return op.UserRow(user, blind, b"h" * 45, b"k" * 63, "en", None, None, ((Channel.EMAIL, blind, b"a" * 50),))


async def _past(store: Store, ids: Ids, tenant: bytes, people: list[bytes], count: int, at_us: int) -> None:
    for first in range(0, count, PIECE):
        new = ids.many(min(PIECE, count - first))
        pairs = [(one, people[(first + place) % len(people)]) for place, one in enumerate(new)]
        await store.write(op.Accept(tenant, tuple([_notification(one, user, at_us) for one, user in pairs])))
        await store.write(op.Expand(tuple([_delivery(tenant, one, user) for one, user in pairs]), at_us))
        taken = await store.write(op.TakeOutbox(BusTopic.NOTIFICATION_CREATED, tenant, PIECE))
        await store.write(op.DropOutbox(tuple([row.seq for row in taken])))
        _progress("earlier rows", (first + len(new)) * ROWS_A_NOTIFICATION, count * ROWS_A_NOTIFICATION)


def _notification(one: bytes, user: bytes, at_us: int) -> op.NewNotification:
    mask = 1 << Channel.IN_APP
    return op.NewNotification(
        one, Priority.NORMAL, Lane.NORMAL, mask, "transactional", (user,), (), None, b"c" * 120, None, None, None,
        at_us, one,
    )  # fmt: skip


def _delivery(tenant: bytes, one: bytes, user: bytes) -> op.NewDelivery:
    channel = Channel.IN_APP
    return op.NewDelivery(
        tenant, one, user, channel.value, channel, DeliveryState.DELIVERED, None, b"\x01\x01", "en", Lane.NORMAL
    )


def _progress(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what}: {done:,} of {of:,} at {time.strftime('%X')}   ")
