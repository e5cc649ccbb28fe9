"""Who calls, and what each role may do. Made by the doors, asked by the use cases."""

from enum import Enum

import msgspec

from errors import Forbidden
from models.vocabulary import Role


class Permission(Enum):
    """One thing that a caller may or may not do."""

    SEND_NOTIFICATIONS = 1
    READ_NOTIFICATIONS = 2
    MANAGE_USERS = 3
    READ_INBOX = 4
    MARK_INBOX = 5


_SENDER = frozenset({Permission.SEND_NOTIFICATIONS, Permission.READ_NOTIFICATIONS, Permission.MANAGE_USERS})
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: _SENDER,
    Role.DEVELOPER: _SENDER,
    Role.SERVICE_ACCOUNT: _SENDER,
    Role.VIEWER: frozenset({Permission.READ_NOTIFICATIONS}),
    Role.END_USER: frozenset({Permission.READ_INBOX, Permission.MARK_INBOX}),
}


class Principal(msgspec.Struct, frozen=True):
    """A caller whose credentials were verified."""

    tenant: bytes
    id: bytes
    """The API key's id, or the user's for a browser token."""
    role: Role
    name: str
    expires_at: int | None = None
    user: bytes | None = None
    """Filled for END_USER: whom the token speaks for."""

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Return if the caller may.

        Raises:
            Forbidden: the role does not have the permission.
        """
        if permission not in self.permissions:
            raise Forbidden(f"role {self.role.name} does not have {permission.name}")
