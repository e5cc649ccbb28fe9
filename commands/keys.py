"""`carillon keys create|list|revoke|rotate`: API keys of a tenant, while the gateway runs or not."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from models import ids
from models.clock import to_datetime
from models.vocabulary import Role
from services.access import FIRST_TENANT, administration_of, create_key, list_keys
from services.foundation import Foundation, foundation
from settings import load
from usecases.audit_entries import command_line
from usecases.rotate_key import DEFAULT_GRACE_S

ROLES = [role.name.lower() for role in Role if role is not Role.END_USER]
SECOND_US = 1_000_000


def main(words: Sequence[str]) -> int:
    """Do it; a new key's text is printed once and stored nowhere."""
    return asyncio.run(_run(_arguments(words)))


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="carillon keys")
    parser.add_argument(
        "--tenant", default=ids.encode(ids.TENANT, FIRST_TENANT), help="ten_…; the first one by default"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make a key and print it once")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--role", choices=ROLES, default="developer")
    create.add_argument("--days", type=int, help="days until it ends; for ever by default")
    verbs.add_parser("list", help="show keys, newest first")
    revoke = verbs.add_parser("revoke", help="end a key, within a second everywhere")
    revoke.add_argument("key", help="key_…")
    rotate = verbs.add_parser("rotate", help="make a key like another, print it once, and end the other after a while")
    rotate.add_argument("key", help="key_…")
    rotate.add_argument(
        "--grace", type=int, default=DEFAULT_GRACE_S, help="seconds until the old one ends; a day by default"
    )
    return parser.parse_args(words)


async def _run(arguments: argparse.Namespace) -> int:
    tenant = ids.decode(ids.TENANT, arguments.tenant)
    async with foundation(load(os.environ), serve=False) as base:
        if arguments.verb == "create":
            await _create(base, tenant, arguments)
        elif arguments.verb == "list":
            await _list(base, tenant)
        elif arguments.verb == "rotate":
            await _rotate(base, tenant, arguments.key, arguments.grace)
        else:
            await _revoke(base, tenant, arguments.key)
    return 0


async def _create(base: Foundation, tenant: bytes, arguments: argparse.Namespace) -> None:
    ends_at = base.clock.now_us() + arguments.days * 86_400 * SECOND_US if arguments.days else None
    text = await create_key(base, tenant, arguments.name, Role[arguments.role.upper()], ends_at)
    sys.stdout.write(text + "\n")


async def _list(base: Foundation, tenant: bytes) -> None:
    for row in await list_keys(base, tenant):
        state = f"revoked {to_datetime(row.revoked_at):%Y-%m-%d %H:%M}" if row.revoked_at else "in force"
        made = to_datetime(row.created_at)
        sys.stdout.write(
            f"{ids.encode(ids.KEY, row.id)}  {Role(row.role).name:<16}{made:%Y-%m-%d}  {state}  {row.name}\n"
        )


async def _revoke(base: Foundation, tenant: bytes, text: str) -> None:
    await administration_of(base).revoke_key(command_line(tenant), text)
    sys.stdout.write(f"{text} is revoked\n")


async def _rotate(base: Foundation, tenant: bytes, text: str, grace_s: int) -> None:
    rotated = await administration_of(base).rotate_key(command_line(tenant), text, grace_s)
    sys.stdout.write(f"{rotated.created.text}\n{text} ends {to_datetime(rotated.old_expires_at):%Y-%m-%d %H:%M} UTC\n")
