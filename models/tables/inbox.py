"""The logs of inboxes and their heads."""

from sqlalchemy import BigInteger, Column, Integer, Table

from models.tables.columns import identifier, metadata, moment, small, tenant

inbox_heads = Table(
    "inbox_heads",
    metadata,
    tenant(),
    identifier("user_id", key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("unread", Integer, nullable=False),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    tenant(),
    identifier("user_id", key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    small("kind"),
    identifier("notification_id"),
    small("step"),
    moment("created_at"),
    sqlite_with_rowid=False,
)
