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
