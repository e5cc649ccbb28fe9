"""What is cached by its revision is read once for all who ask, and anew where it was changed: on each store."""

import asyncio
from collections.abc import Mapping, Sequence

from engines.store import queries as q
from engines.store.base import Store
from models.rules import Category
from models.vocabulary import RevisionKind
from tests.contract.test_rules_store import put
from tests.contract.test_store import make_tenant
from tests.simulators import DrivenClock
from usecases.revised import CHECK_EVERY_US, Revised


class Names:
    """The names of categories by tenant, as one process of many sees them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.clock = DrivenClock()
        self.loads = 0
        self.cached = Revised(store, RevisionKind.RULES, self._load, self.clock)

    async def _load(self, tenants: Sequence[bytes]) -> Mapping[bytes, list[str]]:
        self.loads += 1
        rows = await self._store.read(q.CategoriesOf(tuple(tenants)))
        return {tenant: [row.name for row in rows if row.tenant == tenant] for tenant in tenants}


async def test_many_who_ask_at_once_share_one_read(store: Store) -> None:
    tenant, names = await make_tenant(store), Names(store)

    asked = [asyncio.create_task(names.cached.get(tenant)) for _ in range(20)]
    await asyncio.sleep(0)
    asked[0].cancel()
    answers = await asyncio.gather(*asked[1:])

    assert answers == [[]] * 19
    assert names.loads == 1


async def test_a_change_is_seen_at_the_next_check_and_by_who_made_it_at_once(store: Store) -> None:
    tenant, here, there = await make_tenant(store), Names(store), Names(store)
    assert [await one.cached.get(tenant) for one in (here, there)] == [[], []]

    await store.write(put(tenant, Category("news", "News")))
    here.cached.forget(tenant)
    assert [await one.cached.get(tenant) for one in (here, there)] == [["News"], []]

    there.clock.us += CHECK_EVERY_US
    assert await there.cached.get(tenant) == ["News"]


async def test_what_did_not_change_is_not_read_again(store: Store) -> None:
    tenant, names = await make_tenant(store), Names(store)
    for _ in range(5):
        await names.cached.get(tenant)
        names.clock.us += CHECK_EVERY_US

    assert names.loads == 1


async def test_what_was_read_before_a_change_is_not_kept_after_it(store: Store) -> None:
    tenant, names = await make_tenant(store), Names(store)
    earlier = asyncio.create_task(names.cached.get(tenant))
    await asyncio.sleep(0)

    await store.write(put(tenant, Category("news", "News")))
    names.cached.forget(tenant)
    await earlier

    assert await names.cached.get(tenant) == ["News"]
