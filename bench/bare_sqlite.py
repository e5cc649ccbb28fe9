"""SQLite without Carillon: the rival of the embedded benchmark, and a look at the file from outside."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

VERSION = sqlite3.sqlite_version
PIECE = 2_000
TABLES = ("notification", "delivery", "item", "head")


def count_rows(path: Path, tables: Sequence[str]) -> dict[str, int]:
    """Rows by table, as another connection sees them."""
    connection = sqlite3.connect(path)
    counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    connection.close()
    return counts


def rival(path: Path, count: int) -> str:
    """The least that anybody pays: four rows a notification, prepared, 2,000 a commit, in key order."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for table in TABLES:
        connection.execute(f"CREATE TABLE {table} (id BLOB PRIMARY KEY, a, b, c, d) WITHOUT ROWID")
    began = time.process_time()
    for first in range(0, count, PIECE):
        rows = [(place.to_bytes(16), b"x" * 100, place, 1, 2) for place in range(first, min(first + PIECE, count))]
        connection.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    each_us = (time.process_time() - began) * 1e6 / count
    connection.close()
    return f"rival: four bare prepared INSERTs a notification, same file settings: {each_us:.1f} µs CPU each"
