"""What callers ask for, as every door hands it over: plain values, not yet checked."""

import msgspec

from models.content import Content
from models.rules import BUILT_IN
from models.vocabulary import Channel, Priority

DEFAULT_CATEGORY = BUILT_IN


class Audience(msgspec.Struct, frozen=True):
    """Who shall be reached: exactly one field is filled. Field names are those of the API, without its case."""

    user: str | None = None
    external_id: str | None = None
    users: tuple[str, ...] | None = None
    external_ids: tuple[str, ...] | None = None
    email: str | None = None


class TemplateUse(msgspec.Struct, frozen=True):
    """A template with what fills it."""

    key: str
    version: int | None = None
    """None: the one in force."""
    locale: str | None = None
    """The language to speak in, where the template has it; None: each recipient's own."""
    data: dict[str, object] = {}


class SendRequest(msgspec.Struct, frozen=True):
    """One notification to be sent."""

    to: Audience
    content: Content | None = None
    """Exactly one of this and `template` is filled."""
    category: str = DEFAULT_CATEGORY
    channels: tuple[Channel, ...] | None = None
    """None: every channel there is."""
    priority: Priority | None = None
    """None: the category's, or NORMAL."""
    send_at: int | None = None
    expires_at: int | None = None
    idempotency_key: str | None = None
    labels: dict[str, object] | None = None
    template: TemplateUse | None = None


class UserRequest(msgspec.Struct, frozen=True):
    """A user to be made or changed; None leaves what is there."""

    external_id: str
    locale: str | None = None
    time_zone: str | None = None
    email: str | None = None
    data: dict[str, object] | None = None
