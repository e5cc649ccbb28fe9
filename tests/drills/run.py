"""`python -m tests.drills.run NAME`: the drills in their long form, with a line for each thing done and a verdict."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from statistics import median

from bench import report
from bench.ending import run
from bench.scratch import forget, new_folder
from deploy.local.postgres import Postgres
from tests.drills import engines, foreign_ids, fuzz, kill, outbox_gap
from tests.e2e.process import running


class Arguments(argparse.Namespace):
    """The command line."""

    drill: str
    kills: int
    n: int
    people: int
    store: str
    seed: int
    mean_life: float
    rows: int


def kill_drill(arguments: Arguments) -> bool:
    """Whether it passed. What it wrote stays where it did not."""
    folder = new_folder("kill")
    with engines.environment(arguments.store) as environment:
        plan = kill.Plan(
            kills=arguments.kills,
            sends=arguments.n,
            people=arguments.people,
            seed=arguments.seed,
            mean_life_s=arguments.mean_life,
            environment=environment,
        )
        _say(f"kill on {arguments.store}: {plan.kills} kills, {plan.sends:,} sends, files in {folder}")
        outcome = run(kill.drill(folder, plan, _say))
    _say("\n" + report.table([*report.rows(outcome.journals), *_recovered(outcome)]))
    _say("\n" + report.verdict(outcome.findings, outcome.faults))
    if outcome.passed:
        forget(folder)
    return outcome.passed


def outbox_drill(arguments: Arguments) -> bool:
    """Whether it passed."""
    with engines.environment("postgres") as environment:
        _say(f"outbox_gap: {outbox_gap.WRITERS} writers, {outbox_gap.CONSUMERS} consumers, {arguments.rows:,} rows")
        gap = run(outbox_gap.drill(environment["CARILLON_STORE"], arguments.rows, arguments.seed))
    rows = [
        ("rows written", f"{gap.written:,} in {gap.seconds:.1f} s"),
        ("missed", str(gap.missed)),
        ("doubled", str(gap.doubled)),
        ("committed after a higher number", f"{gap.overtaken:,}, which who remembers the highest may miss"),
    ]
    _say(report.table(rows))
    _say(f"\n{'PASS' if gap.passed else 'FAIL'}")
    return gap.passed


def fuzz_drill(arguments: Arguments) -> bool:
    """Whether it passed."""
    folder = new_folder("fuzz")
    with engines.environment(arguments.store) as environment, running(folder, environment) as process:
        _say(f"fuzz on {arguments.store}: {arguments.n:,} cases on each of REST and GraphQL, files in {folder}")
        found = fuzz.fuzz(process, arguments.n, arguments.seed)
    for one in found:
        _say(f"{one.name}: {one.cases:,} cases on {one.operations} operations")
        _say(one.said) if one.said else None
    passed = not any(one.said for one in found)
    if passed:
        forget(folder)
    _say(f"\n{'PASS' if passed else 'FAIL'}")
    return passed


def foreign_drill(arguments: Arguments) -> bool:
    """Whether it passed."""
    folder = new_folder("foreign-ids")
    _say(f"foreign_ids on {arguments.store}: {arguments.n:,} ids")
    if arguments.store == "sqlite":
        outcome = run(foreign_ids.drill(folder, arguments.n, arguments.seed))
    else:
        with Postgres.temporary() as server:
            outcome = run(foreign_ids.drill(folder, arguments.n, arguments.seed, server))
    forget(folder)
    _say(report.table(list(foreign_ids.shown(outcome))))
    _say(f"\n{'PASS' if outcome.passed else 'FAIL'}")
    return outcome.passed


def _recovered(outcome: kill.Outcome) -> Iterator[report.Row]:
    yield "kills", str(len(outcome.deaths))
    yield "requests sent again", f"{outcome.repeated:,}; {outcome.found_again:,} sends had been accepted already"
    yield "connections of live readers", f"{outcome.resumes:,}"
    yield "calls under way at a kill, settled", _delays(outcome.recovery.calls)
    yield "mails waiting at a kill, begun", _delays(outcome.recovery.queued)
    yield "restarts, first call", _delays(outcome.recovery.first_calls)


def _delays(delays: Sequence[float]) -> str:
    if not delays:
        return "0"
    return f"{len(delays):,}, after {median(delays):.1f} s in the middle and {max(delays):.1f} s at most"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments(words: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.run")
    drills = parser.add_subparsers(dest="drill", required=True)
    killing = drills.add_parser("kill", help="kill the product while it is used; nothing accepted may be lost")
    killing.add_argument("--kills", type=int, default=20)
    killing.add_argument("--n", type=int, default=20_000, help="notifications")
    killing.add_argument("--people", type=int, default=300, help="made-up users, each with a live reader")
    killing.add_argument("--store", choices=engines.STORES, default="sqlite")
    killing.add_argument("--mean-life", type=float, default=4.0, help="seconds from a start to the next kill")
    gap = drills.add_parser("outbox_gap", help="late commits on PostgreSQL; no consumer may miss a row")
    gap.add_argument("--rows", type=int, default=20_000)
    fuzzing = drills.add_parser("fuzz", help="Schemathesis on REST and GraphQL; no answer may be a fault of ours")
    fuzzing.add_argument("--n", type=int, default=10_000, help="cases on each")
    fuzzing.add_argument("--store", choices=engines.STORES, default="sqlite")
    foreign = drills.add_parser("foreign_ids", help="ask for another tenant's ids; no answer may tell")
    foreign.add_argument("--n", type=int, default=100_000, help="ids")
    foreign.add_argument("--store", choices=engines.STORES, default="sqlite")
    for one in (killing, gap, fuzzing, foreign):
        one.add_argument("--seed", type=int, default=17, help="decides everything that is drawn")
    return parser.parse_args(words, namespace=Arguments())


def main(words: Sequence[str]) -> int:
    """The exit status: 0 if the drill passed."""
    arguments = _arguments(words)
    drills = {"kill": kill_drill, "outbox_gap": outbox_drill, "fuzz": fuzz_drill, "foreign_ids": foreign_drill}
    return 0 if drills[arguments.drill](arguments) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
