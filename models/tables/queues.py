"""What waits, and who works on it: pointers only, outside row security."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table

from models.tables.columns import Serial, identifier, metadata, moment, octets, small, tenant, text

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    small("topic"),
    small("lane"),
    Column("items", Integer, nullable=False),
    octets("payload"),
    moment("created_at"),
    identifier("claimed_by", nullable=True),
    sqlite_autoincrement=True,
)

schedules = Table(
    "schedules",
    metadata,
    identifier("notification_id", key=True),
    tenant(),
    small("lane"),
    moment("due_at"),
    Index("schedules_by_due", "due_at"),
)

retries = Table(
    "retries",
    metadata,
    identifier("notification_id", key=True),
    identifier("user_id", key=True),
    small("step", key=True),
    tenant(),
    small("channel"),
    small("lane"),
    small("number"),
    moment("due_at"),
    Index("retries_by_due", "due_at"),
)

claims = Table(
    "claims",
    metadata,
    identifier("id", key=True),
    identifier("worker_id"),
    octets("pointers"),
    Index("claims_by_worker", "worker_id"),
)

workers = Table(
    "workers",
    metadata,
    identifier("id", key=True),
    text("service", nullable=False),
    Column("lease_us", BigInteger, nullable=False),
    moment("started_at"),
    moment("heartbeat_at"),
    Column("stopping", Boolean, nullable=False),
)
