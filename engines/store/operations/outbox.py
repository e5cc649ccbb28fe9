"""Taking work from the outbox, and giving it back."""

import msgspec

from engines.store.base import Operation
from models.topics import BusTopic


class OutboxRow(msgspec.Struct, frozen=True):
    """One batch of pointers, claimed by a worker until it is dropped."""

    seq: int
    topic: BusTopic
    items: int
    payload: bytes


class TakeOutbox(Operation[list[OutboxRow]], frozen=True):
    """Claims the oldest free rows of a topic, urgent lanes first, until about `limit` pointers are taken."""

    topic: BusTopic
    worker: bytes
    limit: int


class DropOutbox(Operation[None], frozen=True):
    """Forgets rows whose work is durable elsewhere."""

    rows: tuple[int, ...]

    def size(self) -> int:
        return len(self.rows)


class FreeOutbox(Operation[None], frozen=True):
    """Gives up the rows that a worker took without knowing it, because the answer got lost: all but those it holds."""

    worker: bytes
    holds: frozenset[int]


class SetAside(Operation[None], frozen=True):
    """Keeps payloads that cannot be handled, as rows that nobody polls."""

    topic: BusTopic
    payloads: tuple[bytes, ...]
    at_us: int = 0
