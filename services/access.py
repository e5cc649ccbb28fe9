"""The first tenant, and API keys for it. Called at the first start and by the keys command."""

import os
from collections.abc import Callable
from pathlib import Path

from engines.store.operations import PutKey, PutTenant
from engines.store.queries import KeyRow, Keys, Tenants
from gateway.tokens import new_api_key
from models.vocabulary import Role, TenantKind
from services.foundation import Foundation

FIRST_ACCOUNT = bytes.fromhex("0000000000007000800000000000000a")
FIRST_TENANT = bytes.fromhex("0000000000007000800000000000000b")
"""The ids of the account and tenant that every installation starts with."""
ADMIN_KEY_FILE = "admin.key"


async def introduce(base: Foundation) -> str | None:
    """Make the first tenant and its admin key unless they are there; gives the key's text the one time it is known."""
    if not await base.store.read(Tenants((FIRST_TENANT,))):
        [wrapped] = base.sealer.new_keys([FIRST_TENANT])
        now_us = base.clock.now_us()
        await base.store.write(
            PutTenant(FIRST_TENANT, FIRST_ACCOUNT, "First account", "Live", TenantKind.LIVE, wrapped, now_us)
        )
    path = base.settings.keys_folder / ADMIN_KEY_FILE
    if path.exists():
        return None
    text = await create_key(base, FIRST_TENANT, "admin", Role.ADMIN)
    _write_private(path, text + "\n")
    return text


async def create_key(base: Foundation, tenant: bytes, name: str, role: Role, expires_at: int | None = None) -> str:
    """Store a new key; its text is given here and never again."""
    [row] = await base.store.read(Tenants((tenant,)))
    key_id = base.ids.new()
    key = new_api_key(tenant, key_id, TenantKind(row.kind))
    await base.store.write(PutKey(tenant, key_id, key.hash, name, role, base.clock.now_us(), expires_at))
    return key.text


async def list_keys(base: Foundation, tenant: bytes) -> list[KeyRow]:
    """A tenant's keys, newest first."""
    return list(await base.store.read(Keys(tenant)))


def _write_private(path: Path, text: str) -> None:
    opener: Callable[[str, int], int] = lambda name, flags: os.open(name, flags, 0o600)  # noqa: E731
    with open(path, "x", opener=opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
