"""Seeds the demo in the first tenant: people, a template, and a key that lives as long as the process is meant to."""

import asyncio
from collections.abc import Sequence

from starlette.routing import BaseRoute

from engines.store.operations import Upserted
from gateway import demo
from models import ids
from models.principal import Principal
from models.vocabulary import Role
from services.access import FIRST_TENANT, administration_of, create_key, list_keys
from services.demo_template import seed_template
from services.foundation import Foundation
from simulator.scripts import book
from usecases.audit_entries import command_line
from usecases.requests import UserRequest
from usecases.upsert_users import UpsertUsers

PEOPLE = (
    ("ada", "Ada Lovelace", "en"),
    ("grace", "Grace Hopper", "en"),
    ("linus", "Linus Pauling", "en"),
    ("mary", "Mary Somerville", "en"),
)
KEY_NAME = "demo page"
DAY_US = 86_400 * 1_000_000
TOKEN_LIFETIME_S = 3_600


async def demo_routes(base: Foundation) -> list[BaseRoute]:
    """Seed what is missing, and give the routes of the demo page's session."""
    users = await _people(base)
    await seed_template(base)
    await _end_earlier_keys(base)
    key = await create_key(base, FIRST_TENANT, KEY_NAME, Role.DEVELOPER, base.clock.now_us() + DAY_US)
    return demo.routes(key, users, _scripts(), lambda user: _token(base, user))


async def _end_earlier_keys(base: Foundation) -> None:
    earlier = [key for key in await list_keys(base, FIRST_TENANT) if key.name == KEY_NAME and key.revoked_at is None]
    revoke, caller = administration_of(base).revoke_key, command_line(FIRST_TENANT)
    await asyncio.gather(*[revoke(caller, ids.encode(ids.KEY, key.id)) for key in earlier])


async def _people(base: Foundation) -> list[demo.DemoUser]:
    seeder = Principal(FIRST_TENANT, FIRST_TENANT, Role.ADMIN, "demo")
    requests = [UserRequest(name, locale, email=f"{name}@example.test") for name, _, locale in PEOPLE]
    answers = await UpsertUsers(base.store, base.sealer, base.clock, base.ids)(seeder, requests)
    return [
        demo.DemoUser(ids.encode(ids.USER, answer.id), name, full_name, f"{name}@example.test")
        for (name, full_name, _), answer in zip(PEOPLE, answers, strict=True)
        if isinstance(answer, Upserted)
    ]


def _scripts() -> Sequence[demo.DemoScript]:
    return [demo.DemoScript(f"{name}@example.test", script.effect) for name, script in book().items()]


def _token(base: Foundation, user: str) -> str:
    return base.tokens.issue(FIRST_TENANT, ids.decode(ids.USER, user), TOKEN_LIFETIME_S)
