"""Every table, once, for both dialects. Read by the store and compared with what the migrations build.

Ids are 16 bytes (PostgreSQL: uuid), times are microseconds UTC, JSON is bytes, closed lists are small integers.
Tenant tables: every statement on one names the tenants it means, and PostgreSQL enforces that by row security.
Platform tables hold pointers only: ids and due times, never names, addresses or content.
"""

from models.tables.access import account_tenants, accounts, api_keys, audit_heads, audit_log, members, tenants
from models.tables.columns import metadata
from models.tables.inbox import inbox, inbox_heads
from models.tables.notifications import (
    dead_letters,
    deliveries,
    idempotency_keys,
    notification_delivery_logs,
    notifications,
)
from models.tables.people import user_channels, user_notification_preferences, users
from models.tables.queues import claims, outbox, retries, schedules, workers
from models.tables.rules import categories, revisions, template_versions, templates, tenant_rules

PLATFORM_TABLES = (accounts, account_tenants, outbox, schedules, retries, claims, workers)
"""Tables outside row security: the pipeline reads them before it knows whose work is due."""

TENANT_TABLES = tuple(
    table for table in metadata.sorted_tables if "tenant_id" in table.c and table not in PLATFORM_TABLES
)
"""Tables under row security by `tenant_id`. (`tenants` itself is guarded by its `id`.)"""

PARTITIONED = {"notifications": "id", "deliveries": "notification_id", "notification_delivery_logs": "notification_id"}
"""Tables that PostgreSQL splits by the time inside a UUIDv7, and the column that carries it."""

__all__ = [
    "PARTITIONED",
    "PLATFORM_TABLES",
    "TENANT_TABLES",
    "account_tenants",
    "accounts",
    "api_keys",
    "audit_heads",
    "audit_log",
    "categories",
    "claims",
    "dead_letters",
    "deliveries",
    "idempotency_keys",
    "inbox",
    "inbox_heads",
    "members",
    "metadata",
    "notification_delivery_logs",
    "notifications",
    "outbox",
    "retries",
    "revisions",
    "schedules",
    "template_versions",
    "templates",
    "tenant_rules",
    "tenants",
    "user_channels",
    "user_notification_preferences",
    "users",
    "workers",
]
