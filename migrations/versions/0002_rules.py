"""The rules: categories, preferences, templates; members, quotas and the audit log; what history is listed by.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from errors import ConfigurationError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")


def upgrade() -> None:
    """Add tables, columns and indexes; on PostgreSQL also row security and grants."""
    _extend()
    _create_accounts()
    _create_access()
    _create_rules()
    _create_templates()
    if op.get_bind().dialect.name == "postgresql":
        statements = Path(__file__).with_name("0002_postgresql.sql").read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Refuse: templates and the audit log would be lost.

    Raises:
        ConfigurationError: always.
    """
    raise ConfigurationError("this migration is not undone: what it added would be lost")


def _id(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, Id, primary_key=key, nullable=nullable)


def _small(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, primary_key=key, nullable=nullable, autoincrement=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=nullable)


def _big(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=nullable, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _extend() -> None:
    op.add_column("api_keys", _id("created_by", nullable=True))
    op.add_column("api_keys", _number("quota_per_minute", nullable=True))
    op.add_column("users", _big("preferences_at", nullable=True))
    op.add_column("deliveries", _big("replayed_at", nullable=True))
    op.create_index("notifications_by_tenant", "notifications", ["tenant_id", "id"])
    taken_back = sa.text("cancelled_at IS NOT NULL")
    op.create_index(
        "notifications_taken_back",
        "notifications",
        ["tenant_id", "id"],
        sqlite_where=taken_back,
        postgresql_where=taken_back,
    )
    # by time: an hour of one user's deliveries is a short stretch of it, and so is a page of their history
    op.drop_index("deliveries_by_user", "deliveries")
    op.create_index("deliveries_by_user", "deliveries", ["user_id", "created_at"])


def _create_accounts() -> None:
    op.create_table("account_tenants", _id("account_id", key=True), _id("tenant_id", key=True), sqlite_with_rowid=False)
    guarded = op.get_bind().dialect.name == "postgresql"
    if guarded:
        op.execute("ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY")
    op.execute("INSERT INTO account_tenants SELECT account_id, id FROM tenants")
    if guarded:
        op.execute("ALTER TABLE tenants FORCE ROW LEVEL SECURITY")


def _create_access() -> None:
    op.create_table(
        "members",
        _id("tenant_id"),
        _id("id", key=True),
        _bytes("identity_blind"),
        _bytes("identity_sealed"),
        _bytes("name_sealed", nullable=True),
        _small("role"),
        _id("created_by"),
        _big("created_at"),
        _big("updated_at"),
        _big("removed_at", nullable=True),
    )
    op.create_index("members_by_identity", "members", ["tenant_id", "identity_blind"], unique=True)
    op.create_table("audit_heads", _id("tenant_id", key=True), _big("seq"), _bytes("hash"), sqlite_with_rowid=False)
    op.create_table(
        "audit_log",
        _id("tenant_id", key=True),
        _big("seq", key=True),
        _big("at"),
        _small("actor_role"),
        _id("actor"),
        _text("actor_name"),
        _small("action"),
        _text("subject"),
        _bytes("before", nullable=True),
        _bytes("after", nullable=True),
        _bytes("previous"),
        _bytes("hash"),
        sqlite_with_rowid=False,
    )


def _create_rules() -> None:
    op.create_table(
        "revisions", _id("tenant_id", key=True), _small("kind", key=True), _big("revision"), sqlite_with_rowid=False
    )
    op.create_table(
        "tenant_rules",
        _id("tenant_id", key=True),
        _small("channels"),
        _number("hourly_limit", nullable=True),
        _big("updated_at"),
    )
    op.create_table(
        "categories",
        _id("tenant_id"),
        _id("id", key=True),
        _text("key"),
        _text("name"),
        _text("description", nullable=True),
        _flag("mandatory"),
        _small("channels"),
        _small("priority", nullable=True),
        _number("expires_after_s", nullable=True),
        _small("when_unknown", nullable=True),
        _flag("limited"),
        _big("created_at"),
        _big("updated_at"),
    )
    op.create_index("categories_by_key", "categories", ["tenant_id", "key"], unique=True)
    op.create_table(
        "user_notification_preferences",
        _id("tenant_id"),
        _id("user_id", key=True),
        _text("category", key=True),
        _small("channel", key=True),
        _flag("enabled"),
        _big("updated_at"),
        sqlite_with_rowid=False,
    )


def _create_templates() -> None:
    op.create_table(
        "templates",
        _id("tenant_id"),
        _id("id", key=True),
        _text("key"),
        _text("name"),
        _id("draft_id", nullable=True),
        _id("published_id", nullable=True),
        _number("last_number"),
        _big("created_at"),
        _big("updated_at"),
    )
    op.create_index("templates_by_key", "templates", ["tenant_id", "key"], unique=True)
    op.create_table(
        "template_versions",
        _id("tenant_id"),
        _id("id", key=True),
        _id("template_id"),
        _number("number"),
        _bytes("body"),
        _id("created_by"),
        _big("created_at"),
        _big("published_at", nullable=True),
    )
    op.create_index(
        "template_versions_by_template", "template_versions", ["tenant_id", "template_id", "number"], unique=True
    )
