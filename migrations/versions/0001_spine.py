"""The spine: access, people, notifications, inbox and the pipeline's pointers.

Revision ID: 0001
Revises: nothing
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from errors import ConfigurationError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

QUEUE = {
    # rows live for seconds, so dead ones are swept by their number, at once and without pauses
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 1000,
    "autovacuum_vacuum_cost_delay": 0,
    "autovacuum_analyze_scale_factor": 0,
    "autovacuum_analyze_threshold": 1000,
    # giving an emptied queue's tail back to the disk takes a lock that stops everybody, for space that is needed again
    "vacuum_truncate": False,
}
UPDATED_IN_PLACE = {"fillfactor": 80}
"""Leaves room in each page for the next version of a row."""


def upgrade() -> None:
    """Make every table; on PostgreSQL also the service role, row security and the first partitions."""
    _create_access()
    _create_people()
    _create_notifications()
    _create_deliveries()
    _create_attempts()
    _create_inbox()
    _create_queues()
    _create_workers()
    if op.get_bind().dialect.name == "postgresql":
        _guard_and_partition()


def downgrade() -> None:
    """Refuse: below the first migration is no database, and no downgrade may be a way to lose every notification.

    Raises:
        ConfigurationError: always.
    """
    raise ConfigurationError("the first migration is not undone: to start anew, remove the database and migrate again")


def _id(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, Id, primary_key=key, nullable=nullable)


def _small(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, primary_key=key, nullable=nullable, autoincrement=False)


def _big(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=nullable, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _short(name: str, letters: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(letters), nullable=True)


def _create_access() -> None:
    op.create_table("accounts", _id("id", key=True), _text("name"), _big("created_at"))
    op.create_table(
        "tenants",
        _id("id", key=True),
        _id("account_id"),
        _text("name"),
        _small("kind"),
        _bytes("wrapped_key"),
        _big("created_at"),
    )
    op.create_table(
        "api_keys",
        _id("tenant_id"),
        _id("id", key=True),
        _bytes("hash"),
        _text("name"),
        _small("role"),
        _big("created_at"),
        _big("expires_at", nullable=True),
        _big("revoked_at", nullable=True),
    )


def _create_people() -> None:
    op.create_table(
        "users",
        _id("tenant_id"),
        _id("id", key=True),
        _small("handle_kind"),
        _bytes("handle_blind"),
        _bytes("handle_sealed"),
        _bytes("wrapped_key"),
        _short("locale", 35),
        _short("time_zone", 64),
        _bytes("data_sealed", nullable=True),
        _big("created_at"),
        _big("updated_at"),
    )
    op.create_index("users_by_handle", "users", ["tenant_id", "handle_blind"], unique=True)
    op.create_table(
        "user_channels",
        _id("tenant_id"),
        _id("user_id", key=True),
        _small("channel", key=True),
        _bytes("address_blind"),
        _bytes("address_sealed"),
        _big("updated_at"),
    )
    op.create_index("user_channels_by_address", "user_channels", ["tenant_id", "address_blind"])


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        _id("tenant_id"),
        _id("id", key=True),
        _small("priority"),
        _small("channels"),
        _text("category"),
        _bytes("audience"),
        sa.Column("recipients", sa.Integer, nullable=False),
        _bytes("content_sealed"),
        _bytes("labels", nullable=True),
        _short("locale", 35),
        _id("template_version_id", nullable=True),
        _id("created_by"),
        _big("created_at"),
        _big("send_at", nullable=True),
        _big("expires_at", nullable=True),
        _big("cancelled_at", nullable=True),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "idempotency_keys",
        _id("tenant_id"),
        _small("operation", key=True),
        _id("key_hash", key=True),
        _bytes("fingerprint"),
        _id("outcome_id"),
        _big("created_at"),
        sqlite_with_rowid=False,
    )
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["created_at"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        _id("tenant_id"),
        _id("notification_id", key=True),
        _id("user_id", key=True),
        _small("step", key=True),
        _small("channel"),
        _small("state"),
        _small("reason", nullable=True),
        _bytes("decisions"),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        _short("locale", 35),
        _id("template_version_id", nullable=True),
        _text("provider", nullable=True),
        _big("cost_micros", nullable=True),
        _short("cost_currency", 3),
        _big("created_at"),
        _big("next_attempt_at", nullable=True),
        _big("sent_at", nullable=True),
        _big("delivered_at", nullable=True),
        _big("seen_at", nullable=True),
        _big("read_at", nullable=True),
        _big("archived_at", nullable=True),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (notification_id)",
    )
    op.create_index("deliveries_by_user", "deliveries", ["user_id", "notification_id"])


def _create_attempts() -> None:
    op.create_table(
        "notification_delivery_logs",
        _id("tenant_id"),
        _id("notification_id", key=True),
        _id("user_id", key=True),
        _small("step", key=True),
        _small("number", key=True),
        _id("worker_id"),
        _text("provider"),
        _big("claimed_at"),
        _big("settled_at", nullable=True),
        _small("outcome", nullable=True),
        _small("reason", nullable=True),
        _text("provider_message_id", nullable=True),
        _text("answer", nullable=True),
        _big("cost_micros", nullable=True),
        _short("cost_currency", 3),
        _small("late_outcome", nullable=True),
        _text("late_answer", nullable=True),
        _big("late_at", nullable=True),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (notification_id)",
    )
    op.create_table(
        "dead_letters",
        _id("tenant_id"),
        _id("notification_id", key=True),
        _id("user_id", key=True),
        _small("step", key=True),
        _small("reason"),
        _big("created_at"),
    )
    op.create_index("dead_letters_by_tenant", "dead_letters", ["tenant_id", "created_at"])


def _create_inbox() -> None:
    op.create_table(
        "inbox_heads",
        _id("tenant_id"),
        _id("user_id", key=True),
        _big("epoch"),
        _big("seq"),
        _big("floor"),
        sa.Column("unread", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
        postgresql_with=UPDATED_IN_PLACE,
    )
    op.create_table(
        "inbox",
        _id("tenant_id"),
        _id("user_id", key=True),
        _big("seq", key=True),
        _small("kind"),
        _id("notification_id"),
        _small("step"),
        _big("created_at"),
        sqlite_with_rowid=False,
    )


def _create_queues() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", Serial, primary_key=True, autoincrement=True),
        _small("topic"),
        _small("lane"),
        sa.Column("items", sa.Integer, nullable=False),
        _bytes("payload"),
        _big("created_at"),
        _id("claimed_by", nullable=True),
        sqlite_autoincrement=True,
        postgresql_with=QUEUE | UPDATED_IN_PLACE,
    )
    op.create_table(
        "schedules",
        _id("notification_id", key=True),
        _id("tenant_id"),
        _small("lane"),
        _big("due_at"),
        postgresql_with=QUEUE,
    )
    op.create_index("schedules_by_due", "schedules", ["due_at"])
    op.create_table(
        "retries",
        _id("notification_id", key=True),
        _id("user_id", key=True),
        _small("step", key=True),
        _id("tenant_id"),
        _small("channel"),
        _small("lane"),
        _small("number"),
        _big("due_at"),
        postgresql_with=QUEUE,
    )
    op.create_index("retries_by_due", "retries", ["due_at"])


def _create_workers() -> None:
    op.create_table(
        "claims",
        _id("id", key=True),
        _id("worker_id"),
        _bytes("pointers"),
        postgresql_with=QUEUE,
    )
    op.create_index("claims_by_worker", "claims", ["worker_id"])
    op.create_table(
        "workers",
        _id("id", key=True),
        _text("service"),
        _big("lease_us"),
        _big("started_at"),
        _big("heartbeat_at"),
        sa.Column("stopping", sa.Boolean, nullable=False),
    )


def _guard_and_partition() -> None:
    statements = Path(__file__).with_name("0001_postgresql.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
