"""From GraphQL inputs to what the use cases take. Called by the mutations."""

from typing import TypeVar

import strawberry

from models.content import Content
from schema.managing import UpsertUserInput
from schema.marking import InboxSelection
from schema.sending import (
    AudienceInput,
    ContentInput,
    EmailContentInput,
    InAppContentInput,
    SendNotificationInput,
    TemplateMessageInput,
)
from usecases.mark_inbox import Selection
from usecases.requests import DEFAULT_CATEGORY, Audience, SendRequest, TemplateUse, UserRequest

T = TypeVar("T")

_NO_EMAIL = EmailContentInput()
_NO_IN_APP = InAppContentInput()


def given(value: T | None) -> T | None:
    """What the caller wrote; null and nothing are the same."""
    return None if value is strawberry.UNSET else value


def send_request(wanted: SendNotificationInput) -> SendRequest:
    """One notification."""
    category, channels = given(wanted.category), given(wanted.channels)
    return SendRequest(
        to=_audience(wanted.to),
        content=_content(given(wanted.message.content)),
        template=_template(given(wanted.message.template)),
        category=DEFAULT_CATEGORY if category is None else category,
        channels=None if channels is None else tuple(channels),
        priority=given(wanted.priority),
        send_at=given(wanted.send_at),
        expires_at=given(wanted.expires_at),
        idempotency_key=given(wanted.idempotency_key),
        labels=given(wanted.labels),
    )


def user_request(wanted: UpsertUserInput) -> UserRequest:
    """One user."""
    return UserRequest(
        external_id=wanted.external_id,
        locale=given(wanted.locale),
        time_zone=given(wanted.time_zone),
        email=given(wanted.email),
        data=given(wanted.data),
    )


def selection(which: InboxSelection) -> Selection:
    """Which items."""
    ids = given(which.ids)
    return Selection(None if ids is None else tuple(ids), given(which.all), given(which.before))


def _audience(to: AudienceInput) -> Audience:
    users, external_ids = given(to.users), given(to.external_ids)
    return Audience(
        user=given(to.user),
        external_id=given(to.external_id),
        users=None if users is None else tuple(users),
        external_ids=None if external_ids is None else tuple(external_ids),
        email=given(to.email),
    )


def _template(use: TemplateMessageInput | None) -> TemplateUse | None:
    if use is None:
        return None
    return TemplateUse(use.key, given(use.version), given(use.locale), given(use.data) or {})


def _content(content: ContentInput | None) -> Content | None:
    if content is None:
        return None
    email, in_app = given(content.email) or _NO_EMAIL, given(content.in_app) or _NO_IN_APP
    return Content(
        body=content.body,
        title=given(content.title),
        url=given(content.url),
        email_subject=given(email.subject),
        email_text=given(email.text),
        email_html=given(email.html),
        in_app_title=given(in_app.title),
        in_app_body=given(in_app.body),
        in_app_url=given(in_app.url),
        in_app_data=given(in_app.data),
    )
