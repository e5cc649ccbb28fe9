"""The verbs on PostgreSQL 15 and newer: unnest for many rows, RETURNING for what was won, SKIP LOCKED for queues."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from engines.store.dialect.base import Mode, Row, Statement, Transaction, require_tenant
from models.tables import notifications as notifications_table

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=512)
def _array(table: Table, name: str) -> str:
    kind = table.c[name].type.compile(dialect=_DIALECT).lower()
    plain = {"bigserial": "bigint"}.get(kind, kind)
    return f"{'text' if plain.startswith('varchar') else plain}[]"


def _arrays(table: Table, names: Sequence[str]) -> str:
    return ", ".join(f"${place}::{_array(table, name)}" for place, name in enumerate(names, start=1))


def _columns(rows: Collection[Row]) -> list[list[object]]:
    return [list(values) for values in zip(*rows, strict=True)]


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM unnest({_arrays(table, columns)})"


@lru_cache(maxsize=256)
def _join(table: Table, key: tuple[str, ...]) -> str:
    names = ", ".join(f"k{place}" for place in range(len(key)))
    tests = " AND ".join(f"t.{name} = k{place}" for place, name in enumerate(key))
    return f"unnest({_arrays(table, key)}) AS k({names}) JOIN {table.name} t ON {tests}"


@lru_cache(maxsize=256)
def _update(table: Table, key: tuple[str, ...], columns: tuple[str, ...], guard: str) -> str:
    names = ", ".join([*(f"k{place}" for place in range(len(key))), *(f"v{place}" for place in range(len(columns)))])
    changes = ", ".join(f"{name} = v{place}" for place, name in enumerate(columns))
    tests = " AND ".join(f"t.{name} = k{place}" for place, name in enumerate(key))
    source = f"unnest({_arrays(table, (*key, *columns))}) AS k({names})"
    return f"UPDATE {table.name} t SET {changes} FROM {source} WHERE {tests}{' AND ' + guard if guard else ''}"


@lru_cache(maxsize=256)
def _delete(table: Table, key: tuple[str, ...]) -> str:
    names = ", ".join(f"k{place}" for place in range(len(key)))
    tests = " AND ".join(f"t.{name} = k{place}" for place, name in enumerate(key))
    return f"DELETE FROM {table.name} t USING unnest({_arrays(table, key)}) AS k({names}) WHERE {tests}"


@lru_cache(maxsize=64)
def _stretches(
    table: Table, key: tuple[str, ...], order: tuple[str, ...], columns: tuple[str, ...], descending: bool
) -> str:
    names = ", ".join([*[f"k{place}" for place in range(len(key))], *[f"o{place}" for place in range(len(order))]])
    tests = " AND ".join(f"t.{name} = k{place}" for place, name in enumerate(key))
    past, way = ("<", " DESC") if descending else (">", "")
    row, start = ", ".join(f"t.{name}" for name in order), ", ".join(f"o{place}" for place in range(len(order)))
    ways = ", ".join(f"t.{name}{way}" for name in order)
    wanted = ", ".join(f"t.{name}" for name in columns)
    arrays = _arrays(table, (*key, *order))
    return (
        f"SELECT {wanted} FROM unnest({arrays}) AS k({names}) CROSS JOIN LATERAL (SELECT * FROM"
        f" {table.name} t WHERE {tests} AND ({row}) {past} ({start}) ORDER BY {ways}"
        f" LIMIT ${len(key) + len(order) + 1}::int) t"
    )


@lru_cache(maxsize=16)
def _newest_deliveries(columns: tuple[str, ...], descending: bool) -> str:
    past, way = ("<", " DESC") if descending else (">", "")
    wanted = ", ".join(f"d.{name}" for name in columns)
    return (
        f"SELECT {wanted} FROM notifications n CROSS JOIN LATERAL (SELECT * FROM deliveries d"
        " WHERE d.tenant_id = n.tenant_id AND d.notification_id = n.id"
        f" AND (d.notification_id, d.user_id, d.step) {past} ($6::uuid, $7::uuid, $8::smallint)"
        f" ORDER BY d.user_id{way}, d.step{way} LIMIT $9::int) d"
        " WHERE n.tenant_id = $1::uuid AND n.id > $2::uuid AND n.id < $3::uuid"
        " AND n.created_at >= $4::bigint AND n.created_at < $5::bigint"
        f" ORDER BY n.id{way}, d.user_id{way}, d.step{way} LIMIT $9::int"
    )


@lru_cache(maxsize=64)
def numbered(text: str) -> str:
    """`?` for values becomes `$1`, `$2` …; texts with a literal question mark are not for this."""
    head, *rest = text.split("?")
    return head + "".join(f"${place}{piece}" for place, piece in enumerate(rest, start=1))


class PostgresDialect:
    """`Dialect` for PostgreSQL."""

    name = "postgres"

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> Transaction[None]:
        """See `Dialect.insert`."""
        if rows:
            yield Statement(_insert(table, tuple(columns)), _columns(rows), Mode.RUN)

    def insert_new(
        self, table: Table, columns: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> Transaction[set[Row]]:
        """See `Dialect.insert_new`: rows go in by key, so that two callers never wait in a ring."""
        if not rows:
            return set()
        places = [columns.index(name) for name in key]
        ordered = sorted(rows, key=lambda row: [row[place] for place in places])
        text = f"{_insert(table, tuple(columns))} ON CONFLICT DO NOTHING RETURNING {', '.join(key)}"
        won = yield Statement(text, _columns(ordered), Mode.FETCH)
        return {tuple(row) for row in won}

    def lookup(
        self,
        table: Table,
        key: Sequence[str],
        keys: Collection[Row],
        columns: Sequence[str],
        *,
        lock: bool = False,
        share: bool = False,
    ) -> Transaction[list[Row]]:
        """See `Dialect.lookup`; locks are taken in key order."""
        require_tenant(table, key)
        if not keys:
            return []
        wanted = ", ".join(f"t.{name}" for name in columns)
        # a shared lock on the key is the lightest that still makes FOR UPDATE wait
        mode = "UPDATE" if lock else "KEY SHARE"
        order = f" ORDER BY {', '.join(f't.{name}' for name in key)} FOR {mode} OF t" if lock or share else ""
        text = f"SELECT {wanted} FROM {_join(table, tuple(key))}{order}"
        return (yield Statement(text, _columns(keys), Mode.FETCH))

    def update(
        self, table: Table, key: Sequence[str], columns: Sequence[str], rows: Sequence[Row], guard: str = ""
    ) -> Transaction[None]:
        """See `Dialect.update`."""
        require_tenant(table, key)
        if rows:
            yield Statement(_update(table, tuple(key), tuple(columns), guard), _columns(rows), Mode.RUN)

    def update_returning(
        self, table: Table, key: Sequence[str], columns: Sequence[str], rows: Sequence[Row], guard: str
    ) -> Transaction[set[Row]]:
        """See `Dialect.update_returning`."""
        require_tenant(table, key)
        if not rows:
            return set()
        wanted = ", ".join(f"t.{name}" for name in key)
        text = f"{_update(table, tuple(key), tuple(columns), guard)} RETURNING {wanted}"
        found = yield Statement(text, _columns(rows), Mode.FETCH)
        return {tuple(row) for row in found}

    def delete(self, table: Table, key: Sequence[str], keys: Collection[Row]) -> Transaction[None]:
        """See `Dialect.delete`."""
        require_tenant(table, key)
        if keys:
            yield Statement(_delete(table, tuple(key)), _columns(keys), Mode.RUN)

    def take_due(self, table: Table, columns: Sequence[str], now_us: int, limit: int) -> Transaction[list[Row]]:
        """See `Dialect.take_due`."""
        key = [column.name for column in table.primary_key]
        same = " AND ".join(f"t.{name} = d.{name}" for name in key)
        text = (
            f"WITH d AS (SELECT {', '.join(key)} FROM {table.name} WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
            f" FOR UPDATE SKIP LOCKED) DELETE FROM {table.name} t USING d WHERE {same}"
            f" RETURNING {', '.join(f't.{name}' for name in columns)}"
        )
        return (yield Statement(text, (now_us, limit), Mode.FETCH))

    def take_outbox(self, topic: int, worker: bytes, limit: int) -> Transaction[list[Row]]:
        """See `Dialect.take_outbox`."""
        text = (
            "WITH free AS (SELECT seq, lane, items FROM outbox WHERE topic = $1 AND claimed_by IS NULL"
            " ORDER BY lane, seq LIMIT 500 FOR UPDATE SKIP LOCKED),"
            " summed AS (SELECT seq, sum(items) OVER (ORDER BY lane, seq) - items AS before FROM free),"
            " taken AS (UPDATE outbox o SET claimed_by = $2 FROM summed s WHERE o.seq = s.seq AND s.before < $3"
            " RETURNING o.lane, o.seq, o.items, o.payload) SELECT seq, items, payload FROM taken ORDER BY lane, seq"
        )
        return (yield Statement(text, (topic, worker, limit), Mode.FETCH))

    def advance_heads(self, rows: Sequence[Row]) -> Transaction[list[Row]]:
        """See `Dialect.advance_heads`."""
        if not rows:
            return []
        text = (
            "INSERT INTO inbox_heads AS h (tenant_id, user_id, epoch, seq, floor, unread)"
            " SELECT t, u, e, n, 0, r FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::int[])"
            " AS k(t, u, e, n, r) ON CONFLICT (user_id) DO UPDATE SET seq = h.seq + excluded.seq,"
            " unread = h.unread + excluded.unread WHERE h.tenant_id = excluded.tenant_id RETURNING user_id, seq, unread"
        )
        return (yield Statement(text, _columns(rows), Mode.FETCH))

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
        """See `Dialect.stretches`: a lateral page for each start."""
        require_tenant(table, key)
        if not starts:
            return []
        text = _stretches(table, tuple(key), tuple(order), tuple(columns), descending)
        return (yield Statement(text, [*_columns(starts), limit], Mode.FETCH))

    def newest_deliveries(
        self, columns: Sequence[str], within: Row, place: Row, limit: int, *, descending: bool
    ) -> Transaction[list[Row]]:
        """See `Dialect.newest_deliveries`: lateral, so that each notification's deliveries are read by their key."""
        text = _newest_deliveries(tuple(columns), descending)
        return (yield Statement(text, (*within, *place, limit), Mode.FETCH))

    def cancelled(self, notifications: Collection[Row], *, share: bool) -> Transaction[set[Row]]:
        """See `Dialect.cancelled`: all of them are read, since a lock must be on each."""
        key = ("tenant_id", "id")
        rows = yield from self.lookup(notifications_table, key, notifications, (*key, "cancelled_at"), share=share)
        return {tuple(row[:2]) for row in rows if row[2] is not None}

    def make_partitions(self, days: int) -> Transaction[None]:
        """See `Dialect.make_partitions`."""
        yield Statement("SELECT carillon_make_partitions(current_date, $1)", (days,), Mode.FETCH)

    def now(self) -> Transaction[int]:
        """See `Dialect.now`."""
        rows = yield Statement("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", (), Mode.FETCH)
        return int(rows[0][0])

    def fetch(self, text: str, values: Sequence[object]) -> Transaction[list[Row]]:
        """See `Dialect.fetch`."""
        return (yield Statement(numbered(text), tuple(values), Mode.FETCH))
