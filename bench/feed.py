"""`python -m bench.feed`: real webhook payloads through the public API, until the outside journals balance.

Starts a Carillon and a simulator of its own, unless `--url` names a running one.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from bench import campaign, people, readers, reading, report, rules, webhooks
from bench.api import Api
from bench.balance import judge
from bench.children import admin_key, carillon, free_port, simulator, smtp_journal
from bench.ending import run
from bench.journals import EMAIL, Fate, Journals, Person, Send
from bench.pace import Pace
from bench.progress import Progress
from bench.scratch import forget, new_folder
from bench.sender import Sender
from bench.startup import ready
from errors import CarillonError, ConfigurationError

CONNECTIONS = 20
KEYED = 0.5
"""Which share of the notifications carries an idempotency key."""
FAR_S = 15.0
"""A delivery that waits for longer than this counts as waiting; sooner retries are waited for."""
REST_WITHIN_S = 600.0
SHORT_TIMEOUTS = {"CARILLON_EMAIL_TIMEOUT_S": "2", "CARILLON_EMAIL_FINAL_TIMEOUT_S": "2"}


class Arguments(argparse.Namespace):
    """The command line."""

    n: int
    people: int
    seed: int
    url: str | None
    key: str | None
    keys_folder: Path | None
    smtp_journal: Path | None
    keep: bool


class Target(msgspec.Struct, frozen=True):
    """The Carillon that is fed, and where its outside journals come from."""

    url: str
    key: str
    keys_folder: Path
    smtp_journal: Path
    folder: Path | None = None
    """Of everything that was started for the run."""


async def feed(arguments: Arguments) -> int:
    """The exit status: 0 if everything balances."""
    progress = Progress()
    events = webhooks.events()
    async with _target(arguments) as target:
        persons = await _introduce(target, arguments, webhooks.categories(events), progress)
        watchers = people.Watchers(arguments.people, arguments.seed)
        planned = campaign.sends(events, arguments.n, watchers, arguments.seed, KEYED)
        sender, seconds = await _send(target, persons, planned, arguments.seed, progress)
        began_s = time.monotonic()
        journals, restless = await _journals(target, persons, sender, progress)
    shown = [("webhook payloads", f"{len(events):,}, cycled"), *report.rows(journals)]
    rate = len(planned) / seconds
    shown.insert(1, ("sent in", f"{seconds:.1f} s, {rate:,.0f} a second; all at rest and read {_after(began_s)} later"))
    findings = judge(journals)
    refused = [f"refused: No. {one.send.number}: {one.note}" for one in sender.journal if one.fate is Fate.REFUSED]
    more = [*refused[: report.MOST_SHOWN], *sender.broken_promises, *restless]
    sys.stdout.write(f"\n{report.table(shown)}\n\n{report.verdict(findings, more)}\n")
    passed = not findings and not more
    _put_away(target.folder, keep=arguments.keep or not passed)
    return 0 if passed else 1


def _put_away(folder: Path | None, *, keep: bool) -> None:
    if folder is not None and keep:
        sys.stdout.write(f"database, logs and journals: {folder}\n")
    elif folder is not None:
        forget(folder)


@contextlib.asynccontextmanager
async def _target(arguments: Arguments) -> AsyncIterator[Target]:
    if arguments.url is not None:
        yield _named(arguments.url, arguments)
        return
    folder = new_folder("feed")
    with simulator(folder) as ports:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        product = carillon(folder, port, ports.smtp_port, SHORT_TIMEOUTS)
        product.start()
        try:
            await ready(product, url)
            yield Target(url, admin_key(folder), folder / "var" / "keys", smtp_journal(folder), folder)
        finally:
            product.stop()


def _named(url: str, arguments: Arguments) -> Target:
    if arguments.key is None or arguments.keys_folder is None or arguments.smtp_journal is None:
        raise ConfigurationError("--url needs --key, --keys-folder and --smtp-journal, or nothing can be compared")
    return Target(url.rstrip("/"), arguments.key, arguments.keys_folder, arguments.smtp_journal)


async def _introduce(
    target: Target, arguments: Arguments, categories: Sequence[str], progress: Progress
) -> list[Person]:
    progress.begin("people", arguments.people)
    drawn = people.addresses(arguments.people, arguments.seed)
    by_id = {people.external_id(number): address for number, address in enumerate(drawn)}
    api = Api(target.url, target.key)
    persons = rules.declining(await api.upsert(by_id), categories, arguments.seed)
    await rules.lay_down(api, categories, persons, rules.HOURLY_LIMIT)
    api.close()
    progress.at(len(persons))
    progress.end()
    return persons


async def _send(
    target: Target, persons: Sequence[Person], planned: Sequence[Send], seed: int, progress: Progress
) -> tuple[Sender, float]:
    progress.begin("notifications", len(planned))
    sender = Sender(
        target.url,
        target.key,
        {person.external_id: person.id for person in persons},
        connections=CONNECTIONS,
        pace=Pace(),
        moved=lambda: progress.at(len(sender.journal)),
    )
    began_s = time.monotonic()
    await sender.run(campaign.requests(planned, seed))
    progress.end()
    return sender, time.monotonic() - began_s


async def _journals(
    target: Target, persons: Sequence[Person], sender: Sender, progress: Progress
) -> tuple[Journals, list[str]]:
    accepted = [entry.notification for entry in sender.journal if entry.notification is not None]
    mailed = sum(len(one.send.audience) for one in sender.journal if EMAIL in one.send.channels)
    progress.begin("SMTP outcomes, of at least about", mailed)
    await reading.quiet(target.smtp_journal, REST_WITHIN_S, progress.at)
    progress.end()
    progress.begin("notifications at rest", len(accepted))
    log = await reading.deliveries_at_rest(
        target.url, target.key, accepted, far_s=FAR_S, within_s=REST_WITHIN_S, moved=progress.at
    )
    progress.end()
    taken = [mail for mail in reading.mails(target.smtp_journal) if log.covers(mail)]
    progress.begin("inboxes", len(persons))
    api = Api(target.url, target.key)
    tokens = await readers.Tokens.of(target.keys_folder, await api.tenant())
    api.close()
    inboxes = await readers.inboxes(target.url, tokens, persons, progress.at)
    progress.end()
    restless = [f"{one} did not come to rest within {REST_WITHIN_S:g} s" for one in sorted(log.restless)]
    journals = Journals(persons, sender.journal, taken, inboxes, log.deliveries, rules.HOURLY_LIMIT)
    return journals, restless[: report.MOST_SHOWN]


def _after(began_s: float) -> str:
    return f"{time.monotonic() - began_s:.0f} s"


def _arguments(words: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser(prog="python -m bench.feed", description="Feed a Carillon and check what comes.")
    parser.add_argument("--n", type=int, default=20_000, help="notifications")
    parser.add_argument("--people", type=int, default=10_000, help="made-up users")
    parser.add_argument("--seed", type=int, default=17, help="decides everything that is drawn")
    parser.add_argument("--url", help="a running Carillon; without it one is started")
    parser.add_argument("--key", help="its admin key")
    parser.add_argument("--keys-folder", type=Path, help="its key files, with which tokens for inboxes are made")
    parser.add_argument("--smtp-journal", type=Path, help="the journal of the simulator that it sends to")
    parser.add_argument("--keep", action="store_true", help="keep database and journals even if all balances")
    return parser.parse_args(words, namespace=Arguments())


def main(words: Sequence[str]) -> int:
    """The exit status: 0 if everything balances, 1 if not, 2 where it could not be tried."""
    try:
        return run(feed(_arguments(words)))
    except CarillonError as problem:
        sys.stderr.write(f"{problem.message}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
