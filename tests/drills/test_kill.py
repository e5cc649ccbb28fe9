"""The kill drill in its short form, and proof that its checker would have seen a fault in what the drill saw."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bench.balance import judge
from bench.findings import Kind
from bench.journals import InboxEntry, Journals, Mail
from deploy.local.postgres import Postgres
from tests.drills.engines import STORES, postgres_environment
from tests.drills.kill import Outcome, Plan, drill

KILLS = 3


@pytest.mark.parametrize("store", STORES)
async def test_nothing_accepted_is_lost_when_the_process_is_killed(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    outcome = await drill(tmp_path, plan(store, request), print)

    assert (outcome.findings, outcome.faults) == ((), ())
    assert len(outcome.deaths) == KILLS
    assert outcome.resumes > KILLS * len(outcome.journals.people)
    assert_planted_faults_are_found(outcome)


def plan(store: str, request: pytest.FixtureRequest) -> Plan:
    environment = {}
    if store == "postgres":
        server: Postgres = request.getfixturevalue("postgres_server")
        environment = postgres_environment(server, request.getfixturevalue("postgres_database"))
    return Plan(kills=KILLS, sends=300, people=40, seed=17, mean_life_s=3.0, environment=environment)


def assert_planted_faults_are_found(outcome: Outcome) -> None:
    for plant, kind in PLANTS.items():
        assert kind in {one.kind for one in judge(plant(outcome.journals))}, plant.__name__


def lost_mail(journals: Journals) -> Journals:
    victim = _explained_once(journals)
    return msgspec.structs.replace(journals, mails=[one for one in journals.mails if one != victim])


def doubled_mail(journals: Journals) -> Journals:
    return msgspec.structs.replace(journals, mails=[*journals.mails, _explained_once(journals)])


def swapped_mail(journals: Journals) -> Journals:
    victim = _explained_once(journals)
    other = next(person.address for person in journals.people if person.address not in {None, victim.to})
    swapped = msgspec.structs.replace(victim, to=other)
    return msgspec.structs.replace(journals, mails=[swapped if one == victim else one for one in journals.mails])


def leaked_mail(journals: Journals) -> Journals:
    leak = Mail("nobody@example.test", "hello", None, None)
    return msgspec.structs.replace(journals, mails=[*journals.mails, leak])


def lost_item(journals: Journals) -> Journals:
    return _with_log(journals, lambda log: log[:-1])


def doubled_item(journals: Journals) -> Journals:
    return _with_log(journals, lambda log: [*log, log[-1]])


def skipped_item(journals: Journals) -> Journals:
    return _with_log(journals, lambda log: [*log[:-2], log[-1]])


PLANTS: dict[Callable[[Journals], Journals], Kind] = {
    lost_mail: Kind.LOST,
    doubled_mail: Kind.DUPLICATE,
    swapped_mail: Kind.SWAP,
    leaked_mail: Kind.LEAK,
    lost_item: Kind.LOST,
    doubled_item: Kind.DUPLICATE,
    skipped_item: Kind.GAP,
}


def _explained_once(journals: Journals) -> Mail:
    """A mail whose attempt is SENT, so that nothing explains its absence or a second copy."""
    sent = {
        attempt.id
        for of_one in journals.deliveries.values()
        for one in of_one
        for attempt in one.attempts
        if attempt.outcome == "SENT"
    }
    return next(mail for mail in journals.mails if mail.attempt in sent)


def _with_log(journals: Journals, change: Callable[[list[InboxEntry]], list[InboxEntry]]) -> Journals:
    """Another log for the reader with the most items."""
    reader = max(journals.inboxes, key=lambda one: len(journals.inboxes[one]))
    changed = change(list(journals.inboxes[reader]))
    return msgspec.structs.replace(journals, inboxes={**journals.inboxes, reader: changed})
