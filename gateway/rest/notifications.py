"""Notifications by REST: read one, list them, take one back. Mounted by the door."""

import hashlib

import msgspec

from errors import NotFound
from gateway.rest.asked import Asked, Handler, limit_of
from gateway.rest.filters import filter_of, naming_parameters, paging_of
from gateway.rest.links import page_links
from gateway.rest.replies import Reply, json_reply
from models import ids
from schema.progress import count_states, notification_state
from schema.rest.notifications import (
    NotificationCancelled,
    NotificationPage,
    NotificationSummary,
    notification_of,
)
from schema.rest.operations import CANCEL, LIST, READ, ROOT, RestCall
from usecases.cancel_notification import CancelNotification
from usecases.list_notifications import ListNotifications
from usecases.read_notification import NotificationFound, ReadNotification


class Notifications:
    """The handlers."""

    def __init__(self, read: ReadNotification, listed: ListNotifications, cancel: CancelNotification) -> None:
        self._read = read
        self._list = listed
        self._cancel = cancel

    def handlers(self) -> dict[RestCall, Handler]:
        """By operation."""
        return {READ: self.read, LIST: self.page, CANCEL: self.cancel}

    async def read(self, asked: Asked) -> Reply:
        """One with a page of its deliveries; 304 where the caller has this very answer."""
        found = await self._read(asked.caller, _id(asked.id), limit_of(asked.query), asked.query.get("after"))
        reply = json_reply(200, _whole(found))
        etag = f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
        links = page_links(f"{ROOT}/notifications/{asked.id}", asked.query, found.next_cursor)
        headers = ((b"etag", etag.encode()), *links)
        if etag in [one.strip().removeprefix("W/") for one in asked.head.if_none_match.split(",")]:
            return Reply(304, headers=headers)
        return reply._replace(headers=headers)

    async def page(self, asked: Asked) -> Reply:
        """A page, newest first."""
        with naming_parameters():
            page = await self._list(asked.caller, filter_of(asked.query), paging_of(asked.query))
        found = await self._read.progress(asked.caller, page.items)
        items = [_summary(one) for one in found]
        following = page.end if page.has_next else None
        links = page_links(f"{ROOT}/notifications", asked.query, following, page.start if page.has_previous else None)
        return json_reply(200, NotificationPage(items, following, page.start), links)

    async def cancel(self, asked: Asked) -> Reply:
        """Take one back; to repeat it changes nothing."""
        id_ = ids.encode(ids.NOTIFICATION, _id(asked.id))
        done = await self._cancel(asked.caller, id_, "id")
        return json_reply(200, NotificationCancelled(id_, done.stopped, done.left, done.repeated))


def _id(text: str) -> bytes:
    """What is no id is absent like any other."""
    id_ = ids.try_decode(ids.NOTIFICATION, text)
    if id_ is None:
        raise NotFound("there is no such notification")
    return id_


def _summary(found: NotificationFound) -> NotificationSummary:
    counts = count_states(found.counts)
    return NotificationSummary.of(found.row, notification_state(found.row, counts, found.now_us), counts)


def _whole(found: NotificationFound) -> msgspec.Struct:
    return notification_of(_summary(found), found.deliveries, found.next_cursor)
