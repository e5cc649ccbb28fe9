"""The verbs on SQLite. One writer at a time makes a look before a write exact, so nothing here needs RETURNING.

Many keys travel as one packed value that a recursive query takes apart: the text stays the same for any number of keys,
so a statement is prepared once.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.types import BigInteger

from engines.store.dialect.base import Mode, Row, Statement, Transaction, require_tenant
from models.tables import inbox_heads

INTEGER_DIGITS = 20
HASH_BYTES = 32
ID_BYTES = 16


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


@lru_cache(maxsize=256)
def _match(table: Table, key: tuple[str, ...]) -> str:
    """`WITH` clause and join condition that compare `key` with packed values, one parameter a column plus the count."""
    tests = [f"t.{name} = {_part(table, name, place)}" for place, name in enumerate(key, start=2)]
    return " AND ".join(tests)


def _part(table: Table, name: str, place: int) -> str:
    width = _width(table, name)
    if width == INTEGER_DIGITS:
        return f"CAST(substr(?{place}, n * {width} + 1, {width}) AS INTEGER)"
    return f"substr(?{place}, n * {width} + 1, {width})"


def _width(table: Table, name: str) -> int:
    kind = table.c[name].type
    if isinstance(kind, (Integer, SmallInteger, BigInteger)):
        return INTEGER_DIGITS
    if isinstance(kind, LargeBinary):
        return kind.length or HASH_BYTES
    raise TypeError(f"{table.name}.{name} cannot be a packed key")


def _packed(table: Table, key: Sequence[str], keys: Collection[Row]) -> Iterator[object]:
    yield len(keys)
    for name, values in zip(key, zip(*keys, strict=True), strict=True):
        if _width(table, name) == INTEGER_DIGITS:
            # digits as a blob: substr walks through text from its start, but reaches into a blob
            yield "".join([f"{value:020d}" for value in values]).encode()
        else:
            yield b"".join(values)


_COUNT = "WITH RECURSIVE k(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM k WHERE n + 1 < ?1) "


@lru_cache(maxsize=256)
def _select(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    wanted = ", ".join(f"t.{name}" for name in columns)
    return f"{_COUNT}SELECT {wanted} FROM k CROSS JOIN {table.name} t ON {_match(table, key)}"


@lru_cache(maxsize=64)
def _stretches(
    table: Table, key: tuple[str, ...], order: tuple[str, ...], columns: tuple[str, ...], descending: bool
) -> str:
    """There is no lateral join: first the last id of each page is looked for, then the pages are read up to it."""
    past, upto, way = ("<", ">=", " DESC") if descending else (">", "<=", "")
    start = ", ".join(_part(table, name, place) for place, name in enumerate(order, start=2 + len(key)))
    limit = f"?{2 + len(key) + len(order)}"

    def page(of: str) -> str:
        tests = " AND ".join(f"{of}.{name} = {_part(table, name, place)}" for place, name in enumerate(key, start=2))
        return f"{tests} AND ({', '.join(f'{of}.{name}' for name in order)}) {past} ({start})"

    ways = ", ".join(f"e.{name}{way}" for name in order)
    last = f"SELECT e.{order[0]} FROM {table.name} e WHERE {page('e')} ORDER BY {ways} LIMIT 1 OFFSET {limit} - 1"
    wanted = ", ".join(f"t.{name}" for name in columns)
    beyond = "x''" if descending else "x'" + "ff" * (ID_BYTES + 1) + "'"
    return (
        f"{_COUNT.rstrip()}, ends(n, last) AS MATERIALIZED (SELECT n, coalesce(({last}), {beyond}) FROM k)"
        f" SELECT {wanted} FROM ends CROSS JOIN {table.name} t ON {page('t')} AND t.{order[0]} {upto} last"
    )


@lru_cache(maxsize=16)
def _newest_deliveries(columns: tuple[str, ...], descending: bool) -> str:
    past, way = ("<", " DESC") if descending else (">", "")
    wanted = ", ".join(f"d.{name}" for name in columns)
    return (
        f"SELECT {wanted} FROM notifications n CROSS JOIN deliveries d"
        " ON d.tenant_id = n.tenant_id AND d.notification_id = n.id"
        f" AND (d.notification_id, d.user_id, d.step) {past} (?6, ?7, ?8)"
        " WHERE n.tenant_id = ?1 AND n.id > ?2 AND n.id < ?3 AND n.created_at >= ?4 AND n.created_at < ?5"
        f" ORDER BY n.id{way}, d.user_id{way}, d.step{way} LIMIT ?9"
    )


@lru_cache(maxsize=256)
def _update(table: Table, key: tuple[str, ...], columns: tuple[str, ...], guard: str) -> str:
    changes = ", ".join(f"{name} = ?{place}" for place, name in enumerate(columns, start=len(key) + 1))
    tests = " AND ".join(f"{name} = ?{place}" for place, name in enumerate(key, start=1))
    return f"UPDATE {table.name} AS t SET {changes} WHERE {tests}{' AND ' + guard if guard else ''}"


@lru_cache(maxsize=256)
def _delete(table: Table, key: tuple[str, ...]) -> str:
    return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in key)}"


_CANCELLED = (
    "SELECT tenant_id, id FROM notifications INDEXED BY notifications_taken_back"
    " WHERE tenant_id = ? AND id BETWEEN ? AND ? AND cancelled_at IS NOT NULL"
)


class SqliteDialect:
    """`Dialect` for SQLite 3.35 and newer."""

    name = "sqlite"

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> Transaction[None]:
        """See `Dialect.insert`."""
        if rows:
            yield Statement(_insert(table, tuple(columns)), rows, Mode.MANY)

    def insert_new(
        self, table: Table, columns: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> Transaction[set[Row]]:
        """See `Dialect.insert_new`: a look, then the rows that were missing."""
        places = [columns.index(name) for name in key]
        by_key = {tuple([row[place] for place in places]): row for row in rows}
        found = yield from self.lookup(table, key, by_key, key)
        known = {tuple(row) for row in found}
        fresh = {key: row for key, row in by_key.items() if key not in known}
        yield from self.insert(table, columns, list(fresh.values()))
        return set(fresh)

    def lookup(
        self,
        table: Table,
        key: Sequence[str],
        keys: Collection[Row],
        columns: Sequence[str],
        *,
        lock: bool = False,  # noqa: ARG002
        share: bool = False,  # noqa: ARG002
    ) -> Transaction[list[Row]]:
        """See `Dialect.lookup`; the one writer holds every lock already."""
        require_tenant(table, key)
        if not keys:
            return []
        text = _select(table, tuple(key), tuple(columns))
        return (yield Statement(text, tuple(_packed(table, key, keys)), Mode.FETCH))

    def update(
        self, table: Table, key: Sequence[str], columns: Sequence[str], rows: Sequence[Row], guard: str = ""
    ) -> Transaction[None]:
        """See `Dialect.update`."""
        require_tenant(table, key)
        if rows:
            yield Statement(_update(table, tuple(key), tuple(columns), guard), rows, Mode.MANY)

    def update_returning(
        self, table: Table, key: Sequence[str], columns: Sequence[str], rows: Sequence[Row], guard: str
    ) -> Transaction[set[Row]]:
        """See `Dialect.update_returning`: a look for the rows that match, then the update of those."""
        require_tenant(table, key)
        if not rows:
            return set()
        by_key = {row[: len(key)]: row for row in rows}
        text = _select(table, tuple(key), tuple(key)) + f" AND {guard}"
        found = yield Statement(text, tuple(_packed(table, key, by_key)), Mode.FETCH)
        matched = {tuple(row) for row in found}
        yield from self.update(table, key, columns, [row for one, row in by_key.items() if one in matched])
        return matched

    def delete(self, table: Table, key: Sequence[str], keys: Collection[Row]) -> Transaction[None]:
        """See `Dialect.delete`."""
        require_tenant(table, key)
        if keys:
            yield Statement(_delete(table, tuple(key)), list(keys), Mode.MANY)

    def take_due(self, table: Table, columns: Sequence[str], now_us: int, limit: int) -> Transaction[list[Row]]:
        """See `Dialect.take_due`."""
        key = [column.name for column in table.primary_key]
        wanted = ", ".join([*key, *columns])
        text = f"SELECT {wanted} FROM {table.name} WHERE due_at <= ? ORDER BY due_at LIMIT ?"
        rows = yield Statement(text, (now_us, limit), Mode.FETCH)
        yield from self.delete(table, key, [row[: len(key)] for row in rows])
        return [row[len(key) :] for row in rows]

    def take_outbox(self, topic: int, worker: bytes, limit: int) -> Transaction[list[Row]]:
        """See `Dialect.take_outbox`."""
        text = (
            "SELECT seq, items, payload FROM outbox WHERE topic = ? AND claimed_by IS NULL ORDER BY lane, seq LIMIT 500"
        )
        rows = yield Statement(text, (topic,), Mode.FETCH)
        taken = within(rows, limit)
        if taken:
            yield Statement(
                "UPDATE outbox SET claimed_by = ? WHERE seq = ?", [(worker, r[0]) for r in taken], Mode.MANY
            )
        return taken

    def advance_heads(self, rows: Sequence[Row]) -> Transaction[list[Row]]:
        """See `Dialect.advance_heads`."""
        if not rows:
            return []
        text = (
            "INSERT INTO inbox_heads (tenant_id, user_id, epoch, seq, floor, unread) VALUES (?, ?, ?, ?, 0, ?)"
            " ON CONFLICT (user_id) DO UPDATE SET seq = seq + excluded.seq, unread = unread + excluded.unread"
            " WHERE tenant_id = excluded.tenant_id"
        )
        yield Statement(text, rows, Mode.MANY)
        keys = [row[:2] for row in rows]
        return (yield from self.lookup(inbox_heads, ("tenant_id", "user_id"), keys, ("user_id", "seq", "unread")))

    def stretches(
        self,
        table: Table,
        key: Sequence[str],
        order: Sequence[str],
        starts: Sequence[Row],
        columns: Sequence[str],
        limit: int,
        *,
        descending: bool = False,
    ) -> Transaction[list[Row]]:
        """See `Dialect.stretches`."""
        require_tenant(table, key)
        if not starts:
            return []
        text = _stretches(table, tuple(key), tuple(order), tuple(columns), descending)
        values = (*_packed(table, (*key, *order), starts), limit)
        return (yield Statement(text, values, Mode.FETCH))

    def newest_deliveries(
        self, columns: Sequence[str], within: Row, place: Row, limit: int, *, descending: bool
    ) -> Transaction[list[Row]]:
        """See `Dialect.newest_deliveries`: nested loops in the order of the tables' keys."""
        text = _newest_deliveries(tuple(columns), descending)
        return (yield Statement(text, (*within, *place, limit), Mode.FETCH))

    def cancelled(self, notifications: Collection[Row], *, share: bool) -> Transaction[set[Row]]:  # noqa: ARG002
        """See `Dialect.cancelled`: few ever are, and an index holds just those; the one writer holds every lock."""
        ids_of: dict[bytes, list[bytes]] = {}
        for tenant, id_ in notifications:
            ids_of.setdefault(tenant, []).append(id_)
        found: set[Row] = set()
        for tenant, ids in ids_of.items():
            rows = yield Statement(_CANCELLED, (tenant, min(ids), max(ids)), Mode.FETCH)
            found |= {tuple(row) for row in rows}
        return found.intersection(notifications) if found else found

    def make_partitions(self, days: int) -> Transaction[None]:  # noqa: ARG002
        """See `Dialect.make_partitions`: one file holds everything."""
        yield from ()

    def now(self) -> Transaction[int]:
        """See `Dialect.now`; exact to a millisecond."""
        text = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000"
        rows = yield Statement(text, (), Mode.FETCH)
        return int(rows[0][0])

    def fetch(self, text: str, values: Sequence[object]) -> Transaction[list[Row]]:
        """See `Dialect.fetch`."""
        return (yield Statement(text, tuple(values), Mode.FETCH))


def within(rows: Sequence[Row], limit: int) -> list[Row]:
    """The first rows whose items (second column) add up to `limit`, at least one."""
    taken: list[Row] = []
    items = 0
    for row in rows:
        if taken and items + row[1] > limit:
            break
        taken.append(row)
        items += row[1]
    return taken
