"""Every table, once, for both dialects. Read by the store and compared with what the migrations build.

Ids are 16 bytes (PostgreSQL: uuid), times are microseconds UTC, JSON is bytes, closed lists are small integers.
Tenant tables: every statement on one names the tenants it means, and PostgreSQL enforces that by row security.
Platform tables hold pointers only: ids and due times, never names, addresses or content.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql

metadata = MetaData()

Id = LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Time = BigInteger
Serial = BigInteger().with_variant(Integer, "sqlite")


def _id(name: str, *, key: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(name, Id, primary_key=key, nullable=nullable)


def _tenant() -> Column[bytes]:
    return _id("tenant_id")


def _small(name: str, *, key: bool = False, nullable: bool = False, default: str | None = None) -> Column[int]:
    return Column(name, SmallInteger, primary_key=key, nullable=nullable, server_default=default, autoincrement=False)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Time, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable)


def _text(name: str, *, nullable: bool = True) -> Column[str]:
    return Column(name, Text, nullable=nullable)


# ------------------------------------------------------------------------------------------------------------ access

accounts = Table("accounts", metadata, _id("id", key=True), _text("name", nullable=False), _time("created_at"))

tenants = Table(
    "tenants",
    metadata,
    _id("id", key=True),
    _id("account_id"),
    _text("name", nullable=False),
    _small("kind"),
    _bytes("wrapped_key"),
    _time("created_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _tenant(),
    _id("id", key=True),
    _bytes("hash"),
    _text("name", nullable=False),
    _small("role"),
    _time("created_at"),
    _time("expires_at", nullable=True),
    _time("revoked_at", nullable=True),
)

# ------------------------------------------------------------------------------------------------------------- people

users = Table(
    "users",
    metadata,
    _tenant(),
    _id("id", key=True),
    _small("handle_kind"),
    _bytes("handle_blind"),
    _bytes("handle_sealed"),
    _bytes("wrapped_key"),
    Column("locale", String(35), nullable=True),
    Column("time_zone", String(64), nullable=True),
    _bytes("data_sealed", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    Index("users_by_handle", "tenant_id", "handle_blind", unique=True),
)

user_channels = Table(
    "user_channels",
    metadata,
    _tenant(),
    _id("user_id", key=True),
    _small("channel", key=True),
    _bytes("address_blind"),
    _bytes("address_sealed"),
    _time("updated_at"),
    Index("user_channels_by_address", "tenant_id", "address_blind"),
)

# ------------------------------------------------------------------------------------------------------ notifications

notifications = Table(
    "notifications",
    metadata,
    _tenant(),
    _id("id", key=True),
    _small("priority"),
    _small("channels"),
    _text("category", nullable=False),
    _bytes("audience"),
    Column("recipients", Integer, nullable=False),
    _bytes("content_sealed"),
    _bytes("labels", nullable=True),
    Column("locale", String(35), nullable=True),
    _id("template_version_id", nullable=True),
    _id("created_by"),
    _time("created_at"),
    _time("send_at", nullable=True),
    _time("expires_at", nullable=True),
    _time("cancelled_at", nullable=True),
    postgresql_partition_by="RANGE (id)",
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _tenant(),
    _small("operation", key=True),
    Column("key_hash", LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql"), primary_key=True),
    _bytes("fingerprint"),
    _id("outcome_id"),
    _time("created_at"),
    Index("idempotency_keys_by_age", "created_at"),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    _tenant(),
    _id("notification_id", key=True),
    _id("user_id", key=True),
    _small("step", key=True),
    _small("channel"),
    _small("state"),
    _small("reason", nullable=True),
    _bytes("decisions"),
    _small("attempts", default="0"),
    Column("locale", String(35), nullable=True),
    _id("template_version_id", nullable=True),
    _text("provider"),
    Column("cost_micros", BigInteger, nullable=True),
    Column("cost_currency", String(3), nullable=True),
    _time("created_at"),
    _time("next_attempt_at", nullable=True),
    _time("sent_at", nullable=True),
    _time("delivered_at", nullable=True),
    _time("seen_at", nullable=True),
    _time("read_at", nullable=True),
    _time("archived_at", nullable=True),
    Index("deliveries_by_user", "user_id", "notification_id"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (notification_id)",
)

notification_delivery_logs = Table(
    "notification_delivery_logs",
    metadata,
    _tenant(),
    _id("notification_id", key=True),
    _id("user_id", key=True),
    _small("step", key=True),
    _small("number", key=True),
    _id("worker_id"),
    _text("provider", nullable=False),
    _time("claimed_at"),
    _time("settled_at", nullable=True),
    _small("outcome", nullable=True),
    _small("reason", nullable=True),
    _text("provider_message_id"),
    _text("answer"),
    Column("cost_micros", BigInteger, nullable=True),
    Column("cost_currency", String(3), nullable=True),
    _small("late_outcome", nullable=True),
    _text("late_answer"),
    _time("late_at", nullable=True),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (notification_id)",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _tenant(),
    _id("notification_id", key=True),
    _id("user_id", key=True),
    _small("step", key=True),
    _small("reason"),
    _time("created_at"),
    Index("dead_letters_by_tenant", "tenant_id", "created_at"),
)

# -------------------------------------------------------------------------------------------------------------- inbox

inbox_heads = Table(
    "inbox_heads",
    metadata,
    _tenant(),
    _id("user_id", key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("unread", Integer, nullable=False),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    _tenant(),
    _id("user_id", key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _small("kind"),
    _id("notification_id"),
    _small("step"),
    _time("created_at"),
    sqlite_with_rowid=False,
)

# ------------------------------------------------------------------------------------- platform tables: pointers only

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    _small("topic"),
    _small("lane"),
    Column("items", Integer, nullable=False),
    _bytes("payload"),
    _time("created_at"),
    _id("claimed_by", nullable=True),
    sqlite_autoincrement=True,
)

schedules = Table(
    "schedules",
    metadata,
    _id("notification_id", key=True),
    _tenant(),
    _small("lane"),
    _time("due_at"),
    Index("schedules_by_due", "due_at"),
)

retries = Table(
    "retries",
    metadata,
    _id("notification_id", key=True),
    _id("user_id", key=True),
    _small("step", key=True),
    _tenant(),
    _small("channel"),
    _small("lane"),
    _small("number"),
    _time("due_at"),
    Index("retries_by_due", "due_at"),
)

claims = Table(
    "claims",
    metadata,
    _id("id", key=True),
    _id("worker_id"),
    _bytes("pointers"),
    Index("claims_by_worker", "worker_id"),
)

workers = Table(
    "workers",
    metadata,
    _id("id", key=True),
    _text("service", nullable=False),
    Column("lease_us", BigInteger, nullable=False),
    _time("started_at"),
    _time("heartbeat_at"),
    Column("stopping", Boolean, nullable=False),
)

PLATFORM_TABLES = (accounts, outbox, schedules, retries, claims, workers)
"""Tables outside row security: the pipeline reads them before it knows whose work is due."""

TENANT_TABLES = tuple(
    table for table in metadata.sorted_tables if "tenant_id" in table.c and table not in PLATFORM_TABLES
)
"""Tables under row security by `tenant_id`. (`tenants` itself is guarded by its `id`.)"""

PARTITIONED = {"notifications": "id", "deliveries": "notification_id", "notification_delivery_logs": "notification_id"}
"""Tables that PostgreSQL splits by the time inside a UUIDv7, and the column that carries it."""
