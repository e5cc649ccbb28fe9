"""The store on PostgreSQL: writer connections that commit groups, a pool of readers, row security."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

import asyncpg

from engines.store.base import Operation, Query, StoreAbilities
from engines.store.committer import Committer, Pending, answer_all, merged, tenants_of
from engines.store.dialect.base import Dialect, Mode, Row, Statement, Transaction
from engines.store.dialect.postgres import PostgresDialect
from engines.store.reads.compile import Compiled, arguments, for_postgres
from engines.store.reads.lookups import LOOKUPS
from engines.store.reads.selects import ROWS
from engines.store.transactions import ALONE, BODIES, LOCK_HEADS
from errors import EngineUnavailable

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

R = TypeVar("R")
Observer = Callable[[Statement], None]

WRITERS = 2
READERS = 4
COMMAND_TIMEOUT_S = 30.0
CONFLICT_TRIES = 5
"""How often a group is tried again when the server chose it to give way (deadlock, serialisation)."""

SET_TENANTS = "SELECT set_config('app.tenants', $1, true)"
_GIVE_WAY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # a server that lost its role to another one, until the address leads to that
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    # asyncpg 0.32: what a connection says that was cut off between two of its steps
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class PostgresStore:
    """`Store` on PostgreSQL 15 and newer, reached as a role under row security.

    Args:
        url: postgresql://… of the service role; migrations have been run by the owner.
        observe: called with every statement, for tests and benches.
        statement_cache: prepared statements a connection keeps; 0 behind pgbouncer in transaction mode.
    """

    abilities = StoreAbilities(shared=True, row_security=True)

    def __init__(self, url: str, *, observe: Observer | None = None, statement_cache: int = 256) -> None:
        self._url = url
        self._observe = observe
        self._statement_cache = statement_cache
        self._dialect: Dialect = PostgresDialect()
        self._selects: dict[type, Compiled] = for_postgres()
        self._committer = Committer(apart=LOCK_HEADS, alone=ALONE)
        self._work = asyncio.Event()
        self._closing = False
        self._writers: list[asyncio.Task[None]] = []
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._reading = asyncio.Semaphore(READERS)

    async def write(self, operation: Operation[R]) -> R:
        """See `Store.write`."""
        if self._closing:
            raise EngineUnavailable("the store is closing")
        await self._opened()
        answer = self._committer.put(cast(Operation[object], operation))
        self._work.set()
        return cast(R, await asyncio.shield(answer))

    async def read(self, query: Query[R]) -> Sequence[R]:
        """See `Store.read`."""
        pool = await self._opened()
        try:
            # the writers' connections are theirs, however many reads wait
            async with self._reading, pool.acquire() as connection, connection.transaction(readonly=True):
                await self._set_tenants(connection, query.tenants())
                return cast(Sequence[R], await self._rows(connection, cast(Query[object], query)))
        except _AWAY as error:
            raise _unavailable(error) from error

    async def ping(self) -> None:
        """See `Store.ping`."""
        pool = await self._opened()
        try:
            await pool.fetchval("SELECT 1", timeout=2.0)
        except _AWAY as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """See `Store.close`."""
        self._closing = True
        self._work.set()
        await asyncio.gather(*self._writers)
        if self._pool is not None:
            await self._pool.close()

    async def _opened(self) -> "Pool":
        if self._pool is not None:
            return self._pool
        async with self._opening:
            if self._pool is None:
                self._pool = await self._open()
                self._writers = [asyncio.create_task(self._write_groups(self._pool)) for _ in range(WRITERS)]
        return self._pool

    async def _open(self) -> "Pool":
        try:
            return await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=WRITERS + READERS,
                init=_ids_as_bytes,
                command_timeout=COMMAND_TIMEOUT_S,
                statement_cache_size=self._statement_cache,
            )
        except (*_AWAY, asyncpg.PostgresError) as error:
            raise _unavailable(error) from error

    async def _write_groups(self, pool: "Pool") -> None:
        while True:
            group = self._committer.take()
            if group:
                answer_all(group, await self._commit(pool, group))
            elif self._closing:
                return
            else:
                self._work.clear()
                await self._work.wait()

    async def _commit(self, pool: "Pool", group: Sequence[Pending]) -> list[object | Exception]:
        operations = [pending.operation for pending in group]
        try:
            return await self._commit_patiently(pool, operations)
        except _AWAY as error:
            return [_unavailable(error)] * len(group)
        except Exception as error:  # noqa: BLE001 (it belongs to the caller who waits)
            if len(group) == 1:
                return [_unavailable(error) if isinstance(error, _GIVE_WAY) else error]
        alone = [await self._commit(pool, [pending]) for pending in group]
        return [outcome for outcomes in alone for outcome in outcomes]

    async def _commit_patiently(
        self, pool: "Pool", operations: Sequence[Operation[object]]
    ) -> list[object | Exception]:
        for _ in range(CONFLICT_TRIES - 1):
            try:
                return await self._commit_once(pool, operations)
            except _GIVE_WAY:
                continue
        return await self._commit_once(pool, operations)

    async def _commit_once(self, pool: "Pool", operations: Sequence[Operation[object]]) -> list[object | Exception]:
        async with pool.acquire() as connection, connection.transaction():
            await self._set_tenants(connection, tenants_of(operations))
            return list(await self._carry(connection, merged(self._dialect, BODIES, operations)))

    async def _rows(self, connection: "Connection", query: Query[object]) -> Sequence[object]:
        lookup = LOOKUPS.get(type(query))
        if lookup is not None:
            answering = lookup(self._dialect, query)  # type: ignore[operator]
            return cast(Sequence[object], await self._carry(connection, answering))
        compiled = self._selects[type(query)]
        make = ROWS[type(query)]
        rows = await self._run(connection, Statement(compiled.text, arguments(compiled, query), Mode.FETCH))
        return [make(*row) for row in rows]

    async def _carry(self, connection: "Connection", transaction: Transaction[R]) -> R:
        try:
            statement = next(transaction)
            while True:
                statement = transaction.send(await self._run(connection, statement))
        except StopIteration as done:
            return cast(R, done.value)

    async def _run(self, connection: "Connection", statement: Statement) -> list[Row]:
        if self._observe is not None:
            self._observe(statement)
        if statement.mode is Mode.FETCH:
            return cast(list[Row], await connection.fetch(statement.text, *statement.values))
        await connection.execute(statement.text, *statement.values)
        return []

    async def _set_tenants(self, connection: "Connection", tenants: frozenset[bytes]) -> None:
        listed = ",".join([str(UUID(bytes=tenant)) for tenant in tenants])
        await connection.execute(SET_TENANTS, "{" + listed + "}")


async def _ids_as_bytes(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")


def _unavailable(error: BaseException) -> EngineUnavailable:
    unavailable = EngineUnavailable(f"PostgreSQL does not answer: {type(error).__name__}: {error}")
    unavailable.__cause__ = error
    return unavailable
