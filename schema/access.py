"""Who may see and do what: the one permission table, by field, mutation, subscription, node and route.

Doors and use cases enforce it; tests/integration/test_permissions.py compares each cell with what the product does, and
`python -m schema.permissions` prints it into docs/permissions.md. None is open to every signed-in caller.
"""

from models import ids
from models.principal import Needs, Permission, Principal

PREFERENCES = frozenset({Permission.MANAGE_PREFERENCES, Permission.SET_OWN_PREFERENCES})
"""Everybody's, or the own user's: who has only the second gets no further than there."""

QUERIES: dict[str, Needs] = {
    "viewer": None,
    "node": None,
    "nodes": None,
    "notification": Permission.READ_NOTIFICATIONS,
    "notifications": Permission.READ_NOTIFICATIONS,
    "deliveries": Permission.READ_NOTIFICATIONS,
    "deadLetters": Permission.READ_NOTIFICATIONS,
    "user": Permission.READ_NOTIFICATIONS,
    "inbox": Permission.READ_INBOX,
    "apiKeys": Permission.MANAGE_ACCESS,
    "members": Permission.MANAGE_ACCESS,
    "tenants": Permission.MANAGE_ACCESS,
    "auditLog": Permission.READ_AUDIT_LOG,
    "categories": Permission.READ_RULES,
    "tenantRules": Permission.READ_RULES,
    "preferences": PREFERENCES,
    "template": Permission.READ_RULES,
    "templates": Permission.READ_RULES,
}
"""Without it the query is an error, FORBIDDEN."""

MUTATIONS: dict[str, Needs] = {
    "sendNotification": Permission.SEND_NOTIFICATIONS,
    "sendNotifications": Permission.SEND_NOTIFICATIONS,
    "cancelNotification": Permission.SEND_NOTIFICATIONS,
    "replayDeadLetters": Permission.REPLAY_DEAD_LETTERS,
    "upsertUsers": Permission.MANAGE_USERS,
    "markInbox": Permission.MARK_INBOX,
    "createUserToken": Permission.MANAGE_USERS,
    "createKey": Permission.MANAGE_ACCESS,
    "revokeKey": Permission.MANAGE_ACCESS,
    "rotateKey": Permission.MANAGE_ACCESS,
    "addMember": Permission.MANAGE_ACCESS,
    "changeMember": Permission.MANAGE_ACCESS,
    "removeMember": Permission.MANAGE_ACCESS,
    "createTenant": Permission.MANAGE_ACCESS,
    "putCategory": Permission.MANAGE_CATEGORIES,
    "setTenantRules": Permission.MANAGE_CATEGORIES,
    "setPreferences": PREFERENCES,
    "draftTemplate": Permission.MANAGE_TEMPLATES,
    "publishTemplate": Permission.MANAGE_TEMPLATES,
    "previewNotification": Permission.SEND_NOTIFICATIONS,
}
"""Without it the result is a Forbidden."""

SUBSCRIPTIONS: dict[str, Needs] = {"inbox": Permission.READ_INBOX}
"""Without it the subscription ends with an error, FORBIDDEN, before its first event."""

ROUTES: dict[str, Needs] = {
    "POST /api/v1/notifications": Permission.SEND_NOTIFICATIONS,
    "GET /api/v1/notifications": Permission.READ_NOTIFICATIONS,
    "GET /api/v1/notifications/{id}": Permission.READ_NOTIFICATIONS,
    "POST /api/v1/notifications/{id}/cancel": Permission.SEND_NOTIFICATIONS,
    "GET /api/v1/inbox": Permission.READ_INBOX,
    "POST /api/v1/inbox/marks": Permission.MARK_INBOX,
    "GET /api/v1/inbox/stream": Permission.READ_INBOX,
    "POST /api/v1/inbox/stream/tickets": Permission.READ_INBOX,
    "PUT /api/v1/session": Permission.READ_INBOX,
}
"""By method and path. Without it the answer is 403."""

NODES = {
    ids.NOTIFICATION: Permission.READ_NOTIFICATIONS,
    ids.DELIVERY: Permission.READ_NOTIFICATIONS,
    ids.ATTEMPT: Permission.READ_NOTIFICATIONS,
    ids.USER: Permission.READ_NOTIFICATIONS,
    ids.INBOX_ITEM: Permission.READ_INBOX,
    ids.KEY: Permission.MANAGE_ACCESS,
    ids.MEMBER: Permission.MANAGE_ACCESS,
    ids.TENANT: Permission.MANAGE_ACCESS,
    ids.AUDIT_ENTRY: Permission.READ_AUDIT_LOG,
    ids.TEMPLATE: Permission.READ_RULES,
    ids.TEMPLATE_VERSION: Permission.READ_RULES,
}
"""By the prefix of an id. Without it the node is null, as if it were absent."""

SENSITIVE = {
    "Delivery.content": Permission.SEND_NOTIFICATIONS,
    "Attempt.answer": Permission.MANAGE_USERS,
    "User.externalId": Permission.MANAGE_USERS,
    "User.email": Permission.MANAGE_USERS,
    "TemplateVersion.contents": Permission.MANAGE_TEMPLATES,
    "TemplateVersion.dataSchema": Permission.MANAGE_TEMPLATES,
}
"""Content and personal data. Without it the field is null; of a caller's own user it is always shown.

A provider's answer counts as personal: mail servers like to repeat the address.
"""


def may_see(caller: Principal, field: str, owner: bytes | None = None) -> bool:
    """Whether a caller is shown a sensitive field of something that belongs to `owner`."""
    return SENSITIVE[field] in caller.permissions or (owner is not None and owner == caller.user)
