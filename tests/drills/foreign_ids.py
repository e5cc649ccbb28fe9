"""The drill of foreign ids: whoever asks for another tenant's id gets the answer about an id that never was.

Two tenants full of data. Tenant B's ids, ids with one bit changed, ids that join B's parts with A's, and ids of nothing
are asked for by tenant A in every role, at every door that takes an id. Nothing of B may show in an answer, nothing of
B may change, and for one door, role and kind of id all answers must be the same, byte for byte, apart from the id
itself and from what tells one call from another. A's own ids are asked for among them: a closed door is no success.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import httpx
import msgspec

from deploy.local.postgres import Postgres
from engines.store import queries as q
from models import ids
from models.vocabulary import Role
from services.access import FIRST_TENANT
from tests.drills.doors import DOORS, EXTERNAL_ID, NODE_DOORS, NODES_AT_ONCE, Door
from tests.pipelines import running
from tests.products import Product, serving
from tests.simulators import starting
from tests.stores import open_postgres, open_sqlite
from tests.worlds import ROLES, World, furnish, new_tenant

AT_ONCE = 16
WORDS = ("plugh", "xyzzy", "frotz", "waldo", "gnust")
"""Names in tenant B, which stand in nothing else: whoever sees one sees B's data."""
SHARE_OF_NODES = 0.5
"""Of the ids, so many are asked for by `nodes`, which takes many at once."""
_TRACE = re.compile(r"[0-9a-f]{32}")


class Outcome(msgspec.Struct, kw_only=True):
    """What came of it."""

    asked: Counter[str]
    """Ids by door."""
    origins: Counter[str]
    """Ids by where they came from."""
    controls: int
    """Own ids that were found among the others, as they must be."""
    leaks: list[str]
    differences: list[str]
    changed: list[str]
    """What of B is not as it was."""
    seconds: float

    @property
    def passed(self) -> bool:
        """Nothing of B was seen, told apart or changed; and the doors were open."""
        return not (self.leaks or self.differences or self.changed) and self.controls > 0


class Question(msgspec.Struct, frozen=True):
    """One id at one door."""

    door: Door
    role: Role
    id: str
    origin: str
    """FOREIGN, ABSENT, MUTATED or GRAFTED."""


class Drill:
    """The two tenants, and what was found so far."""

    def __init__(
        self, product: Product, ours: World, theirs: Sequence[World], random: Random, doors: Sequence[Door] = DOORS
    ) -> None:
        self._doors = doors
        self._product = product
        self._ours = ours
        self._theirs = theirs
        self._random = random
        self._known = {id_ for world in theirs for id_ in world.ids.values()}
        self._answers: dict[tuple[str, Role, str], str] = {}
        self.outcome = Outcome(
            asked=Counter(), origins=Counter(), controls=0, leaks=[], differences=[], changed=[], seconds=0.0
        )

    async def run(self, count: int) -> None:
        """Ask for so many ids."""
        before = await state(self._product, self._theirs[0])
        many = int(count * SHARE_OF_NODES)
        await _together([lambda: self._ask_nodes(min(NODES_AT_ONCE - 1, many))] * -(-many // (NODES_AT_ONCE - 1)))
        questions = list(self._questions(count - many))
        await _together([lambda one=one: self._ask(one) for one in questions])  # type: ignore[misc]
        after = await state(self._product, self._theirs[0])
        self.outcome.changed += [name for name in before if before[name] != after[name]]

    def _questions(self, count: int) -> Iterator[Question]:
        """Doors and roles by turns, so that none is left out; a foreign and an absent id of each before all others."""
        turns = [(door, role) for door in self._doors for role in ROLES]
        for number in range(count):
            door, role = turns[number % len(turns)]
            origin = ("FOREIGN", "ABSENT")[number // len(turns)] if number < 2 * len(turns) else self._origin()
            yield Question(door, role, self._id(door.prefix, origin), origin)

    async def _ask(self, question: Question) -> None:
        door, role = question.door, question.role
        answer = await door.ask(self._product.http, self._ours, role, question.id)
        self.outcome.asked[door.name] += 1
        self.outcome.origins[question.origin] += 1
        self._look_for_leaks(answer.text, {question.id}, f"{door.name} as {role.name}")
        self._compare(question, f"{answer.status_code} {told(answer)} {faceless(answer.text, question.id)}")

    async def _ask_nodes(self, count: int) -> None:
        """Many ids of any kind with one own id among them, which alone may be found."""
        role = self._random.choice(ROLES)
        prefixes = self._random.choices(list(NODE_DOORS), k=count)
        origins = [self._origin() for _ in prefixes]
        asked = [self._id(prefix, origin) for prefix, origin in zip(prefixes, origins, strict=True)]
        own, place = self._random.choice(list(NODE_DOORS)), self._random.randrange(count + 1)
        asked.insert(place, self._ours.ids[own])
        body = {"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", "variables": {"ids": asked}}
        answer = await self._product.post(body, self._ours.tokens[role])
        self.outcome.asked["nodes"] += count
        self.outcome.origins.update(origins)
        self._look_for_leaks(answer.text, set(asked), f"nodes as {role.name}")
        found = [node for node in answer.json()["data"]["nodes"] if node is not None]
        if any(node["id"] != self._ours.ids[own] for node in found):
            self.outcome.leaks.append(f"nodes as {role.name}: {found}")
        self.outcome.controls += bool(found)

    def _origin(self) -> str:
        return self._random.choices(("FOREIGN", "ABSENT", "MUTATED", "GRAFTED"), (4, 3, 1, 2))[0]

    def _id(self, prefix: str, origin: str) -> str:
        if prefix == EXTERNAL_ID:
            return self._word(origin)
        foreign = self._random.choice(self._theirs).ids[prefix]
        raw = ids.decode(prefix, foreign)
        if origin == "ABSENT":
            return ids.encode(prefix, self._nothing(raw))
        if origin == "GRAFTED" and len(raw) > 16:
            own = ids.decode(prefix, self._ours.ids[prefix])
            # a tenant with a number of the other's log is a whole id of its own
            theirs_first = prefix == ids.AUDIT_ENTRY or self._random.random() < 0.5
            return ids.encode(prefix, raw[:16] + own[16:] if theirs_first else own[:16] + raw[16:])
        return ids.encode(prefix, self._changed(raw)) if origin == "MUTATED" else foreign

    def _word(self, origin: str) -> str:
        """An external id: one of B's, or another word as long as those."""
        word = self._random.choice(WORDS)
        if origin in {"FOREIGN", "GRAFTED"}:
            return word
        tail = "".join(self._random.choices("0123456789", k=4))
        return word[0] + tail

    def _nothing(self, raw: bytes) -> bytes:
        """An id of the same shape that nobody has: its numbers stay, so that it is as well formed as the other."""
        return b"".join([self._random.randbytes(16) for _ in range(len(raw) // 16)]) + raw[len(raw) // 16 * 16 :]

    def _changed(self, raw: bytes) -> bytes:
        """One bit is another, among those that no number is made of."""
        bit = self._random.randrange(len(raw) // 16 * 128)
        number = int.from_bytes(raw) ^ 1 << (len(raw) * 8 - 1 - bit)
        return number.to_bytes(len(raw))

    def _look_for_leaks(self, text: str, asked: set[str], where: str) -> None:
        seen = [word for word in WORDS if word in text and word not in asked]
        seen += [id_ for id_ in re.findall(r"[a-z]{3}_[0-9a-z]{26,}", text) if id_ in self._known and id_ not in asked]
        if seen:
            self.outcome.leaks.append(f"{where}: {seen}")

    def _compare(self, question: Question, answer: str) -> None:
        """With the first answer at the same door, in the same role, about the same kind of id."""
        first = self._answers.setdefault((question.door.name, question.role, question.door.prefix), answer)
        if answer != first:
            where = f"{question.door.name} as {question.role.name}, {question.origin}"
            self.outcome.differences.append(f"{where}: {answer[:300]} instead of {first[:300]}")


def faceless(text: str, asked: str) -> str:
    """An answer without the id that was asked for and without what tells one call from another."""
    return _TRACE.sub("<trace>", text.replace(asked, "<id>"))


def told(answer: httpx.Response) -> str:
    """The headers that tell anything, without what tells one call from another."""
    names = sorted(set(answer.headers) - {"date", "server", "x-trace-id", "traceparent", "etag"})
    return str([(name, answer.headers[name]) for name in names])


async def state(product: Product, world: World) -> dict[str, object]:
    """All of a tenant that a foreign caller could have changed."""
    store, tenant = product.base.store, world.tenant
    user, notification = [ids.decode(prefix, world.ids[prefix]) for prefix in (ids.USER, ids.NOTIFICATION)]
    return {
        "audit log": await store.read(q.AuditHeads((tenant,))),
        "keys": await store.read(q.KeysPage(tenant, -1, 1_000)),
        "members": await store.read(q.MembersOf(tenant, 1_000)),
        "inbox": await store.read(q.Heads((tenant,), (user,))),
        "notification": await store.read(q.NotificationsById((tenant,), (notification,))),
        "counts": await store.read(q.StateCounts((tenant,), (notification,))),
        "user": await store.read(q.PeopleById((tenant,), (user,))),
    }


async def _together(asking: Sequence[Callable[[], object]]) -> None:
    """A few at a time; the order in which they begin is theirs."""
    waiting = iter(asking)

    async def ask() -> None:
        for one in waiting:
            await one()  # type: ignore[misc]

    await asyncio.gather(*[ask() for _ in range(AT_ONCE)])


async def drill(folder: Path, count: int, seed: int, server: Postgres | None = None) -> Outcome:
    """Run it.

    Args:
        count: ids to be asked for.
        seed: decides what is drawn.
        server: a PostgreSQL server to run on; SQLite without one.
    """
    began_s = time.monotonic()
    async with AsyncExitStack() as stack:
        opened = open_sqlite(folder) if server is None else open_postgres(server, server.create_database("drill"))
        store = await stack.enter_async_context(opened)
        side = await (await stack.enter_async_context(starting(folder)))()
        pipeline = await stack.enter_async_context(running(store, folder, side.port, CARILLON_QUOTA_PER_MINUTE="0"))
        product = await stack.enter_async_context(serving(pipeline))
        ours = await furnish(product, FIRST_TENANT)
        tenant = await new_tenant(product)
        theirs = [await furnish(product, tenant, word) for word in WORDS]
        found = Drill(product, ours, theirs, Random(f"{seed} foreign ids"))
        await found.run(count)
    found.outcome.seconds = time.monotonic() - began_s
    return found.outcome


def shown(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Lines for people."""
    total = sum(outcome.asked.values())
    yield "ids asked for", f"{total:,} in {outcome.seconds:.0f} s, {total / outcome.seconds:,.0f} a second"
    yield "doors", f"{len(outcome.asked)}, in {len(ROLES)} roles each"
    yield "where the ids came from", ", ".join([f"{name} {n:,}" for name, n in sorted(outcome.origins.items())])
    yield "own ids found among them", f"{outcome.controls:,}"
    for name in ("leaks", "differences", "changed"):
        wrong: list[str] = getattr(outcome, name)
        yield name, json.dumps(wrong[:5]) if wrong else "0"
