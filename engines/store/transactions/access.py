"""Tenants and API keys."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import PutKey, PutTenant, RevokeKey
from models import tables


def put_tenant(d: Dialect, operations: Sequence[PutTenant]) -> Transaction[list[None]]:
    """Make accounts and tenants that are not there yet."""
    accounts: dict[bytes, Row] = {one.account: (one.account, one.account_name, one.at_us) for one in operations}
    yield from d.insert_new(tables.accounts, ("id", "name", "created_at"), ("id",), list(accounts.values()))
    columns = ("id", "account_id", "name", "kind", "wrapped_key", "created_at")
    rows: dict[bytes, Row] = {
        one.id: (one.id, one.account, one.name, one.kind.value, one.wrapped_key, one.at_us) for one in operations
    }
    yield from d.insert_new(tables.tenants, columns, ("id",), list(rows.values()))
    return [None] * len(operations)


def put_key(d: Dialect, operations: Sequence[PutKey]) -> Transaction[list[None]]:
    """Store keys by their hashes."""
    columns = ("tenant_id", "id", "hash", "name", "role", "created_at", "expires_at")
    rows: list[Row] = [
        (one.tenant, one.id, one.hash, one.name, one.role.value, one.at_us, one.expires_at) for one in operations
    ]
    yield from d.insert(tables.api_keys, columns, rows)
    return [None] * len(operations)


def revoke_key(d: Dialect, operations: Sequence[RevokeKey]) -> Transaction[list[bool]]:
    """End keys; a key ends once."""
    rows: list[Row] = [(one.tenant, one.id, one.at_us) for one in operations]
    ended = yield from d.update_returning(
        tables.api_keys, ("tenant_id", "id"), ("revoked_at",), rows, "t.revoked_at IS NULL"
    )
    return [(one.tenant, one.id) in ended for one in operations]
