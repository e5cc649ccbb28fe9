"""The store on SQLite: one writer thread that commits groups, a few query-only readers, a lock on the file."""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, cast

from engines.store.base import Operation, Query, StoreAbilities
from engines.store.committer import Committer, Pending, answer_all, merged
from engines.store.dialect.base import Dialect, Mode, Row, Statement, Transaction
from engines.store.dialect.sqlite import SqliteDialect
from engines.store.reads.compile import Compiled, for_sqlite, values
from engines.store.reads.lookups import LOOKUPS
from engines.store.reads.selects import ROWS
from engines.store.transactions import BODIES
from errors import EngineUnavailable, StoreLocked

R = TypeVar("R")
Observer = Callable[[Statement], None]

READERS = 3
BUSY_TIMEOUT_S = 10.0
CACHED_STATEMENTS = 512
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA wal_autocheckpoint = 4000",
)


class FileLock:
    """The lock that says: this process serves the database file. Gone with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        """Take it.

        Raises:
            StoreLocked: another process has it.
        """
        self._descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise StoreLocked(f"{path} is served by another process: stop it, or set CARILLON_STORE") from error

    def release(self) -> None:
        """Let another process serve the file."""
        os.close(self._descriptor)


def carry(run: Callable[[Statement], list[Row]], transaction: Transaction[R]) -> R:
    """Run a transaction's statements until it returns."""
    try:
        statement = next(transaction)
        while True:
            statement = transaction.send(run(statement))
    except StopIteration as done:
        return cast(R, done.value)


class SqliteStore:
    """`Store` on one SQLite file that this process serves alone, or writes to in passing (`serve=False`).

    Args:
        path: the database file; migrations have been run.
        serve: take the file's lock for as long as the store is open.
        observe: called with every statement, for tests and benches.
        committed: called after every commit, for benches.
    """

    abilities = StoreAbilities(shared=False, row_security=False)

    def __init__(
        self,
        path: Path,
        *,
        serve: bool = True,
        observe: Observer | None = None,
        committed: Callable[[], None] | None = None,
    ) -> None:
        self._path = path
        self._lock = FileLock(path) if serve else None
        self._observe = observe
        self._committed = committed
        self._dialect: Dialect = SqliteDialect()
        self._selects: dict[type, Compiled] = for_sqlite()
        self._committer = Committer()
        self._work = asyncio.Event()
        self._closing = False
        self._writer_thread = ThreadPoolExecutor(1, "store-writer")
        self._reader_threads = ThreadPoolExecutor(READERS, "store-reader")
        self._connections: list[sqlite3.Connection] = []
        self._own = threading.local()
        self._writing: asyncio.Task[None] | None = None

    async def write(self, operation: Operation[R]) -> R:
        """See `Store.write`."""
        if self._closing:
            raise EngineUnavailable("the store is closing")
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_groups())
        answer = self._committer.put(cast(Operation[object], operation))
        self._work.set()
        return cast(R, await asyncio.shield(answer))

    async def read(self, query: Query[R]) -> Sequence[R]:
        """See `Store.read`."""
        loop = asyncio.get_running_loop()
        return cast(
            Sequence[R], await loop.run_in_executor(self._reader_threads, self._rows, cast(Query[object], query))
        )

    async def ping(self) -> None:
        """See `Store.ping`."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reader_threads, self._run_reading, Statement("SELECT 1", (), Mode.FETCH))

    async def close(self) -> None:
        """See `Store.close`."""
        self._closing = True
        self._work.set()
        if self._writing is not None:
            await self._writing
        self._writer_thread.shutdown()
        self._reader_threads.shutdown()
        for connection in self._connections:
            connection.close()
        if self._lock is not None:
            self._lock.release()

    async def _write_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            group = self._committer.take()
            if group:
                outcomes = await loop.run_in_executor(self._writer_thread, self._commit, group)
                answer_all(group, outcomes)
            elif self._closing:
                return
            else:
                self._work.clear()
                await self._work.wait()

    def _commit(self, group: Sequence[Pending]) -> list[object | Exception]:
        operations = [pending.operation for pending in group]
        try:
            return self._commit_once(operations)
        except Exception as error:  # noqa: BLE001 (it belongs to the caller who waits)
            if len(group) == 1:
                return [_understood(error)]
        return [outcome for pending in group for outcome in self._commit([pending])]

    def _commit_once(self, operations: Sequence[Operation[object]]) -> list[object | Exception]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            answers = carry(self._run, merged(self._dialect, BODIES, operations))
            connection.execute("COMMIT")
            if self._committed is not None:
                self._committed()
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return list(answers)

    def _rows(self, query: Query[object]) -> Sequence[object]:
        lookup = LOOKUPS.get(type(query))
        if lookup is not None:
            return cast(Sequence[object], self._snapshot(lookup(self._dialect, query)))  # type: ignore[operator]
        compiled = self._selects[type(query)]
        make = ROWS[type(query)]
        statement = Statement(compiled.text, values(compiled, query), Mode.FETCH)
        return [make(*row) for row in self._run_reading(statement)]

    def _snapshot(self, transaction: Transaction[object]) -> object:
        connection = self._connection(reading=True)
        connection.execute("BEGIN")
        try:
            return carry(self._run_reading, transaction)
        finally:
            connection.execute("COMMIT")

    def _run(self, statement: Statement) -> list[Row]:
        return self._run_on(self._connection(), statement)

    def _run_reading(self, statement: Statement) -> list[Row]:
        try:
            return self._run_on(self._connection(reading=True), statement)
        except sqlite3.Error as error:
            raise _understood(error) from error

    def _run_on(self, connection: sqlite3.Connection, statement: Statement) -> list[Row]:
        if self._observe is not None:
            self._observe(statement)
        if statement.mode is Mode.MANY:
            connection.executemany(statement.text, statement.values)
            return []
        return connection.execute(statement.text, statement.values).fetchall()

    def _connection(self, *, reading: bool = False) -> sqlite3.Connection:
        """This thread's connection, opened at its first use."""
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = _connect(self._path)
            if reading:
                connection.execute("PRAGMA query_only = 1")
            self._own.connection = connection
            self._connections.append(connection)
        return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
    )
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def _understood(error: Exception) -> Exception:
    if isinstance(error, sqlite3.OperationalError):
        unavailable = EngineUnavailable(f"the database file does not answer: {error}")
        unavailable.__cause__ = error
        return unavailable
    return error
