"""Tenants' rules — categories and defaults — as they were within the last second. Used by use cases and stages."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from engines.store.base import Store
from engines.store.queries import CategoriesOf, CategoryRow, TenantRulesOf
from models.clock import Clock
from models.rules import BUILT_IN, TRANSACTIONAL, Category, Rules, TenantRules
from models.vocabulary import Priority, RevisionKind, WhenUnknown
from usecases.revised import Revised


class RulesDirectory:
    """Rules by tenant, read once and again when they have changed.

    Every tenant has the built-in category, mandatory and on every channel, until it puts another by the same key.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._kept: Revised[Rules] = Revised(store, RevisionKind.RULES, self._load, clock)

    async def get(self, tenant: bytes) -> Rules:
        """One tenant's rules.

        Raises:
            Unavailable: the store does not answer.
        """
        return await self._kept.get(tenant)

    async def get_many(self, tenants: Collection[bytes]) -> Mapping[bytes, Rules]:
        """As `get`, for many."""
        return await self._kept.get_many(tenants)

    def forget(self, tenant: bytes) -> None:
        """Read a tenant's rules anew: for whoever changed them in this process."""
        self._kept.forget(tenant)

    async def _load(self, tenants: Sequence[bytes]) -> dict[bytes, Rules]:
        ids = tuple(tenants)
        categories, defaults = await asyncio.gather(
            self._store.read(CategoriesOf(ids)), self._store.read(TenantRulesOf(ids))
        )
        by_tenant: defaultdict[bytes, dict[str, Category]] = defaultdict(lambda: {BUILT_IN: TRANSACTIONAL})
        for row in categories:
            by_tenant[row.tenant][row.key] = _category(row)
        own = {row.tenant: TenantRules(row.channels, row.hourly_limit) for row in defaults}
        return {tenant: Rules(by_tenant[tenant], own.get(tenant, TenantRules())) for tenant in tenants}


def _category(row: CategoryRow) -> Category:
    return Category(
        key=row.key,
        name=row.name,
        description=row.description,
        mandatory=bool(row.mandatory),
        channels=row.channels,
        priority=Priority(row.priority) if row.priority is not None else None,
        expires_after_s=row.expires_after_s,
        when_unknown=WhenUnknown(row.when_unknown) if row.when_unknown is not None else None,
        limited=bool(row.limited),
    )
