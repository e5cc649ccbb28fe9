"""Statements, transactions, and the verbs that every dialect offers to them."""

from collections.abc import Collection, Generator, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Table

from models.tables import TENANT_TABLES

Row = tuple[Any, ...]
"""Values of a row; their types are known by the columns asked for."""
T = TypeVar("T")


class Mode(Enum):
    """How a driver runs a statement."""

    FETCH = 1
    """Once, and give the rows."""
    RUN = 2
    """Once, no rows."""
    MANY = 3
    """Once per element of `values`, no rows."""


class Statement(msgspec.Struct, frozen=True, gc=False):
    """SQL text with its values, for a driver to run."""

    text: str
    values: Sequence[Any] | Mapping[str, Any]
    mode: Mode


Transaction = Generator[Statement, list[Row], T]
"""Yields statements, receives their rows, returns a result. It does no I/O, so any driver can carry it."""


class Dialect(Protocol):
    """Verbs over many rows. Keys of a tenant table always hold `tenant_id`, so no statement forgets its tenants."""

    name: str

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> Transaction[None]:
        """Adds rows; a key that exists is an error."""

    def insert_new(
        self, table: Table, columns: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> Transaction[set[Row]]:
        """Adds the rows whose `key` is not there yet and gives the keys of those. Keys must be distinct."""

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
        """The `columns` of rows with one of `keys` (ids, 32-byte hashes, integers), in key order if locked.

        Args:
            lock: nobody else locks or changes them until the transaction ends.
            share: others may share the lock; who asks for all of it (`lock`) waits.
        """

    def update(
        self, table: Table, key: Sequence[str], columns: Sequence[str], rows: Sequence[Row], guard: str = ""
    ) -> Transaction[None]:
        """Sets `columns` of rows given as key values then new values, where `guard` (SQL on the row `t`) holds."""

    def update_returning(
        self, table: Table, key: Sequence[str], columns: Sequence[str], rows: Sequence[Row], guard: str
    ) -> Transaction[set[Row]]:
        """As `update`, and gives the keys that were changed."""

    def delete(self, table: Table, key: Sequence[str], keys: Collection[Row]) -> Transaction[None]:
        """Removes rows by key."""

    def take_due(self, table: Table, columns: Sequence[str], now_us: int, limit: int) -> Transaction[list[Row]]:
        """Removes and gives at most `limit` rows with `due_at` ≤ now, oldest first; no two callers get the same."""

    def take_outbox(self, topic: int, worker: bytes, limit: int) -> Transaction[list[Row]]:
        """Marks free outbox rows as the worker's: (seq, items, payload), urgent lanes first, about `limit` items."""

    def advance_heads(self, rows: Sequence[Row]) -> Transaction[list[Row]]:
        """Moves heads by rows (tenant, user, epoch, events, unread) in user order: (user, last seq, unread)."""

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
        """Pages of many lists in one statement: of each key the first `limit` rows past a place, along an index.

        Args:
            order: what follows `key` in the index; its first column is an id.
            starts: values of `key`, which are distinct, then of `order`: the place that the page follows.

        Rows come in any order, and a few more than `limit` where they agree in the first column of `order`: sort, cut.
        """

    def newest_deliveries(
        self, columns: Sequence[str], within: Row, place: Row, limit: int, *, descending: bool
    ) -> Transaction[list[Row]]:
        """Deliveries of a tenant by (notification, user, step), read notification by notification.

        Args:
            within: tenant; the least and the greatest notification id, both left out; the least time of acceptance,
                and that after the greatest.
            place: (notification, user, step) that the rows follow.
        """

    def cancelled(self, notifications: Collection[Row], *, share: bool) -> Transaction[set[Row]]:
        """Those of the (tenant, id) pairs that are taken back; with `share` none of the others is until the end."""

    def make_partitions(self, days: int) -> Transaction[None]:
        """Makes what large tables need for the next `days`; nothing where tables are not partitioned."""

    def now(self) -> Transaction[int]:
        """The database's clock in microseconds since 1970 UTC."""

    def fetch(self, text: str, values: Sequence[object]) -> Transaction[list[Row]]:
        """Runs one statement written for both dialects with `?` for values."""


def require_tenant(table: Table, key: Sequence[str]) -> None:
    """Refuse to build a statement that could reach another tenant's rows."""
    if table in TENANT_TABLES and "tenant_id" not in key:
        raise AssertionError(f"a statement on {table.name} by {', '.join(key)} names no tenant")
