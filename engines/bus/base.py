"""The bus's port, polled by the consumer loop. What it carries was written to the outbox by the store."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from models.topics import BusTopic


class Batch(msgspec.Struct, frozen=True):
    """Pointers as bytes, with what the bus needs to forget them."""

    topic: BusTopic
    payload: bytes
    receipt: int


class Bus(Protocol):
    """At least once; in order within a lane until a retry. Losing a bus loses nothing: the store holds the truth."""

    async def poll(self, topic: BusTopic, limit: int, wait_s: float) -> Sequence[Batch]:
        """Batches of about `limit` pointers in all for this consumer alone, waiting at most `wait_s` for the first.

        A hint ends the waiting, with or without batches.

        Raises:
            Unavailable: the bus does not answer; nothing was taken.
        """

    async def commit(self, batches: Sequence[Batch]) -> None:
        """Never hand these out again. Call when the state that they caused is durable.

        Raises:
            Unavailable: they may come again.
        """

    async def set_aside(self, topic: BusTopic, payloads: Sequence[bytes]) -> None:
        """Keep what cannot be handled where an operator finds it, out of the way of the others."""

    def hint(self) -> None:
        """Say that there may be work now. Saves waiting; a lost hint costs at most one poll interval."""
