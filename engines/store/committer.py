"""Group commit: what waits together is committed together. Pure bookkeeping, driven by each adapter's writer."""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence

import msgspec

from engines.store.base import Operation
from engines.store.dialect.base import Dialect, Row, Statement, Transaction
from errors import Unavailable

MAX_ROWS = 4_000
"""About this many rows share one commit."""
MAX_WAITING_ROWS = 40_000
"""More than this in the queue and a write is refused instead of queued."""

Body = Callable[[Dialect, Sequence[Operation[object]]], Transaction[Sequence[object]]]


class Pending(msgspec.Struct, frozen=True):
    """An operation and the future that waits for it."""

    operation: Operation[object]
    answer: asyncio.Future[object]


class Committer:
    """The queue before a writer: bounds it, gives it out in groups, and never loses an answer.

    Args:
        apart: kinds of which a group holds one at the most: each locks the same rows in its own order, so two writers
            that each carried both could wait for each other in a ring.
        alone: kinds of which each operation is committed by itself, for the same reason.
    """

    def __init__(
        self,
        max_rows: int = MAX_ROWS,
        max_waiting_rows: int = MAX_WAITING_ROWS,
        apart: frozenset[type] = frozenset(),
        alone: frozenset[type] = frozenset(),
    ) -> None:
        self._apart = apart
        self._alone = alone
        self._waiting: deque[Pending] = deque()
        self._rows = 0
        self._max_rows = max_rows
        self._max_waiting_rows = max_waiting_rows

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def rows(self) -> int:
        """Rows that wait to be written."""
        return self._rows

    def put(self, operation: Operation[object]) -> asyncio.Future[object]:
        """Queue an operation.

        Raises:
            Unavailable: too much waits already; nothing was taken.
        """
        if self._rows >= self._max_waiting_rows:
            raise Unavailable(f"{self._rows} rows wait to be stored already", retry_after_s=1.0)
        pending = Pending(operation, asyncio.get_running_loop().create_future())
        self._waiting.append(pending)
        self._rows += operation.size()
        return pending.answer

    def take(self) -> list[Pending]:
        """What shall be committed next: everything that waits, up to the bound, and at least one."""
        group: list[Pending] = []
        rows = 0
        kept_apart: set[type] = set()
        while self._waiting and (not group or rows + self._waiting[0].operation.size() <= self._max_rows):
            kind = type(self._waiting[0].operation)
            kept_apart |= {kind} & self._apart
            if len(kept_apart) > 1 or (group and (kind in self._alone or type(group[0].operation) in self._alone)):
                break
            pending = self._waiting.popleft()
            rows += pending.operation.size()
            group.append(pending)
        self._rows -= rows
        return group


def by_kind(operations: Sequence[Operation[object]]) -> dict[type, list[int]]:
    """The places of each kind of operation."""
    kinds: dict[type, list[int]] = {}
    for place, operation in enumerate(operations):
        kinds.setdefault(type(operation), []).append(place)
    return kinds


def merged(
    dialect: Dialect, bodies: dict[type, Body], operations: Sequence[Operation[object]]
) -> Generator[Statement, list[Row], list[object]]:
    """One transaction for many operations: each kind's body runs once over all of its kind.

    Kinds follow the order of `bodies`, so that all writers take the locks of different kinds in one order.
    """
    answers: list[object] = [None] * len(operations)
    places_of = by_kind(operations)
    for kind in sorted(places_of, key=list(bodies).index):
        places = places_of[kind]
        results = yield from bodies[kind](dialect, [operations[place] for place in places])
        for place, result in zip(places, results, strict=True):
            answers[place] = result
    return answers


def tenants_of(operations: Sequence[Operation[object]]) -> frozenset[bytes]:
    """Every tenant that a group may touch."""
    none: frozenset[bytes] = frozenset()
    return none.union(*[operation.tenants() for operation in operations])


def answer_all(group: Sequence[Pending], outcomes: Sequence[object | Exception]) -> None:
    """Hand each caller its result or its error."""
    for pending, outcome in zip(group, outcomes, strict=True):
        if isinstance(outcome, Exception):
            pending.answer.set_exception(outcome)
        else:
            pending.answer.set_result(outcome)
