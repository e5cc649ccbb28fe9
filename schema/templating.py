"""Writing and publishing templates, and previews: what a caller writes and what comes back."""

from typing import Annotated

import strawberry

from schema.decisions import Decision
from schema.enums import Channel, ReasonCode
from schema.failures import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from schema.inputs import input_type
from schema.notifications import RenderedContent
from schema.scalars import JSONObject
from schema.templates import Template, TemplateVersion
from schema.users import User


@input_type(
    description="An e-mail with placeholders like {{ order.id }}: values are escaped where they stand, and an address "
    "begins with a fixed host."
)
class EmailTemplateInput:
    """models.template.EmailParts."""

    subject: str = strawberry.field(description="The subject, one line of up to 512 characters.")
    text: str = strawberry.field(description="The text part, up to 65,536 characters.")
    html: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The HTML part, up to 262,144 characters; made from the text where it is left out. Placeholders "
        "may stand in text and in quoted attribute values, not in scripts, styles, handlers and tags.",
    )
    url: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where its button leads, like https://example.org/orders/{{ order.id }}."
    )


@input_type(description="An inbox item with placeholders like {{ order.id }}.")
class InAppTemplateInput:
    """models.template.InAppParts."""

    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="The title, one line of up to 512 characters."
    )
    body: str = strawberry.field(description="The text, up to 65,536 characters.")
    url: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where a click leads, like https://example.org/orders/{{ order.id }}."
    )
    data: JSONObject | None = strawberry.field(
        default=strawberry.UNSET,
        description="Your own data for the page that shows the item, up to 16 kB; its texts may hold placeholders.",
    )


@input_type(description="What a template says in one language: by e-mail, in the inbox, or both.")
class TemplateContentInput:
    """usecases.draft_template.LocaleContents."""

    locale: str = strawberry.field(description="A language tag like en or pt-BR (BCP 47), once in a template.")
    email: EmailTemplateInput | None = strawberry.field(default=strawberry.UNSET, description="By e-mail.")
    in_app: InAppTemplateInput | None = strawberry.field(default=strawberry.UNSET, description="In the inbox.")


@input_type(description="A template as it shall be published. It replaces the draft that there is.")
class DraftTemplateInput:
    """usecases.draft_template.Draft."""

    key: str = strawberry.field(description="By which notifications name it: up to 64 of a-z, 0-9, '_', '.' and '-'.")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="By which people know it, up to 100 characters; as it is, or the key."
    )
    default_locale: str = strawberry.field(
        description="The language of those whose own is not here. Every channel that is used must have it."
    )
    contents: list[TemplateContentInput] = strawberry.field(description="1 to 50 languages.")
    data_schema: JSONObject | None = strawberry.field(
        default=strawberry.UNSET,
        description="A JSON Schema (2020-12, up to 32 kB) that data must fit. $ref leads to $defs only, in no circle.",
    )


@strawberry.type(description="What keeps a draft from being published.")
class TemplateProblem:
    """One of usecases.template_directory.Version.problems."""

    path: list[str] = strawberry.field(description="The way to the text: contents, language, channel, part.")
    message: str = strawberry.field(description="At which line and column, and what was expected.")


@strawberry.type(description="The draft stands.")
class TemplateDrafted:
    """usecases.draft_template.DraftStands."""

    template: Template = strawberry.field(description="The template with its draft.")
    created: bool = strawberry.field(description="Whether the template is new.")
    problems: list[TemplateProblem] = strawberry.field(
        description="What has to be mended before it can be published; at most 20."
    )


DraftTemplateResult = Annotated[
    TemplateDrafted | InvalidInput | Forbidden | Unavailable,
    strawberry.union(
        "DraftTemplateResult", description="The draft, or why there is none. Expect failures that you do not know yet."
    ),
]


@input_type(description="Which draft shall be put in force.")
class PublishTemplateInput:
    """What usecases.publish_template takes."""

    key: str = strawberry.field(description="The template's key.")


@strawberry.type(description="The version is in force, everywhere within a second.")
class TemplatePublished:
    """usecases.publish_template's answer."""

    template: Template = strawberry.field(description="The template.")
    version: TemplateVersion = strawberry.field(description="What was its draft.")


PublishTemplateResult = Annotated[
    TemplatePublished | InvalidInput | Forbidden | NotFound | Conflict | Unavailable,
    strawberry.union(
        "PublishTemplateResult",
        description="The version in force, or why it is not: InvalidInput names the place of a fault in the draft, "
        "Conflict says that there is no draft. Expect failures that you do not know yet.",
    ),
]


@strawberry.type(description="What would become of a notification on one channel.")
class ChannelPreview:
    """usecases.preview_notification.ChannelPreview."""

    channel: Channel = strawberry.field(description="The medium.")
    would_be_sent: bool = strawberry.field(description="Whether something would go out.")
    reason: ReasonCode | None = strawberry.field(description="Why nothing would.")
    locale: str | None = strawberry.field(description="The language it would be in, where a template speaks several.")
    decisions: list[Decision] = strawberry.field(description="What decided, stage by stage.")
    content: RenderedContent | None = strawberry.field(description="What it would say.")


@strawberry.type(description="What would become of a notification for one recipient.")
class RecipientPreview:
    """usecases.preview_notification.RecipientPreview."""

    user: User | None = strawberry.field(description="The user; null: the address is nobody's yet.")
    channels: list[ChannelPreview] = strawberry.field(description="Each channel that is allowed.")


@strawberry.type(description="What would become of a notification at this moment.")
class NotificationPreview:
    """usecases.preview_notification.Preview."""

    recipient_count: int = strawberry.field(description="How many users it would be for.")
    recipients: list[RecipientPreview] = strawberry.field(description="The first 20 of them.")
    template: TemplateVersion | None = strawberry.field(description="The version that it would be held to.")


PreviewNotificationResult = Annotated[
    NotificationPreview | InvalidInput | Forbidden | Unavailable,
    strawberry.union(
        "PreviewNotificationResult",
        description="What would happen, or why it would not be accepted. Expect failures that you do not know yet.",
    ),
]
