"""Set what a user wants to receive: by the user's own browser, or by a caller who manages everybody's preferences."""

from collections.abc import Sequence

import msgspec

from engines.store.base import Store
from engines.store.operations import AuditEntry, UserChoices
from engines.store.operations import SetPreferences as Write
from errors import InvalidInput
from models.clock import Clock
from models.ids import USER, encode
from models.preferences import EVERY_CATEGORY, EVERY_CHANNEL, Choice, choices_json
from models.principal import Principal
from models.rules import Rules
from models.vocabulary import AuditAction, Channel
from usecases.audit_entries import audit_entry
from usecases.checks import category_named
from usecases.preference_owner import PreferenceOwners, Whose
from usecases.rules_directory import RulesDirectory

MOST_CHOICES = 500


class PreferenceChoice(msgspec.Struct, frozen=True):
    """One choice, as it shall stand."""

    category: str | None
    """None: every category."""
    channel: Channel | None
    """None: every channel."""
    enabled: bool | None
    """None: forget what was chosen."""


class SetPreferences:
    """In force for every notification that is worked out after the answer."""

    def __init__(self, store: Store, owners: PreferenceOwners, rules: RulesDirectory, clock: Clock) -> None:
        self._store = store
        self._owners = owners
        self._rules = rules
        self._clock = clock

    async def __call__(self, caller: Principal, whose: Whose, choices: Sequence[PreferenceChoice]) -> bytes:
        """Write all choices, the last of several for one place; the id of whose they are.

        Raises:
            Forbidden: these are not for the caller to set.
            InvalidInput: nobody is known by that; no choices or more than 500; a category that does not exist, or that
                is mandatory and declined.
        """
        user = await self._owners.find(caller, whose)
        if not 1 <= len(choices) <= MOST_CHOICES:
            raise InvalidInput(f"expected 1 to {MOST_CHOICES} choices, got {len(choices)}", path=("choices",))
        rules = await self._rules.get(caller.tenant)
        wanted = {_place(rules, number, one): one.enabled for number, one in enumerate(choices)}
        now_us = self._clock.now_us()
        changes = tuple(wanted.items())
        one = UserChoices(user, changes, _entry(caller, user, changes, now_us))
        if user in await self._store.write(Write(caller.tenant, (one,), now_us)):
            raise InvalidInput("the user is gone already", path=("user",))
        return user


def _place(rules: Rules, number: int, one: PreferenceChoice) -> Choice:
    channel = one.channel.value if one.channel is not None else EVERY_CHANNEL
    if one.category is None:
        return EVERY_CATEGORY, channel
    path = ("choices", str(number), "category")
    category = category_named(rules, path, one.category)
    if category.mandatory and one.enabled is False:
        raise InvalidInput(f"{category.key} is mandatory: it reaches everybody", path=path)
    return category.key, channel


def _entry(
    caller: Principal, user: bytes, choices: Sequence[tuple[Choice, bool | None]], now_us: int
) -> AuditEntry | None:
    if caller.user == user:
        return None
    return audit_entry(caller, AuditAction.PREFERENCES_SET, encode(USER, user), now_us, choices_json(choices))
