"""What a caller writes to send a notification by REST, and what comes back. Read by `gateway.rest.notifications`."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from schema.rest.words import (
    Address,
    ChannelName,
    JsonObject,
    Moment,
    NotificationId,
    OneOf,
    PriorityName,
    UserId,
    about,
    many,
    up_to,
)


class Audience(OneOf, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Who shall be reached: exactly one of these."""

    user: Annotated[UserId | UnsetType, about("One user, by usr_… id.")] = UNSET
    external_id: Annotated[
        Annotated[str, up_to(256, "One user, by your own id. It is kept encrypted.")] | UnsetType,
        about("One user, by your own id. It is kept encrypted."),
    ] = UNSET
    users: Annotated[list[UserId], many(1, 1_000, "Up to 1,000 users, by usr_… ids.")] | UnsetType = UNSET
    external_ids: Annotated[list[str], many(1, 1_000, "Up to 1,000 users, by your own ids.")] | UnsetType = UNSET
    email: (
        Annotated[str, up_to(254, "Who is known by this address alone, made at first use; nobody with an external id.")]
        | UnsetType
    ) = UNSET


class EmailContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an e-mail says instead of the general parts."""

    subject: Annotated[str, up_to(512, "The subject.")] | None = None
    text: Annotated[str, up_to(65_536, "The text.")] | None = None
    html: Annotated[str, up_to(262_144, "The HTML part; made from the text if absent.")] | None = None


class InAppContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an inbox item says instead of the general parts."""

    title: Annotated[str, up_to(512, "The title.")] | None = None
    body: Annotated[str, up_to(65_536, "The text.")] | None = None
    url: Annotated[Address | None, about("Where a click leads.")] = None
    data: Annotated[JsonObject | None, about("Your own data for the page that shows the item, up to 16 kB.")] = None


class Content(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A message in your own words."""

    body: Annotated[str, up_to(65_536, "The text.")]
    title: Annotated[str, up_to(512, "The title.")] | None = None
    url: Annotated[Address | None, about("Where a click leads.")] = None
    email: Annotated[EmailContent | None, about("Differently by e-mail.")] = None
    in_app: Annotated[InAppContent | None, about("Differently in the inbox.")] = None


class TemplateMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A published template with what fills it."""

    key: Annotated[str, about("The template's key.")]
    version: Annotated[int | None, about("A published version; the one in force where it is left out.")] = None
    locale: Annotated[
        str | None, about("The language to speak in, where the template has it; else each recipient's own.")
    ] = None
    data: Annotated[JsonObject | None, about("What fills it, as its schema asks, up to 16 kB.")] = None


class Message(OneOf, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What shall be said: exactly one of these."""

    content: Annotated[Content | UnsetType, about("Your own words.")] = UNSET
    template: Annotated[TemplateMessage | UnsetType, about("A published template with what fills it.")] = UNSET


class SendNotification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One notification to be sent. The idempotency key is a header."""

    to: Annotated[Audience, about("Who shall be reached.")]
    message: Annotated[Message, about("What shall be said.")]
    category: Annotated[str, about('The key of a category; "transactional" where it is left out.')] | None = None
    channels: (
        Annotated[list[ChannelName], many(1, 4, "The channels allowed; all of them where it is left out.")] | None
    ) = None
    priority: Annotated[PriorityName | None, about("The category's where it is left out, or NORMAL.")] = None
    send_at: Annotated[Moment | None, about("When it shall go out, at most 23 days ahead; else at once.")] = None
    expires_at: Annotated[Moment | None, about("After this nothing of it is sent any more.")] = None
    labels: Annotated[JsonObject | None, about("Your own key-values, up to 2 kB.")] = None


class NotificationAccepted(Struct, frozen=True):
    """The notification is stored and on its way. A repeated call with the same key is answered with the same body."""

    id: NotificationId
    href: Annotated[str, about("Where it is read; the same as the Location header.")]
