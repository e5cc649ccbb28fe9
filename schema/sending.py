"""Sending notifications: what a caller writes and what comes back."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from schema.context import Inform
from schema.enums import Channel, Priority
from schema.failures import Forbidden, IdempotencyConflict, InvalidInput, RateLimited, Unavailable
from schema.fields import answered
from schema.inputs import input_type
from schema.node import Node
from schema.notifications import Notification, notification_of
from schema.scalars import URL, DateTime, JSONObject


@input_type(description="Who shall be reached: exactly one of these.", one_of=True)
class AudienceInput:
    """usecases.requests.Audience."""

    user: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="One user, by usr_… id.")
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="One user, by your own id. It is kept encrypted."
    )
    users: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Up to 1,000 users, by usr_… ids."
    )
    external_ids: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Up to 1,000 users, by your own ids."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The user known by this address alone, made at first use; not one with an external id.",
    )


@input_type(description="What an e-mail says instead of the general parts.")
class EmailContentInput:
    """The email parts of models.content.Content."""

    subject: str | None = strawberry.field(default=strawberry.UNSET, description="The subject, up to 512 characters.")
    text: str | None = strawberry.field(default=strawberry.UNSET, description="The text, up to 65,536 characters.")
    html: str | None = strawberry.field(
        default=strawberry.UNSET, description="The HTML part, up to 262,144 characters; made from the text if absent."
    )


@input_type(description="What an inbox item says instead of the general parts.")
class InAppContentInput:
    """The in-app parts of models.content.Content."""

    title: str | None = strawberry.field(default=strawberry.UNSET, description="The title, up to 512 characters.")
    body: str | None = strawberry.field(default=strawberry.UNSET, description="The text, up to 65,536 characters.")
    url: URL | None = strawberry.field(default=strawberry.UNSET, description="Where a click leads: http or https.")
    data: JSONObject | None = strawberry.field(
        default=strawberry.UNSET, description="Your own data for the page that shows the item, up to 16 kB."
    )


@input_type(description="A message in your own words.")
class ContentInput:
    """models.content.Content."""

    title: str | None = strawberry.field(default=strawberry.UNSET, description="The title, up to 512 characters.")
    body: str = strawberry.field(description="The text, up to 65,536 characters.")
    url: URL | None = strawberry.field(default=strawberry.UNSET, description="Where a click leads: http or https.")
    email: EmailContentInput | None = strawberry.field(default=strawberry.UNSET, description="Differently by e-mail.")
    in_app: InAppContentInput | None = strawberry.field(
        default=strawberry.UNSET, description="Differently in the inbox."
    )


@input_type(description="A template, and what fills it.")
class TemplateMessageInput:
    """usecases.requests.TemplateUse."""

    key: str = strawberry.field(description="The template's key.")
    version: int | None = strawberry.field(
        default=strawberry.UNSET, description="A published version; the one in force where it is left out."
    )
    locale: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The language to speak in where the template has it; each user's own where it is left out.",
    )
    data: JSONObject | None = strawberry.field(
        default=strawberry.UNSET,
        description="What its placeholders show, up to 16 kB; kept encrypted. It must fit the template's schema.",
    )


@input_type(description="What shall be said: exactly one of these.", one_of=True)
class MessageInput:
    """usecases.requests.SendRequest's content or template."""

    template: TemplateMessageInput | None = strawberry.field(
        default=strawberry.UNSET, description="What a template says."
    )

    content: ContentInput | None = strawberry.field(default=strawberry.UNSET, description="Your own words.")


@input_type(description="One notification to be sent.")
class SendNotificationInput:
    """usecases.requests.SendRequest."""

    to: AudienceInput = strawberry.field(description="Who shall be reached.")
    message: MessageInput = strawberry.field(description="What shall be said.")
    category: str | None = strawberry.field(
        default=strawberry.UNSET, description='The key of a category; "transactional" where it is left out.'
    )
    channels: list[Channel] | None = strawberry.field(
        default=strawberry.UNSET, description="The channels allowed; all of them where it is left out."
    )
    priority: Priority | None = strawberry.field(
        default=strawberry.UNSET, description="How urgent it is; as its category says, or NORMAL, where it is left out."
    )
    send_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it shall go out, at most 23 days ahead; at once where it is left out.",
    )
    expires_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="After this nothing of it is sent any more."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Up to 255 characters. Within 24 hours the same key with the same input answers with the first "
        "notification; with another input it is a conflict.",
    )
    labels: JSONObject | None = strawberry.field(
        default=strawberry.UNSET, description="Your own key-values, up to 2 kB."
    )


@strawberry.type(description="The notification is stored and on its way.")
class NotificationAccepted:
    """engines.store.operations.Accepted."""

    accepted: strawberry.Private[bytes]
    duplicate: bool = strawberry.field(description="Whether an earlier call with this idempotency key sent it already.")

    @answered(description="The notification.", graphql_type=Notification)
    def notification(self, info: Inform) -> Node | Awaitable[Notification]:
        """Read only where more than its id is asked for."""
        return notification_of(self.accepted, info)


SendNotificationResult = Annotated[
    NotificationAccepted | InvalidInput | Forbidden | RateLimited | IdempotencyConflict | Unavailable,
    strawberry.union(
        "SendNotificationResult", description="What became of one input. Expect failures that you do not know yet."
    ),
]


@strawberry.type(description="One result for each input.")
class SendNotificationsAnswer:
    """Good inputs are accepted whatever becomes of their neighbours."""

    results: list[SendNotificationResult] = strawberry.field(description="In the order of the inputs.")


SendNotificationsResult = Annotated[
    SendNotificationsAnswer | InvalidInput | Forbidden | RateLimited | Unavailable,
    strawberry.union(
        "SendNotificationsResult",
        description="Results for each input, or why none was looked at. Expect failures that you do not know yet.",
    ),
]
