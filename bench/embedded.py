"""`python -m bench.embedded`: from accept to the delivered, logged in-app item, in one process on SQLite.

All stages are on; each notification goes to another user; a million rows lie in the store already. The rival in the
same run is the bare minimum that any implementation pays: the same rows written by one prepared INSERT each.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvloop

import dispatchers.stages
from bench import bare_sqlite
from bench.loaded import Loaded, load
from dispatchers.consumer import Consumer, Pointer
from dispatchers.discovery import stage_makers
from dispatchers.orchestrator import Orchestrator
from dispatchers.recipient_limits import HourlyLimits
from dispatchers.stages.tools import StageTools
from engines.broadcast.process import ProcessBroadcast
from engines.bus.outbox import OutboxBus
from models import ids
from models.content import Content
from models.principal import Principal
from models.topics import BusTopic
from models.vocabulary import Channel, Priority, Role
from usecases.quotas import Quotas
from usecases.requests import Audience as To
from usecases.requests import SendRequest
from usecases.rules_directory import RulesDirectory
from usecases.send_notifications import Directories, SendNotifications
from usecases.template_directory import TemplateDirectory

POLL_LIMIT = 2_000
HOURLY_LIMIT = 150
QUOTA_PER_MINUTE = 1_000_000_000
"""Counted, and never reached."""
CALL_AT_MOST = 1_000
CALLERS = {1: 64, 100: 16, 2_000: 4}
"""How many callers send at the same time, by the batch that each sends."""


class Case(msgspec.Struct, frozen=True):
    """One measurement."""

    batch: int
    keyed: bool
    count: int


class Result(msgspec.Struct, frozen=True):
    """What it came to."""

    case: Case
    seconds: float
    cpu_seconds: float
    cpu_us: dict[str, float]
    rows_per_request: float
    rows_per_delivery: float
    statements_per_batch: float
    commits: int


class Arrivals:
    """`Counts` that waits for a number of deliveries."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self.done = asyncio.Event()

    def taken(self, topic: str, pointers: int) -> None:
        """See `Counts`."""

    def set_aside(self, topic: str, pointers: int) -> None:
        """See `Counts`."""
        raise AssertionError(f"{pointers} pointers of {topic} could not be handled")

    def expanded(self, state: str, reason: str, deliveries: int) -> None:
        """See `Counts`."""
        if state != "DELIVERED":
            raise AssertionError(f"{deliveries} deliveries are {state} because of {reason}")
        self._left -= deliveries
        if self._left <= 0:
            self.done.set()

    def settled(self, channel: str, state: str, reason: str, attempts: int) -> None:
        """See `Counts`."""


def main(words: Sequence[str]) -> int:
    """Load, measure each case, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.embedded", description=__doc__)
    parser.add_argument("--n", type=int, default=100_000, help="recipients, each different")
    parser.add_argument("--loaded", type=int, default=1_000_000, help="rows that lie in the store before")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 100, 2_000])
    arguments = parser.parse_args(words)
    uvloop.run(_run(arguments.n, arguments.loaded, arguments.batches))
    return 0


async def _run(count: int, loaded_rows: int, batches: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory(prefix="carillon-bench-") as folder:
        path = Path(folder) / "carillon.db"
        base = await load(path, users=count, rows=loaded_rows)
        _say(_about(path, loaded_rows))
        limits = HourlyLimits(base.store, base.clock)
        results = []
        for batch in batches:
            for keyed in (False, True):
                size = count if batch > 1 else max(count // 5, 1_000)
                results.append(await _measure(base, limits, Case(batch, keyed, size)))
                _say(_line(results[-1]))
        await base.store.close()
        _say(bare_sqlite.rival(Path(folder) / "rival.db", min(count, 100_000)))
        for result in results:
            _say(_stages(result))


async def _measure(base: Loaded, limits: HourlyLimits, case: Case) -> Result:
    meter = base.meter
    meter.cpu_ns.clear()
    meter.calls.clear()
    base.watch.clear()
    arrivals = Arrivals(case.count)
    async with _pipeline(base, limits, arrivals) as send:
        before, began, cpu = base.rows(), time.perf_counter(), time.process_time()
        await _send_all(base, send, case)
        await arrivals.done.wait()
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    after = base.rows()
    added = {table: after[table] - before[table] for table in after}
    batches = max(meter.calls["Expand"], 1)
    return Result(
        case,
        seconds,
        cpu_seconds,
        {label: ns / 1_000 / case.count for label, ns in meter.cpu_ns.items()},
        (added["notifications"] + added["idempotency_keys"]) / case.count,
        (added["deliveries"] + added["inbox"] + base.head_writes()) / case.count,
        base.watch.pipeline_statements() / batches,
        base.watch.commits,
    )


@asynccontextmanager
async def _pipeline(base: Loaded, limits: HourlyLimits, arrivals: Arrivals) -> AsyncIterator[SendNotifications]:
    bus, rules = OutboxBus(base.store, base.ids.new()), RulesDirectory(base.store, base.clock)
    templates = TemplateDirectory(base.store, base.clock)
    tools = StageTools(
        store=base.store,
        clock=base.clock,
        rules=rules,
        templates=templates,
        limits=limits,
        served=1 << Channel.IN_APP | 1 << Channel.EMAIL,
        hourly_limit=HOURLY_LIMIT,
    )
    stages = [make(tools) for make in stage_makers(dispatchers.stages)]
    orchestrator = Orchestrator(base.store, bus, ProcessBroadcast(), stages, base.clock, arrivals)

    async def handle(pointers: Sequence[Pointer]) -> None:
        await base.meter.metered("orchestrate", orchestrator(pointers))

    consumer = Consumer(bus, BusTopic.NOTIFICATION_CREATED, handle, arrivals, limit=POLL_LIMIT, at_once=1)
    running = asyncio.create_task(consumer.run())
    try:
        known = Directories(base.tenants, rules, templates)
        quotas = Quotas(base.clock, QUOTA_PER_MINUTE)
        yield SendNotifications(base.store, base.sealer, known, quotas, bus, base.clock, base.ids)
    finally:
        consumer.stop()
        await running


async def _send_all(base: Loaded, send: SendNotifications, case: Case) -> None:
    caller = Principal(base.tenant, base.ids.new(), Role.ADMIN, "bench")
    salt = os.urandom(4).hex()
    places = iter(range(0, case.count, min(case.batch, CALL_AT_MOST)))

    async def one_caller() -> None:
        for first in places:
            size = min(case.batch, CALL_AT_MOST, case.count - first)
            requests = [_request(base.users[place], salt, place, case) for place in range(first, first + size)]
            answers = await base.meter.metered("accept", send(caller, requests))
            if not all(hasattr(answer, "duplicate") for answer in answers):
                raise AssertionError(f"not accepted: {answers[0]}")

    calls_a_batch = max(1, case.batch // CALL_AT_MOST)
    await asyncio.gather(*[one_caller() for _ in range(CALLERS.get(case.batch, 8) * calls_a_batch)])


def _request(user: bytes, salt: str, place: int, case: Case) -> SendRequest:
    return SendRequest(
        to=To(user=ids.encode(ids.USER, user)),
        content=Content(body=f"Order {place} was shipped and is on its way to you.", title="Shipped"),
        channels=(Channel.IN_APP,),
        priority=Priority.NORMAL,
        idempotency_key=f"order-{salt}-{place}" if case.keyed else None,
    )


def _about(path: Path, loaded_rows: int) -> str:
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {bare_sqlite.VERSION}, "
        f"{loaded_rows:,} rows loaded ({path.stat().st_size >> 20} MiB), synchronous=FULL\n"
        f"{'batch':>6} {'keyed':>6} {'n':>8} {'per s':>8} {'CPU µs':>7} {'rows/request':>13} {'rows/delivery':>14} "
        f"{'statements/batch':>17} {'commits':>8}"
    )


def _line(one: Result) -> str:
    case = one.case
    return (
        f"{case.batch:>6,} {'yes' if case.keyed else 'no':>6} {case.count:>8,} {case.count / one.seconds:>8,.0f} "
        f"{one.cpu_seconds * 1e6 / case.count:>7.1f} {one.rows_per_request:>13.2f} {one.rows_per_delivery:>14.2f} "
        f"{one.statements_per_batch:>17.1f} {one.commits:>8,}"
    )


def _stages(one: Result) -> str:
    known = sum(one.cpu_us.values())
    rest = one.cpu_seconds * 1e6 / one.case.count - known
    parts = [f"{label} {us:.1f}" for label, us in sorted(one.cpu_us.items(), key=lambda item: -item[1]) if us >= 0.05]
    keyed = "keyed" if one.case.keyed else "unkeyed"
    return f"CPU µs by stage, batch {one.case.batch:,} {keyed}: {', '.join(parts)}, commits and loop {rest:.1f}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
