"""Read what a user wants to receive, with all that a page of preferences shows: choices, and what follows from them."""

from collections.abc import Mapping

import msgspec

from engines.store.base import Store
from engines.store.queries import PreferencesOf
from models.preferences import EVERYTHING, Answer, Choice, resolve
from models.principal import Principal
from models.rules import Category, Rules
from models.vocabulary import Channel
from usecases.preference_owner import PreferenceOwners, Whose
from usecases.rules_directory import RulesDirectory


class PreferencesFound(msgspec.Struct, frozen=True):
    """One user's preferences, and the rules of the tenant."""

    user: bytes
    choices: Mapping[Choice, bool]
    rules: Rules

    @property
    def opted_out(self) -> bool:
        """The user said no to everything."""
        return self.choices.get(EVERYTHING) is False

    def answer(self, category: Category, channel: Channel) -> Answer:
        """What would become of a notification of this category on this channel."""
        return resolve(category, channel, self.rules.default_channels(category), self.choices)


class ReadPreferences:
    """Gives one user's preferences."""

    def __init__(self, store: Store, owners: PreferenceOwners, rules: RulesDirectory) -> None:
        self._store = store
        self._owners = owners
        self._rules = rules

    async def __call__(self, caller: Principal, whose: Whose) -> PreferencesFound:
        """As they stand.

        Raises:
            Forbidden: these are not for the caller to read.
            InvalidInput: nobody of this tenant is known by that.
        """
        user = await self._owners.find(caller, whose)
        rules = await self._rules.get(caller.tenant)
        rows = await self._store.read(PreferencesOf((caller.tenant,), (user,)))
        return PreferencesFound(user, {(row.category, row.channel): bool(row.enabled) for row in rows}, rules)
