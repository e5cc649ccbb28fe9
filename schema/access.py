"""Who may see what: the one table behind queries, nodes and sensitive fields. Use cases judge what they change."""

from models import ids
from models.principal import Permission, Principal

QUERIES = {"notification": Permission.READ_NOTIFICATIONS, "inbox": Permission.READ_INBOX}
"""Without it the query is an error, FORBIDDEN. `viewer`, `node` and `nodes` are open to every caller."""

NODES = {
    ids.NOTIFICATION: Permission.READ_NOTIFICATIONS,
    ids.DELIVERY: Permission.READ_NOTIFICATIONS,
    ids.ATTEMPT: Permission.READ_NOTIFICATIONS,
    ids.USER: Permission.READ_NOTIFICATIONS,
    ids.INBOX_ITEM: Permission.READ_INBOX,
}
"""By the prefix of an id. Without it the node is null, as if it were absent."""

SENSITIVE = {
    "Delivery.content": Permission.SEND_NOTIFICATIONS,
    "Attempt.answer": Permission.MANAGE_USERS,
    "User.externalId": Permission.MANAGE_USERS,
    "User.email": Permission.MANAGE_USERS,
}
"""Content and personal data. Without it the field is null; of a caller's own user it is always shown.

A provider's answer counts as personal: mail servers like to repeat the address.
"""


def may_see(caller: Principal, field: str, owner: bytes | None = None) -> bool:
    """Whether a caller is shown a sensitive field of something that belongs to `owner`."""
    return SENSITIVE[field] in caller.permissions or (owner is not None and owner == caller.user)
