"""The first tenant, and who may do what in it. Called at the first start, by the gateway, and by commands."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engines.store.operations import PutTenant
from engines.store.operations.auditing import facts
from engines.store.queries import KeyRow, Tenants
from gateway.sign_in import Member, Pair
from gateway.tokens import new_api_key
from models import ids
from models.vocabulary import AuditAction, Role, TenantKind
from services.foundation import Foundation
from usecases.administration import Administration, administration
from usecases.audit_entries import audit_entry, command_line
from usecases.create_key import KeyRequest
from usecases.member_directory import MemberDirectory

FIRST_ACCOUNT = bytes.fromhex("0000000000007000800000000000000a")
FIRST_TENANT = bytes.fromhex("0000000000007000800000000000000b")
"""The ids of the account and tenant that every installation starts with."""
ADMIN_KEY_FILE = "admin.key"


class Listed:
    """`gateway.sign_in.Members` over the store."""

    def __init__(self, base: Foundation) -> None:
        self._directory = MemberDirectory(base.store, base.sealer)

    async def __call__(self, pairs: Sequence[Pair], /) -> Mapping[Pair, Member]:
        """As the protocol says."""
        found = await self._directory(pairs)
        return {pair: Member(one.id, one.role, one.name) for pair, one in found.items()}


def administration_of(base: Foundation) -> Administration:
    """The use cases for administrators."""
    return administration(
        store=base.store,
        sealer=base.sealer,
        tenants=base.tenants,
        new_key_text=new_api_key,
        tokens=base.tokens,
        clock=base.clock,
        new_ids=base.ids,
    )


async def introduce(base: Foundation) -> str | None:
    """Make the first tenant and its admin key unless they are there; gives the key's text the one time it is known."""
    if not await base.store.read(Tenants((FIRST_TENANT,))):
        await base.store.write(_first_tenant(base))
    path = base.settings.keys_folder / ADMIN_KEY_FILE
    if path.exists():
        return None
    text = await create_key(base, FIRST_TENANT, "admin", Role.ADMIN)
    _write_private(path, text + "\n")
    return text


async def create_key(base: Foundation, tenant: bytes, name: str, role: Role, expires_at: int | None = None) -> str:
    """A new key by the command line; its text is given here and never again."""
    created = await administration_of(base).create_key(command_line(tenant), KeyRequest(name, role, expires_at))
    return created.text


async def list_keys(base: Foundation, tenant: bytes) -> list[KeyRow]:
    """A tenant's keys, newest first, at most 1,000."""
    return list(await administration_of(base).lists.keys(command_line(tenant), ended=True))


def _first_tenant(base: Foundation) -> PutTenant:
    [wrapped] = base.sealer.new_keys([FIRST_TENANT])
    now_us = base.clock.now_us()
    after = facts(name="Live", kind=TenantKind.LIVE.name)
    subject = ids.encode(ids.TENANT, FIRST_TENANT)
    return PutTenant(
        id=FIRST_TENANT,
        account=FIRST_ACCOUNT,
        account_name="First account",
        name="Live",
        kind=TenantKind.LIVE,
        wrapped_key=wrapped,
        at_us=now_us,
        audit=audit_entry(command_line(FIRST_TENANT), AuditAction.TENANT_CREATED, subject, now_us, after),
    )


def _write_private(path: Path, text: str) -> None:
    opener: Callable[[str, int], int] = lambda name, flags: os.open(name, flags, 0o600)  # noqa: E731
    with open(path, "x", opener=opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
