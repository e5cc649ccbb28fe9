"""Queries and mutations about templates, and previews of what is sent with them or without."""

import asyncio
from typing import Annotated

import strawberry

import errors
from engines.store.queries import PersonRow
from models.decisions import unpack
from models.template import EmailParts, InAppParts
from resolvers.context import Context, Inform
from resolvers.requests import given, send_request
from schema.access import QUERIES
from schema.decisions import decision
from schema.failures import Denied, Refused, denial, refusal
from schema.fields import answered
from schema.notifications import RenderedContent
from schema.pages import After, Before, First, Last, paging
from schema.sending import SendNotificationInput
from schema.templates import Template, TemplateConnection, TemplateVersion, read_version
from schema.templating import (
    ChannelPreview,
    DraftTemplateInput,
    DraftTemplateResult,
    EmailTemplateInput,
    InAppTemplateInput,
    NotificationPreview,
    PreviewNotificationResult,
    PublishTemplateInput,
    PublishTemplateResult,
    RecipientPreview,
    TemplateContentInput,
    TemplateDrafted,
    TemplateProblem,
    TemplatePublished,
)
from schema.users import User
from usecases.draft_template import Draft, LocaleContents
from usecases.preview_notification import ChannelPreview as FoundChannel
from usecases.preview_notification import Preview
from usecases.preview_notification import RecipientPreview as FoundRecipient

PROBLEMS_AT_MOST = 20

Key = Annotated[str, strawberry.argument(name="key", description="By which notifications name it.")]
DraftInput = Annotated[DraftTemplateInput, strawberry.argument(name="input", description="The template.")]
PublishInput = Annotated[PublishTemplateInput, strawberry.argument(name="input", description="Which draft.")]
PreviewInput = Annotated[
    SendNotificationInput, strawberry.argument(name="input", description="The notification, as it would be sent.")
]


@strawberry.type(description="What can be read about templates.")
class TemplateQueries:
    """Bases of `Query`."""

    @answered(description="A template by its key; null where there is none.")
    async def template(self, info: Inform, key: Key) -> Template | None:
        """usecases.list_templates."""
        context = info.context
        context.caller.require(QUERIES["template"])
        row = await context.backing.templating.listing.by_key(context.caller, key)
        return Template.of(row) if row is not None else None

    @answered(description="The tenant's templates, in the order in which they were made.")
    async def templates(
        self,
        info: Inform,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> TemplateConnection | None:
        """usecases.list_templates."""
        context = info.context
        context.caller.require(QUERIES["templates"])
        page = await context.backing.templating.listing(context.caller, paging(first, after, last, before))
        context.count_items(len(page.items))
        return TemplateConnection.of(page)


@strawberry.type(description="What can be changed about templates.")
class TemplateMutations:
    """Bases of `Mutation`."""

    @answered(description="Write a template by its key, or write its draft anew. Nothing is sent from a draft.")
    async def draft_template(self, info: Inform, wanted: DraftInput) -> DraftTemplateResult:
        """usecases.draft_template."""
        context = info.context
        try:
            stands = await context.backing.templating.draft(context.caller, _draft(wanted))
            template = await _template(context, stands.template)
        except Refused as error:
            return refusal(error, context)
        problems = [TemplateProblem(path=list(one.path), message=one.message) for one in stands.problems]
        return TemplateDrafted(template=template, created=stands.created, problems=problems[:PROBLEMS_AT_MOST])

    @answered(description="Put a template's draft in force. What was accepted before keeps the version that it had.")
    async def publish_template(self, info: Inform, wanted: PublishInput) -> PublishTemplateResult:
        """usecases.publish_template."""
        context = info.context
        try:
            published = await context.backing.templating.publish(context.caller, wanted.key)
            version = await _version(context, published)
            template = await _template(context, version.row.template)
        except Denied as error:
            return denial(error, context)
        return TemplatePublished(template=template, version=version)

    @answered(
        description="What a notification would do at this moment: for whom, by which rules, in which words. Nothing is "
        "sent, stored or counted. Who may manage templates may name the number of a draft."
    )
    async def preview_notification(self, info: Inform, wanted: PreviewInput) -> PreviewNotificationResult:
        """usecases.preview_notification."""
        context = info.context
        try:
            found = await context.backing.templating.preview(context.caller, send_request(wanted))
            return await _preview(context, found)
        except Refused as error:
            return refusal(error, context)


def _draft(wanted: DraftTemplateInput) -> Draft:
    return Draft(
        key=wanted.key,
        default_locale=wanted.default_locale,
        contents=tuple([_contents(one) for one in wanted.contents]),
        name=given(wanted.name),
        data_schema=given(wanted.data_schema),
    )


def _contents(wanted: TemplateContentInput) -> LocaleContents:
    email, in_app = given(wanted.email), given(wanted.in_app)
    return LocaleContents(
        locale=wanted.locale,
        email=_email(email) if email is not None else None,
        in_app=_in_app(in_app) if in_app is not None else None,
    )


def _email(wanted: EmailTemplateInput) -> EmailParts:
    return EmailParts(wanted.subject, wanted.text, given(wanted.html), given(wanted.url))


def _in_app(wanted: InAppTemplateInput) -> InAppParts:
    return InAppParts(wanted.body, given(wanted.title), given(wanted.url), given(wanted.data))


async def _template(context: Context, id_: bytes) -> Template:
    row = await context.reads.template(id_)
    if row is None:
        raise errors.Unavailable("the template is being changed by others; try again")
    return Template.of(row)


async def _version(context: Context, id_: bytes) -> TemplateVersion:
    version = await read_version(id_, context)
    if version is None:
        raise errors.Unavailable("the template is being changed by others; try again")
    return version


async def _preview(context: Context, found: Preview) -> NotificationPreview:
    known = [one.user for one in found.recipients if one.user is not None]
    people = dict(zip(known, await asyncio.gather(*[context.reads.person(user) for user in known]), strict=True))
    recipients = [_recipient(one, people.get(one.user or b"")) for one in found.recipients]
    context.count_items(sum([1 + len(one.channels) for one in recipients]))
    version = TemplateVersion.of(found.version.row) if found.version is not None else None
    return NotificationPreview(recipient_count=found.recipient_count, recipients=recipients, template=version)


def _recipient(found: FoundRecipient, person: PersonRow | None) -> RecipientPreview:
    user = User.of(person) if person is not None else None
    return RecipientPreview(user=user, channels=[_channel(one) for one in found.channels])


def _channel(found: FoundChannel) -> ChannelPreview:
    planned, content = found.planned, found.content
    return ChannelPreview(
        channel=planned.channel,
        would_be_sent=planned.reason is None,
        reason=planned.reason,
        locale=planned.locale,
        decisions=[decision(stage, rule) for stage, rule in unpack(planned.decisions)],
        content=RenderedContent.of(content, planned.channel) if content is not None else None,
    )
