"""Who may manage a tenant's access: keys and members in the role ADMIN, of which one stays. Called by other bodies.

All of these bodies lock the tenant's audit head first, so that no two of them judge at the same time.
"""

from collections.abc import Collection

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.transactions.auditing import lock_heads
from models import tables
from models.vocabulary import Role

KEY = ("tenant_id", "id", "role", "expires_at", "revoked_at")
MEMBER = ("tenant_id", "id", "role", "removed_at")


class Admins:
    """The administrators of some tenants, as they stand while a batch is worked through."""

    def __init__(self, of_tenant: dict[bytes, dict[bytes, int | None]]) -> None:
        self._of_tenant = of_tenant

    def is_last(self, tenant: bytes, id_: bytes, now_us: int) -> bool:
        """Whether this is an administrator, and nobody else is one now."""
        ends = self._of_tenant.get(tenant, {})
        current = {one for one, end in ends.items() if end is None or end > now_us}
        return current == {id_}

    def put(self, tenant: bytes, id_: bytes) -> None:
        """One more."""
        self._of_tenant.setdefault(tenant, {})[id_] = None

    def drop(self, tenant: bytes, id_: bytes) -> None:
        """One less, if it was one."""
        self._of_tenant.get(tenant, {}).pop(id_, None)


def administrators(d: Dialect, tenants: Collection[bytes]) -> Transaction[Admins]:
    """Those of these tenants. They stay so until the transaction ends."""
    yield from lock_heads(d, tenants)
    wanted: list[Row] = [(tenant,) for tenant in sorted(set(tenants))]
    keys = yield from d.lookup(tables.api_keys, ("tenant_id",), wanted, KEY)
    members = yield from d.lookup(tables.members, ("tenant_id",), wanted, MEMBER)
    of_tenant: dict[bytes, dict[bytes, int | None]] = {}
    for tenant, id_, role, expires_at, revoked_at in keys:
        if role == Role.ADMIN and revoked_at is None:
            of_tenant.setdefault(tenant, {})[id_] = expires_at
    for tenant, id_, role, removed_at in members:
        if role == Role.ADMIN and removed_at is None:
            of_tenant.setdefault(tenant, {})[id_] = None
    return Admins(of_tenant)
