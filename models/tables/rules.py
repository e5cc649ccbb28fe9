"""What a tenant lays down: categories, defaults, templates, and the revisions by which they are cached."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table

from models.tables.columns import identifier, metadata, moment, octets, small, tenant, text

revisions = Table(
    "revisions",
    metadata,
    identifier("tenant_id", key=True),
    small("kind", key=True),
    Column("revision", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tenant_rules = Table(
    "tenant_rules",
    metadata,
    identifier("tenant_id", key=True),
    small("channels"),
    Column("hourly_limit", Integer, nullable=True),
    moment("updated_at"),
)

categories = Table(
    "categories",
    metadata,
    tenant(),
    identifier("id", key=True),
    text("key", nullable=False),
    text("name", nullable=False),
    text("description"),
    Column("mandatory", Boolean, nullable=False),
    small("channels"),
    small("priority", nullable=True),
    Column("expires_after_s", Integer, nullable=True),
    small("when_unknown", nullable=True),
    Column("limited", Boolean, nullable=False),
    moment("created_at"),
    moment("updated_at"),
    Index("categories_by_key", "tenant_id", "key", unique=True),
)

templates = Table(
    "templates",
    metadata,
    tenant(),
    identifier("id", key=True),
    text("key", nullable=False),
    text("name", nullable=False),
    identifier("draft_id", nullable=True),
    identifier("published_id", nullable=True),
    Column("last_number", Integer, nullable=False),
    moment("created_at"),
    moment("updated_at"),
    Index("templates_by_key", "tenant_id", "key", unique=True),
)

template_versions = Table(
    "template_versions",
    metadata,
    tenant(),
    identifier("id", key=True),
    identifier("template_id"),
    Column("number", Integer, nullable=False),
    octets("body"),
    identifier("created_by"),
    moment("created_at"),
    moment("published_at", nullable=True),
    Index("template_versions_by_template", "tenant_id", "template_id", "number", unique=True),
)
