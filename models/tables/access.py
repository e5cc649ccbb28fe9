"""Who may call: accounts, tenants, keys, members, and the log of what they changed."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from models.tables.columns import identifier, metadata, moment, octets, small, tenant, text

accounts = Table("accounts", metadata, identifier("id", key=True), text("name", nullable=False), moment("created_at"))

tenants = Table(
    "tenants",
    metadata,
    identifier("id", key=True),
    identifier("account_id"),
    text("name", nullable=False),
    small("kind"),
    octets("wrapped_key"),
    moment("created_at"),
)

account_tenants = Table(
    "account_tenants",
    metadata,
    identifier("account_id", key=True),
    identifier("tenant_id", key=True),
    sqlite_with_rowid=False,
)

api_keys = Table(
    "api_keys",
    metadata,
    tenant(),
    identifier("id", key=True),
    octets("hash"),
    text("name", nullable=False),
    small("role"),
    moment("created_at"),
    moment("expires_at", nullable=True),
    moment("revoked_at", nullable=True),
    identifier("created_by", nullable=True),
    Column("quota_per_minute", Integer, nullable=True),
)

members = Table(
    "members",
    metadata,
    tenant(),
    identifier("id", key=True),
    octets("identity_blind"),
    octets("identity_sealed"),
    octets("name_sealed", nullable=True),
    small("role"),
    identifier("created_by"),
    moment("created_at"),
    moment("updated_at"),
    moment("removed_at", nullable=True),
    Index("members_by_identity", "tenant_id", "identity_blind", unique=True),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    identifier("tenant_id", key=True),
    Column("seq", BigInteger, nullable=False),
    octets("hash"),
    sqlite_with_rowid=False,
)

audit_log = Table(
    "audit_log",
    metadata,
    identifier("tenant_id", key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at"),
    small("actor_role"),
    identifier("actor"),
    text("actor_name", nullable=False),
    small("action"),
    text("subject", nullable=False),
    octets("before", nullable=True),
    octets("after", nullable=True),
    octets("previous"),
    octets("hash"),
    sqlite_with_rowid=False,
)
