"""What callers ask for, as every door hands it over: plain values, not yet checked."""

import msgspec

from models.content import Content
from models.vocabulary import Channel, Priority

DEFAULT_CATEGORY = "transactional"


class Audience(msgspec.Struct, frozen=True):
    """Who shall be reached: exactly one field is filled. Field names are those of the API, without its case."""

    user: str | None = None
    external_id: str | None = None
    users: tuple[str, ...] | None = None
    external_ids: tuple[str, ...] | None = None
    email: str | None = None


class SendRequest(msgspec.Struct, frozen=True):
    """One notification to be sent."""

    to: Audience
    content: Content
    category: str = DEFAULT_CATEGORY
    channels: tuple[Channel, ...] | None = None
    """None: every channel there is."""
    priority: Priority = Priority.NORMAL
    send_at: int | None = None
    expires_at: int | None = None
    idempotency_key: str | None = None
    labels: dict[str, object] | None = None


class UserRequest(msgspec.Struct, frozen=True):
    """A user to be made or changed; None leaves what is there."""

    external_id: str
    locale: str | None = None
    time_zone: str | None = None
    email: str | None = None
    data: dict[str, object] | None = None
