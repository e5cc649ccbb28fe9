"""Sends a campaign over many connections and keeps the sender's journal. Used by feeds and drills."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.answers import Result
from bench.api import Api, Refused
from bench.http_client import NotSent, Unanswered
from bench.journals import Fate, Send, SenderEntry
from bench.pace import Pace

PAUSE_S = (0.02, 0.2)
REPEAT_EVERY = 50
"""Every so many keyed sends are repeated after their answer, which must be the same."""


class Sender:
    """The caller's side. A keyed send is repeated until it is answered; one without a key is left unknown.

    Args:
        url: of the product.
        key: an API key that may send.
        ids: usr_… by external id.
        pace: lets sends pass.
        moved: told after each answer.
    """

    def __init__(
        self,
        url: str,
        key: str,
        ids: Mapping[str, str],
        *,
        connections: int,
        pace: Pace,
        moved: Callable[[], None],
    ) -> None:
        self._url = url
        self._key = key
        self._ids = ids
        self._connections = connections
        self._pace = pace
        self._moved = moved
        self.journal: list[SenderEntry] = []
        self.broken_promises: list[str] = []
        """Repeated keys that did not answer with their first outcome."""
        self.repeated = 0
        """Requests sent again because no answer came."""
        self.found_again = 0
        """Sends that had been accepted without an answer: their keys answered with the first outcome."""
        self.leaving = asyncio.Event()
        """Set whenever a request goes out; who waits for it clears it."""

    @property
    def accepted(self) -> int:
        """Sends accepted so far."""
        return sum(entry.fate is Fate.ACCEPTED for entry in self.journal)

    async def run(self, requests: Iterator[Sequence[Send]]) -> None:
        """Send all of them; returns when each has its fate."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._work(requests))

    async def _work(self, requests: Iterator[Sequence[Send]]) -> None:
        api = Api(self._url, self._key)
        try:
            for request in requests:
                await self._pace.let_pass(len(request))
                await self._settle(api, request)
                self._moved()
        finally:
            api.close()

    async def _settle(self, api: Api, request: Sequence[Send]) -> None:
        """Repeat until each send of the request has its fate."""
        left = request
        while left:
            self.leaving.set()
            try:
                results = await api.send(left, self._ids)
            except NotSent:
                await _pause()
            except Unanswered as error:
                left = await self._again(left, str(error))
            except Refused as error:
                left = await self._again(left, str(error)) if error.later else self._refuse(left, str(error))
            else:
                left = await self._recorded(api, left, results)

    async def _recorded(self, api: Api, sends: Sequence[Send], results: Sequence[Result]) -> Sequence[Send]:
        """Write down the fates; the sends that shall be tried again."""
        later = []
        for send, result in zip(sends, results, strict=True):
            if result.notification is not None:
                self.found_again += result.duplicate
                self.journal.append(SenderEntry(send, Fate.ACCEPTED, result.notification.id))
            elif result.retryable:
                later.append(send)
            else:
                self._refuse([send], result.fault)
        await self._repeat(api, self.journal[-len(sends) :])
        return await self._again(later, "unavailable") if later else later

    async def _again(self, sends: Sequence[Send], note: str) -> Sequence[Send]:
        self.journal += [SenderEntry(send, Fate.UNKNOWN, note=note) for send in sends if not send.keyed]
        self.repeated += 1
        await _pause()
        return [send for send in sends if send.keyed]

    def _refuse(self, sends: Sequence[Send], note: str) -> Sequence[Send]:
        self.journal += [SenderEntry(send, Fate.REFUSED, note=note) for send in sends]
        return ()

    async def _repeat(self, api: Api, entries: Sequence[SenderEntry]) -> None:
        """Ask once more with some of the keys: each must answer with its first outcome."""
        asked = [one for one in entries if one.send.keyed and one.notification and one.send.number % REPEAT_EVERY == 0]
        if not asked:
            return
        try:
            results = await api.send([one.send for one in asked], self._ids)
        except (NotSent, Unanswered, Refused):
            return
        for one, result in zip(asked, results, strict=True):
            if result.notification is None or not result.duplicate or result.notification.id != one.notification:
                self.broken_promises.append(f"No. {one.send.number} was {one.notification}, repeated it is {result}")


async def _pause() -> None:
    await asyncio.sleep(random.uniform(*PAUSE_S))
