"""The small closed lists that API, store and pipeline share. Values are stored as small integers and never reused."""

from enum import IntEnum


class Channel(IntEnum):
    """A medium. Its number is also the step number of a notification without a workflow."""

    EMAIL = 1
    SMS = 2
    PUSH = 3
    IN_APP = 4


class Priority(IntEnum):
    """How urgent a notification is; decides the lane and how long retries go on."""

    CRITICAL = 1
    HIGH = 2
    NORMAL = 3
    BULK = 4


class Role(IntEnum):
    """What a caller is. END_USER speaks for one user, by a browser token."""

    ADMIN = 1
    DEVELOPER = 2
    VIEWER = 3
    SERVICE_ACCOUNT = 4
    END_USER = 5


class HandleKind(IntEnum):
    """What a tenant knows a user by."""

    EXTERNAL_ID = 1
    EMAIL = 2
    PHONE = 3


class InboxEventKind(IntEnum):
    """What a row of a user's inbox log says about an item."""

    ADDED = 1
    CHANGED = 2
    REMOVED = 3


class InboxMark(IntEnum):
    """What a user can do to inbox items."""

    SEEN = 1
    READ = 2
    UNREAD = 3
    ARCHIVED = 4
    UNARCHIVED = 5


class TenantKind(IntEnum):
    """An account has a live tenant and a test tenant."""

    LIVE = 1
    TEST = 2


class WhenUnknown(IntEnum):
    """What to do when nobody knows whether a message was taken."""

    RESEND = 1
    """Risk a second copy rather than none."""
    HOLD = 2
    """Risk none: an operator decides."""


class RevisionKind(IntEnum):
    """What is cached by its version: the number is raised by the transaction that changes it."""

    RULES = 1
    """Categories and the tenant's own defaults."""
    TEMPLATES = 2


class AuditAction(IntEnum):
    """An administrative change. Numbers are stored and never reused."""

    KEY_CREATED = 1
    KEY_REVOKED = 2
    KEY_ROTATED = 3
    MEMBER_ADDED = 4
    MEMBER_CHANGED = 5
    MEMBER_REMOVED = 6
    TENANT_CREATED = 7
    RULES_CHANGED = 8
    CATEGORY_PUT = 9
    TEMPLATE_DRAFTED = 10
    TEMPLATE_PUBLISHED = 11
    NOTIFICATION_CANCELLED = 12
    DEAD_LETTERS_REPLAYED = 13
    PREFERENCES_SET = 14
    """By somebody else than the user."""
