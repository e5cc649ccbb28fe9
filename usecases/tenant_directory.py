"""Tenants with their wrapped keys, which never change while they live. Used by other use cases."""

from engines.store.base import Store
from engines.store.queries import TenantRow, Tenants
from errors import NotFound

KEPT = 10_000


class TenantDirectory:
    """Tenants by id, read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[bytes, TenantRow] = {}

    async def get(self, tenant: bytes) -> TenantRow:
        """The tenant.

        Raises:
            NotFound: there is none.
        """
        known = self._known.get(tenant)
        if known is None:
            rows = await self._store.read(Tenants((tenant,)))
            if not rows:
                raise NotFound("the tenant does not exist")
            known = rows[0]
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[tenant] = known
        return known
