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
    READ_RULES = 6
    MANAGE_TEMPLATES = 7
    MANAGE_CATEGORIES = 8
    MANAGE_PREFERENCES = 9
    SET_OWN_PREFERENCES = 10
    REPLAY_DEAD_LETTERS = 11
    MANAGE_ACCESS = 12
    READ_AUDIT_LOG = 13


_SENDER = frozenset(
    {
        Permission.SEND_NOTIFICATIONS,
        Permission.READ_NOTIFICATIONS,
        Permission.MANAGE_USERS,
        Permission.READ_RULES,
        Permission.MANAGE_PREFERENCES,
    }
)
_MAKER = _SENDER | {Permission.MANAGE_TEMPLATES, Permission.MANAGE_CATEGORIES, Permission.REPLAY_DEAD_LETTERS}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: _MAKER | {Permission.MANAGE_ACCESS, Permission.READ_AUDIT_LOG},
    Role.DEVELOPER: _MAKER,
    Role.SERVICE_ACCOUNT: _SENDER,
    Role.VIEWER: frozenset({Permission.READ_NOTIFICATIONS, Permission.READ_RULES}),
    Role.END_USER: frozenset({Permission.READ_INBOX, Permission.MARK_INBOX, Permission.SET_OWN_PREFERENCES}),
}


class Principal(msgspec.Struct, frozen=True):
    """A caller whose credentials were verified."""

    tenant: bytes
    id: bytes
    """The API key's id, the user's for a browser token, or the member's."""
    role: Role
    name: str
    expires_at: int | None = None
    user: bytes | None = None
    """Filled for END_USER: whom the token speaks for."""
    quota_per_minute: int | None = None
    """How many notifications it may send a minute; None: as the installation is set up."""
    identity: bytes | None = None
    """Filled for who signed in at an identity provider: the keyed hash of issuer and subject. Where the provider says
    what the role is, `id` is its first half; else it is the id in the tenant's list of members."""

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return PERMISSIONS[self.role]

    def may(self, needs: "Needs") -> bool:
        """Whether the role has what is needed."""
        wanted = needs if isinstance(needs, frozenset) else {needs}
        return needs is None or not self.permissions.isdisjoint(wanted)

    def require(self, needs: "Needs") -> None:
        """Return if the caller may.

        Raises:
            Forbidden: the role does not have the permission.
        """
        if not self.may(needs):
            raise Forbidden(f"role {self.role.name} does not have {named(needs)}")


Needs = Permission | frozenset[Permission] | None
"""A permission, any one of several, or nothing at all."""


def named(needs: Needs) -> str:
    """In words, for people."""
    wanted = needs if isinstance(needs, frozenset) else {needs}
    return " or ".join([one.name for one in Permission if one in wanted]) or "anything"
