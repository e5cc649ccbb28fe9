"""A body that sends, as the use case takes it, and the answer to it. Mounted by the door."""

import re

from msgspec import UNSET, UnsetType

from engines.store.operations import Accepted
from errors import CallerError, InvalidInput
from gateway.rest.asked import Asked, Handler
from gateway.rest.replies import Reply, json_reply
from models import ids
from models.content import Content
from models.vocabulary import Channel, Priority
from schema.rest import sending
from schema.rest.operations import REPLAYED, ROOT, SEND, RestCall
from schema.rest.words import T, number_of
from schema.scalars import read_object, read_time
from usecases.read_notification import ReadNotification
from usecases.requests import DEFAULT_CATEGORY, Audience, SendRequest, TemplateUse
from usecases.send_notifications import SendNotifications

_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_BARE = re.compile(r"[!#-+\--:<-\[\]-~]+")
"""Visible letters but those that lists, parameters and quotes are made of."""
_NO_EMAIL = sending.EmailContent()
_NO_IN_APP = sending.InAppContent()


KEY = "Idempotency-Key"


class Sending:
    """The handler."""

    def __init__(self, send: SendNotifications, read: ReadNotification) -> None:
        self._send = send
        self._read = read

    def handlers(self) -> dict[RestCall, Handler]:
        """By operation."""
        return {SEND: self.send}

    async def send(self, asked: Asked) -> Reply:
        """Send one; a repeated call with the same key is answered as the first was."""
        request = send_request(asked.body_as(sending.SendNotification), idempotency_key(asked.head.idempotency_key))
        [answer] = await self._send(asked.caller, [request])
        if isinstance(answer, CallerError):
            if answer.path == ("idempotencyKey",):
                answer.path = (KEY,)
            raise answer
        # what was stored then decides, so that a repetition is answered alike when the time has come
        waits = request.send_at is not None and await self._read.waited(asked.caller, answer.id)
        return _accepted(answer, waits=waits)


def idempotency_key(header: str | None) -> str | None:
    """The key in an Idempotency-Key header: a structured-field string (RFC 9651), or the same without its quotes.

    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/

    Raises:
        InvalidInput: neither.
    """
    if header is None:
        return None
    quoted = _QUOTED.fullmatch(header.strip())
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if _BARE.fullmatch(header.strip()):
        return header.strip()
    raise InvalidInput('expected a string like "order-17", or the same without quotes', path=(KEY,))


def send_request(wanted: sending.SendNotification, key: str | None) -> SendRequest:
    """What the use case takes.

    Raises:
        InvalidInput: a name that no closed list has, or a time that cannot be read; the path leads to it.
    """
    channels = wanted.channels
    return SendRequest(
        to=_audience(wanted.to),
        content=_content(wanted.message.content) if wanted.message.content is not UNSET else None,
        template=_template(wanted.message.template) if wanted.message.template is not UNSET else None,
        category=DEFAULT_CATEGORY if wanted.category is None else wanted.category,
        channels=None
        if channels is None
        else tuple([_named(Channel, one, "channels", str(place)) for place, one in enumerate(channels)]),
        priority=_named(Priority, wanted.priority, "priority") if wanted.priority is not None else None,
        send_at=_time(wanted.send_at, "sendAt"),
        expires_at=_time(wanted.expires_at, "expiresAt"),
        idempotency_key=key,
        labels=_object(wanted.labels, "labels"),
    )


def _audience(to: sending.Audience) -> Audience:
    users, external_ids = _given(to.users), _given(to.external_ids)
    return Audience(
        user=_given(to.user),
        external_id=_given(to.external_id),
        users=None if users is None else tuple(users),
        external_ids=None if external_ids is None else tuple(external_ids),
        email=_given(to.email),
    )


def _template(used: sending.TemplateMessage) -> TemplateUse:
    data = _object(used.data, "message", "template", "data")
    return TemplateUse(used.key, used.version, used.locale, {} if data is None else data)


def _content(content: sending.Content) -> Content:
    email, in_app = content.email or _NO_EMAIL, content.in_app or _NO_IN_APP
    return Content(
        body=content.body,
        title=content.title,
        url=content.url,
        email_subject=email.subject,
        email_text=email.text,
        email_html=email.html,
        in_app_title=in_app.title,
        in_app_body=in_app.body,
        in_app_url=in_app.url,
        in_app_data=_object(in_app.data, "message", "content", "inApp", "data"),
    )


def _given(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


def _named(enum: type[T], name: str, *path: str) -> T:
    found = number_of(enum, name)
    if found is None:
        names = ", ".join(getattr(enum, "__members__", {}))
        raise InvalidInput(f"expected one of {names}, got {name[:80]!r}", path=path)
    return found


def _time(text: str | None, field: str) -> int | None:
    try:
        return None if text is None else read_time(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=(field,)) from error


def _object(value: dict[str, object] | None, *path: str) -> dict[str, object] | None:
    try:
        return None if value is None else read_object(value)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=path) from error


def _accepted(answer: Accepted, *, waits: bool) -> Reply:
    id_ = ids.encode(ids.NOTIFICATION, answer.id)
    href = f"{ROOT}/notifications/{id_}"
    headers = [(b"location", href.encode())]
    if answer.duplicate:
        headers.append((REPLAYED.lower().encode(), b"true"))
    return json_reply(202 if waits else 201, sending.NotificationAccepted(id_, href), tuple(headers))
