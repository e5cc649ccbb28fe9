"""`carillon token --user U`: a short-lived token with which a browser speaks for one user."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from engines.store.queries import PeopleByHandle, Recipients
from errors import NotFound
from gateway.tokens import DEFAULT_LIFETIME_S
from models import ids
from models.vocabulary import HandleKind
from services.access import FIRST_TENANT
from services.foundation import Foundation, foundation
from settings import load


def main(words: Sequence[str]) -> int:
    """Print it."""
    parser = argparse.ArgumentParser(prog="carillon token")
    parser.add_argument("--user", required=True, help="usr_…, or the tenant's own id of the user")
    parser.add_argument(
        "--tenant", default=ids.encode(ids.TENANT, FIRST_TENANT), help="ten_…; the first one by default"
    )
    parser.add_argument("--seconds", type=int, default=DEFAULT_LIFETIME_S, help="how long it is good for")
    return asyncio.run(_run(parser.parse_args(words)))


async def _run(arguments: argparse.Namespace) -> int:
    tenant = ids.decode(ids.TENANT, arguments.tenant)
    async with foundation(load(os.environ), serve=False) as base:
        user = await _user(base, tenant, arguments.user)
        sys.stdout.write(base.tokens.issue(tenant, user, arguments.seconds) + "\n")
    return 0


async def _user(base: Foundation, tenant: bytes, text: str) -> bytes:
    raw = ids.try_decode(ids.USER, text)
    if raw is not None:
        rows = await base.store.read(Recipients((tenant,), (raw,)))
        found = [row.id for row in rows]
    else:
        blind = base.sealer.blind(tenant, HandleKind.EXTERNAL_ID, text)
        found = [row.id for row in await base.store.read(PeopleByHandle(tenant, (blind,)))]
    if not found:
        raise NotFound(f"no user {text!r} in this tenant")
    return found[0]
