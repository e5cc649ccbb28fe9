"""The inbox readers' side: tokens that speak for one user each, and the pages of their inboxes."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.api import Api
from bench.journals import InboxEntry, Person
from bench.patience import patiently
from engines.secrets.file import FileSecrets
from gateway.tokens import LONGEST_LIFETIME_S, BrowserTokens
from models import ids
from models.clock import SystemClock

CONNECTIONS = 8


class Tokens:
    """Makes browser tokens with the product's own key files, as a customer's server would."""

    def __init__(self, tokens: BrowserTokens, tenant: str) -> None:
        self._tokens = tokens
        self._tenant = ids.decode(ids.TENANT, tenant)

    @classmethod
    async def of(cls, keys_folder: Path, tenant: str) -> "Tokens":
        """From the key files in the folder.

        Raises:
            ConfigurationError: they cannot be used.
        """
        secrets = FileSecrets(keys_folder)
        await secrets.open(create=False)
        return cls(BrowserTokens(secrets.signing_keys(), SystemClock()), tenant)

    def speaking_for(self, person: Person) -> str:
        """A token for a day."""
        return self._tokens.issue(self._tenant, ids.decode(ids.USER, person.id), LONGEST_LIFETIME_S)


async def inboxes(
    url: str, tokens: Tokens, people: Sequence[Person], moved: Callable[[int], None]
) -> dict[str, list[InboxEntry]]:
    """Everybody's whole inbox, oldest item first, by usr_…; `moved` is told how many were read."""
    found: dict[str, list[InboxEntry]] = {}
    left = iter(people)
    await asyncio.gather(*[_read(url, tokens, left, found, moved) for _ in range(CONNECTIONS)])
    return found


async def _read(
    url: str,
    tokens: Tokens,
    people: Iterator[Person],
    found: dict[str, list[InboxEntry]],
    moved: Callable[[int], None],
) -> None:
    api = Api(url, None)
    try:
        for person in people:
            found[person.id] = await patiently(api.inbox, tokens.speaking_for(person))
            moved(len(found))
    finally:
        api.close()
