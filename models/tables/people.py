"""Who is reached: users, their addresses, and what they want."""

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from models.tables.columns import identifier, metadata, moment, octets, small, tenant

users = Table(
    "users",
    metadata,
    tenant(),
    identifier("id", key=True),
    small("handle_kind"),
    octets("handle_blind"),
    octets("handle_sealed"),
    octets("wrapped_key"),
    Column("locale", String(35), nullable=True),
    Column("time_zone", String(64), nullable=True),
    octets("data_sealed", nullable=True),
    moment("created_at"),
    moment("updated_at"),
    moment("preferences_at", nullable=True),
    Index("users_by_handle", "tenant_id", "handle_blind", unique=True),
)

user_channels = Table(
    "user_channels",
    metadata,
    tenant(),
    identifier("user_id", key=True),
    small("channel", key=True),
    octets("address_blind"),
    octets("address_sealed"),
    moment("updated_at"),
    Index("user_channels_by_address", "tenant_id", "address_blind"),
)

user_notification_preferences = Table(
    "user_notification_preferences",
    metadata,
    tenant(),
    identifier("user_id", key=True),
    Column("category", Text, primary_key=True),
    small("channel", key=True),
    Column("enabled", Boolean, nullable=False),
    moment("updated_at"),
    sqlite_with_rowid=False,
)
"""What a user chose. An empty category means every category, channel 0 every channel."""
