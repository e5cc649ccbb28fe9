"""Make another tenant of the caller's account, with a first key for whoever shall run it."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.operations import NewKey, PutTenant
from engines.store.operations.auditing import facts
from engines.store.queries import KeyRow, TenantRow, TenantsOf
from errors import Conflict
from models import ids
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.vocabulary import AuditAction, Role, TenantKind
from usecases.audit_entries import audit_entry
from usecases.checks import check_name
from usecases.create_key import CreatedKey
from usecases.credentials import NewKeyText
from usecases.tenant_directory import TenantDirectory

MOST_TENANTS = 100
"""Of one account."""
FIRST_KEY_NAME = "first key"


class CreatedTenant(msgspec.Struct, frozen=True):
    """The tenant with its first key, which is in role ADMIN."""

    row: TenantRow
    key: CreatedKey


class CreateTenant:
    """One tenant a call. Names tell people apart what ids tell programs: two may have the same."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        tenants: TenantDirectory,
        new_text: NewKeyText,
        clock: Clock,
        new_ids: Ids,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._tenants = tenants
        self._new_text = new_text
        self._clock = clock
        self._ids = new_ids

    async def __call__(self, caller: Principal, name: str, kind: TenantKind) -> CreatedTenant:
        """The tenant, ready for use.

        Raises:
            Forbidden: the caller may not manage access.
            InvalidInput: a name that does not hold.
            Conflict: the account has as many tenants as it may.
        """
        caller.require(Permission.MANAGE_ACCESS)
        check_name("name", name)
        own = await self._tenants.get(caller.tenant)
        if len(await self._store.read(TenantsOf(own.account, MOST_TENANTS))) >= MOST_TENANTS:
            raise Conflict(f"an account has at most {MOST_TENANTS} tenants")
        row = self._row(own.account, name, kind)
        key = self._key(caller, row)
        await self._store.write(_put(caller, row, key.row))
        return CreatedTenant(row, key)

    def _row(self, account: bytes, name: str, kind: TenantKind) -> TenantRow:
        tenant = self._ids.new()
        [wrapped] = self._sealer.new_keys([tenant])
        return TenantRow(tenant, account, name, kind, wrapped, self._clock.now_us())

    def _key(self, caller: Principal, tenant: TenantRow) -> CreatedKey:
        key = self._ids.new()
        text = self._new_text(tenant.id, key, TenantKind(tenant.kind))
        row = KeyRow(
            tenant.id, key, text.hash, FIRST_KEY_NAME, Role.ADMIN, tenant.created_at, None, None, caller.id, None
        )
        return CreatedKey(row, text.text)


def _put(caller: Principal, tenant: TenantRow, key: KeyRow) -> PutTenant:
    subject, kind = ids.encode(ids.TENANT, tenant.id), TenantKind(tenant.kind)
    after = facts(name=tenant.name, kind=kind.name, firstKey=ids.encode(ids.KEY, key.id))
    return PutTenant(
        id=tenant.id,
        account=tenant.account,
        # the account is there already, and keeps its name
        account_name="",
        name=tenant.name,
        kind=kind,
        wrapped_key=tenant.wrapped_key,
        at_us=tenant.created_at,
        keys=(NewKey(key.id, key.hash, key.name, Role.ADMIN, key.created_at, created_by=caller.id),),
        witnesses=(caller.tenant,),
        audit=audit_entry(caller, AuditAction.TENANT_CREATED, subject, tenant.created_at, after),
    )
