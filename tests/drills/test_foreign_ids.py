"""The drill of foreign ids in its short form, proof that it knocks at every door, and that it sees what is planted."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from graphql import (
    build_schema as read_schema,
)

from models import ids
from models.vocabulary import Role
from resolvers.printing import print_schema
from schema.access import ROUTES
from services.access import FIRST_TENANT
from tests.drills.doors import DOORS, Door
from tests.drills.foreign_ids import Drill, Outcome, drill
from tests.pipelines import running
from tests.products import Product, serving
from tests.simulators import starting
from tests.stores import open_sqlite
from tests.worlds import World, furnish, new_tenant

ELSEWHERE = {"nodes"}
"""Asked for many at once by the drill itself."""
NOT_ANOTHERS = {"upsertUsers"}
"""Takes an external id to make or change one's own user by it: whose it is elsewhere plays no part."""


async def test_no_foreign_id_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    outcome = await drill(tmp_path, 2_000, seed=17)

    assert (outcome.leaks, outcome.differences, outcome.changed) == ([], [], [])
    assert outcome.passed and sum(outcome.asked.values()) >= 2_000
    assert set(outcome.asked) == {"nodes", *[door.name for door in DOORS]}


def taking_ids(schema: GraphQLSchema, root: str) -> Iterator[str]:
    """The root fields that take an id, or a tenant's own id of a user, however deep in their arguments."""
    type_ = schema.type_map[root]
    assert isinstance(type_, GraphQLObjectType)
    for name, field in type_.fields.items():
        if any(holds_id(key, get_named_type(one.type), set()) for key, one in field.args.items()):
            yield name


def holds_id(key: str, type_: object, seen: set[object]) -> bool:
    if key in {"externalId", "externalIds"} or getattr(type_, "name", "") == "ID":
        return True
    if not isinstance(type_, GraphQLInputObjectType) or type_ in seen:
        return False
    seen.add(type_)
    return any(holds_id(name, get_named_type(one.type), seen) for name, one in type_.fields.items())


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_every_field_that_takes_an_id_is_knocked_at(root: str) -> None:
    wanted = set(taking_ids(read_schema(print_schema()), root)) - ELSEWHERE - NOT_ANOTHERS

    assert {name for name in wanted if not any(f" {name}(" in door.operation for door in DOORS)} <= {
        "sendNotifications"
    }
    assert len(wanted) >= 7


def test_every_route_that_takes_an_id_is_knocked_at() -> None:
    asked = {door.operation.partition("?")[0] for door in DOORS}

    assert {route for route in ROUTES if "{id}" in route} <= asked


def planted(name: str, query: str, theirs: World) -> Door:
    """A door that takes every caller for tenant B's administrator."""

    async def ask(http: httpx.AsyncClient, world: World, role: Role, id_: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {theirs.tokens[Role.ADMIN]}"}
        return await http.post("/graphql", json={"query": query, "variables": {"id": id_}}, headers=headers)

    return Door(name, ids.USER, query, ask)


async def found(product: Product, ours: World, theirs: World, door: Door) -> Outcome:
    one = Drill(product, ours, [theirs], Random(17), [door])
    await one.run(40)
    return one.outcome


async def test_what_is_planted_is_found(tmp_path: Path) -> None:
    async with (
        open_sqlite(tmp_path) as store,
        starting(tmp_path) as start,
        running(store, tmp_path, (await start()).port) as pipeline,
        serving(pipeline) as product,
    ):
        ours, theirs = await furnish(product, FIRST_TENANT), await furnish(product, await new_tenant(product), "plugh")
        tells = planted("tells", "query ($id: ID!) { user(id: $id) { id externalId } }", theirs)
        differs = planted("differs", "query ($id: ID!) { user(id: $id) { __typename } }", theirs)
        changes = planted("changes", 'mutation { createKey(input: {name: "x", role: VIEWER}) { __typename } }', theirs)

        told = await found(product, ours, theirs, tells)
        assert told.leaks and told.differences and not told.changed and not told.passed
        different = await found(product, ours, theirs, differs)
        assert different.differences and not different.leaks and not different.passed
        changed = await found(product, ours, theirs, changes)
        assert changed.changed == ["audit log", "keys"] and not changed.passed
