"""The kill drill: the real process is killed again and again while it is used, and nothing accepted may be lost.

Three outside journals (sender, SMTP server, live inbox readers) are compared with the attempt log by `bench.balance`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec

from bench import campaign, people, reading, rules, webhooks
from bench.api import Api
from bench.balance import judge
from bench.children import Child, Ports, admin_key, carillon, free_port, simulator, smtp_journal
from bench.expected import came_true
from bench.findings import Finding
from bench.inbox_places import seq_of
from bench.journals import Fate, Journals, Person
from bench.pace import Pace
from bench.patience import patiently
from bench.readers import Tokens
from bench.sender import Sender
from bench.startup import ready
from tests.drills.follower import Follower, surprises
from tests.drills.recovery import Death, Recovery, recovery

CONNECTIONS = 20
HOURLY_LIMIT = 400
"""The most watched people pass it in the long form."""
KEYED = 0.9
SCRIPTS = {"bounce": 0.02, "defer": 0.02, "slow-1": 0.01, "drop-after-data": 0.01, "hang-after-data": 0.005}
"""Shares of scripted addresses: all of them come to an end within a minute."""
BATCHES = (2, 12)
"""Small requests: there is nearly always one under way."""
LONGEST_AIM_S = 0.02
AUDIENCE_SIZES = ((1, 90), (5, 10))
SETTINGS = {"CARILLON_EMAIL_TIMEOUT_S": "1", "CARILLON_EMAIL_FINAL_TIMEOUT_S": "5"}
"""Short calls make a short lease: 22 s."""
MUST_RESUME_WITHIN_S = 35.0
FAR_S = 10.0
REST_WITHIN_S = 300.0
CATCH_UP_WITHIN_S = 30.0
SHORTEST_LIFE_S = 0.05


class Plan(msgspec.Struct, frozen=True):
    """What shall happen."""

    kills: int
    sends: int
    people: int
    seed: int
    mean_life_s: float
    environment: Mapping[str, str]
    """Settings of the product, on top of the drill's own."""


class Outcome(msgspec.Struct, frozen=True):
    """What happened."""

    journals: Journals
    deaths: tuple[Death, ...]
    recovery: Recovery
    resumes: int
    """Connections that live readers made."""
    repeated: int
    """Requests sent again."""
    found_again: int
    """Sends that had been accepted when the process was killed before it could answer."""
    findings: tuple[Finding, ...]
    faults: tuple[str, ...]
    """What is wrong and does not belong to one of the journals."""

    @property
    def passed(self) -> bool:
        """Nothing is wrong."""
        return not self.findings and not self.faults


async def drill(folder: Path, plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Run it in an empty folder."""
    with simulator(folder) as ports:
        run = Run(folder, plan, ports, say)
        try:
            return await run.run()
        finally:
            run.product.kill()


class Run:
    """One drill under way."""

    def __init__(self, folder: Path, plan: Plan, ports: Ports, say: Callable[[str], None]) -> None:
        port = free_port()
        self._folder = folder
        self._plan = plan
        self._say = say
        self._url = f"http://127.0.0.1:{port}"
        self._key = ""
        self._random = Random(f"kills {plan.seed}")
        self._deaths: list[Death] = []
        self._faults: list[str] = []
        self.product = carillon(folder, port, ports.smtp_port, {**SETTINGS, **plan.environment})

    async def run(self) -> Outcome:
        """Start, send and kill, wait for rest, compare."""
        self.product.start()
        await ready(self.product, self._url)
        self._key = admin_key(self._folder)
        api = Api(self._url, self._key)
        categories = webhooks.categories(webhooks.events())
        persons = rules.declining(await api.upsert(self._addresses()), categories, self._plan.seed)
        await rules.lay_down(api, categories, persons, HOURLY_LIMIT)
        followers = await self._followers(api, persons)
        following = [asyncio.create_task(follower.run()) for follower in followers]
        sender = await self._send_and_kill(persons)
        self._say("all sent and answered; waiting for rest")
        log = await self._read(sender)
        await self._catch_up(api, followers)
        api.close()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        outcome = await self._outcome(persons, followers, sender, log)
        self._stop(self.product)
        return msgspec.structs.replace(outcome, faults=tuple(self._faults))

    def _addresses(self) -> dict[str, str | None]:
        drawn = people.addresses(self._plan.people, self._plan.seed, SCRIPTS)
        return {people.external_id(number): address for number, address in enumerate(drawn)}

    def _watchers(self) -> people.Watchers:
        return people.Watchers(self._plan.people, self._plan.seed, AUDIENCE_SIZES)

    async def _followers(self, api: Api, persons: Sequence[Person]) -> list[Follower]:
        tokens = await Tokens.of(self._folder / "var" / "keys", await api.tenant())
        followers = []
        for person in persons:
            token = tokens.speaking_for(person)
            followers.append(Follower(self._url, person, token, await api.live_cursor(token)))
        return followers

    async def _send_and_kill(self, persons: Sequence[Person]) -> Sender:
        plan = self._plan
        planned = campaign.sends(webhooks.events(), plan.sends, self._watchers(), plan.seed, KEYED)
        sender = Sender(
            self._url,
            self._key,
            {person.external_id: person.id for person in persons},
            connections=CONNECTIONS,
            pace=Pace(plan.sends / (plan.kills * plan.mean_life_s)),
            moved=lambda: None,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.run(campaign.requests(planned, plan.seed, BATCHES)))
            group.create_task(self._kill(sender))
        self._faults += sender.broken_promises
        refused = [entry for entry in sender.journal if entry.fate is Fate.REFUSED]
        self._faults += [f"No. {entry.send.number} was refused: {entry.note}" for entry in refused[:10]]
        return sender

    async def _kill(self, sender: Sender) -> None:
        for number in range(1, self._plan.kills + 1):
            life_s = self._random.uniform(SHORTEST_LIFE_S, 2 * self._plan.mean_life_s)
            was_ready_s = await self._live(life_s)
            if number % 2:
                await self._aim(sender)
            if not self.product.alive:
                self._faults.append(f"the product had ended by itself:\n{self.product.last_words()}")
            self.product.kill()
            killed_at = time.time()
            self.product.start()
            self._deaths.append(Death(killed_at, time.time()))
            was = f"ready after {was_ready_s:.2f} s" if was_ready_s is not None else "not ready yet"
            self._say(
                f"kill {number:>2} of {self._plan.kills}: {life_s:5.2f} s after its start ({was}), "
                f"{sender.accepted:,} accepted"
            )
        await ready(self.product, self._url)

    async def _aim(self, sender: Sender) -> None:
        """Wait for a moment shortly after a request went out."""
        sender.leaving.clear()
        try:
            async with asyncio.timeout(1.0):
                await sender.leaving.wait()
        except TimeoutError:
            return
        await asyncio.sleep(self._random.uniform(0, LONGEST_AIM_S))

    async def _live(self, life_s: float) -> float | None:
        """Let the product live so long; when it was ready, in seconds, None if it never was."""
        began_s = time.monotonic()
        ready_s = None
        try:
            async with asyncio.timeout(life_s):
                await ready(self.product, self._url)
                ready_s = time.monotonic() - began_s
        except TimeoutError:
            return None
        await asyncio.sleep(max(0.0, life_s - ready_s))
        return ready_s

    async def _read(self, sender: Sender) -> reading.Log:
        accepted = [entry.notification for entry in sender.journal if entry.notification is not None]
        await reading.quiet(smtp_journal(self._folder), REST_WITHIN_S, lambda _: None)
        log = await self._rest(accepted)
        self._faults += [f"{one} did not come to rest" for one in sorted(log.restless)[:10]]
        return log

    async def _rest(self, notifications: Sequence[str]) -> reading.Log:
        return await reading.deliveries_at_rest(
            self._url, self._key, notifications, far_s=FAR_S, within_s=REST_WITHIN_S, moved=lambda _: None
        )

    async def _catch_up(self, api: Api, followers: Sequence[Follower]) -> None:
        """Wait until every reader has all that the inbox has."""
        deadline_s = time.monotonic() + CATCH_UP_WITHIN_S
        for follower in followers:
            head = seq_of(await patiently(api.live_cursor, follower.token))
            if not await follower.reached(head, deadline_s - time.monotonic()):
                self._faults.append(f"{follower.person.external_id} got {follower.seq} of {head} events")

    async def _outcome(
        self, persons: Sequence[Person], followers: Sequence[Follower], sender: Sender, log: reading.Log
    ) -> Outcome:
        entries = [entry for follower in followers for entry in follower.entries]
        sends = came_true(sender.journal, reading.mails(smtp_journal(self._folder)), entries)
        known = {entry.notification for entry in sender.journal}
        later = await self._rest([one for entry in sends if (one := entry.notification) and one not in known])
        log.deliveries.update(later.deliveries)
        log.read_at_us.update(later.read_at_us)
        mails = [mail for mail in reading.mails(smtp_journal(self._folder)) if log.covers(mail)]
        inboxes = {follower.person.id: follower.entries for follower in followers}
        journals = Journals(persons, sends, mails, inboxes, log.deliveries, HOURLY_LIMIT)
        self._faults += surprises(followers)
        deliveries = [one for of_one in log.deliveries.values() for one in of_one]
        recovered = recovery(deliveries, self._deaths)
        self._faults += list(_slow(recovered))
        return Outcome(
            journals=journals,
            deaths=tuple(self._deaths),
            recovery=recovered,
            resumes=sum(follower.connections for follower in followers),
            repeated=sender.repeated,
            found_again=sender.found_again,
            findings=tuple(judge(journals)),
            faults=(),
        )

    def _stop(self, product: Child) -> None:
        status = product.stop()
        if status != 0:
            self._faults.append(f"a clean stop ended with {status}:\n{product.last_words()}")


def _slow(recovered: Recovery) -> list[str]:
    """What was not gone on with in time."""
    found = [f"{recovered.open_calls} attempts were never settled"] if recovered.open_calls else []
    for words, delays in (("settled", recovered.calls), ("the first call", recovered.first_calls)):
        late = [delay for delay in delays if delay > MUST_RESUME_WITHIN_S]
        if late:
            bound = f"more than {MUST_RESUME_WITHIN_S:g} s after the restart"
            found.append(f"{len(late)} were {words} {bound}, {max(late):.1f} s at most")
    return found
