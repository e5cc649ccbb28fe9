"""`carillon audit verify`: whether the audit log of a tenant is as it was written."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from models import ids
from services.access import FIRST_TENANT
from services.foundation import foundation
from settings import load
from usecases.verify_audit import VerifyAudit


def main(words: Sequence[str]) -> int:
    """Walk it from its first entry on; 1 where it was tampered with."""
    parser = argparse.ArgumentParser(prog="carillon audit")
    parser.add_argument(
        "--tenant", default=ids.encode(ids.TENANT, FIRST_TENANT), help="ten_…; the first one by default"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("verify", help="walk the chain of hashes, and print the last one")
    return asyncio.run(_run(parser.parse_args(words)))


async def _run(arguments: argparse.Namespace) -> int:
    tenant = ids.decode(ids.TENANT, arguments.tenant)
    async with foundation(load(os.environ), serve=False) as base:
        verdict = await VerifyAudit(base.store)(tenant)
    sys.stdout.write(f"entries that hold: {verdict.entries}; hash of the last: {verdict.hash.hex()}\n")
    if verdict.fault is not None:
        sys.stderr.write(f"carillon audit: {verdict.fault}\n")
    return 0 if verdict.holds else 1
