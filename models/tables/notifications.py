"""What is sent: notifications, deliveries, attempts, dead letters."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, literal_column
from sqlalchemy.dialects import postgresql

from models.tables.columns import identifier, metadata, moment, octets, small, tenant, text

_TAKEN_BACK = literal_column("cancelled_at IS NOT NULL", Boolean)

notifications = Table(
    "notifications",
    metadata,
    tenant(),
    identifier("id", key=True),
    small("priority"),
    small("channels"),
    text("category", nullable=False),
    octets("audience"),
    Column("recipients", Integer, nullable=False),
    octets("content_sealed"),
    octets("labels", nullable=True),
    Column("locale", String(35), nullable=True),
    identifier("template_version_id", nullable=True),
    identifier("created_by"),
    moment("created_at"),
    moment("send_at", nullable=True),
    moment("expires_at", nullable=True),
    moment("cancelled_at", nullable=True),
    Index("notifications_by_tenant", "tenant_id", "id"),
    Index("notifications_taken_back", "tenant_id", "id", sqlite_where=_TAKEN_BACK, postgresql_where=_TAKEN_BACK),
    postgresql_partition_by="RANGE (id)",
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    tenant(),
    small("operation", key=True),
    Column("key_hash", LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql"), primary_key=True),
    octets("fingerprint"),
    identifier("outcome_id"),
    moment("created_at"),
    Index("idempotency_keys_by_age", "created_at"),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    tenant(),
    identifier("notification_id", key=True),
    identifier("user_id", key=True),
    small("step", key=True),
    small("channel"),
    small("state"),
    small("reason", nullable=True),
    octets("decisions"),
    small("attempts", default="0"),
    Column("locale", String(35), nullable=True),
    identifier("template_version_id", nullable=True),
    text("provider"),
    Column("cost_micros", BigInteger, nullable=True),
    Column("cost_currency", String(3), nullable=True),
    moment("created_at"),
    moment("next_attempt_at", nullable=True),
    moment("sent_at", nullable=True),
    moment("delivered_at", nullable=True),
    moment("seen_at", nullable=True),
    moment("read_at", nullable=True),
    moment("archived_at", nullable=True),
    moment("replayed_at", nullable=True),
    Index("deliveries_by_user", "user_id", "created_at"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (notification_id)",
)

notification_delivery_logs = Table(
    "notification_delivery_logs",
    metadata,
    tenant(),
    identifier("notification_id", key=True),
    identifier("user_id", key=True),
    small("step", key=True),
    small("number", key=True),
    identifier("worker_id"),
    text("provider", nullable=False),
    moment("claimed_at"),
    moment("settled_at", nullable=True),
    small("outcome", nullable=True),
    small("reason", nullable=True),
    text("provider_message_id"),
    text("answer"),
    Column("cost_micros", BigInteger, nullable=True),
    Column("cost_currency", String(3), nullable=True),
    small("late_outcome", nullable=True),
    text("late_answer"),
    moment("late_at", nullable=True),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (notification_id)",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    tenant(),
    identifier("notification_id", key=True),
    identifier("user_id", key=True),
    small("step", key=True),
    small("reason"),
    moment("created_at"),
    Index("dead_letters_by_tenant", "tenant_id", "created_at"),
)
