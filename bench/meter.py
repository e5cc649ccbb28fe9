"""Measures CPU time of coroutines and of store transactions, by label. Used by benchmarks."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar

from engines.store.base import Operation
from engines.store.committer import Body
from engines.store.dialect.base import Dialect, Transaction
from engines.store.transactions import BODIES

T = TypeVar("T")


class Meter:
    """CPU nanoseconds and counts by label. Labels of coroutines and of transactions never overlap in time."""

    def __init__(self) -> None:
        self.cpu_ns: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def metered(self, label: str, coroutine: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """The coroutine, each of its steps measured."""
        return _Metered(self, label, coroutine)

    def meter_transactions(self) -> None:
        """From now on every transaction is measured under its operation's name, statements included."""
        for kind, body in list(BODIES.items()):
            BODIES[kind] = self._timed(kind.__name__, body)

    def _timed(self, label: str, body: Body) -> Body:
        def timed(d: Dialect, operations: Sequence[Operation[object]]) -> Transaction[Sequence[object]]:
            began = time.thread_time_ns()
            answers = yield from body(d, operations)
            self.cpu_ns[label] += time.thread_time_ns() - began
            self.calls[label] += 1
            return answers

        return timed


class _Metered(Awaitable[T]):
    def __init__(self, meter: Meter, label: str, coroutine: Coroutine[Any, Any, T]) -> None:
        self._meter = meter
        self._label = label
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        step: Callable[[], Any] = lambda: self._coroutine.send(None)  # noqa: E731
        while True:
            began = time.thread_time_ns()
            try:
                waited_for = step()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            finally:
                self._meter.cpu_ns[self._label] += time.thread_time_ns() - began
            try:
                yield waited_for
                step = lambda: self._coroutine.send(None)  # noqa: E731
            except BaseException as error:  # noqa: BLE001 (it is thrown on into the coroutine)
                thrown = error
                step = lambda thrown=thrown: self._coroutine.throw(thrown)  # type: ignore[misc]  # noqa: E731
