"""The shapes of the API's answers, as `bench.api` reads them."""

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class _Read(msgspec.Struct, frozen=True, rename="camel"):
    """Unknown fields are passed over; names are the API's."""


class Fault(_Read, frozen=True):
    """An entry of a GraphQL answer's errors."""

    message: str
    extensions: dict[str, object] = {}


class Reply(_Read, Generic[T], frozen=True):
    """A GraphQL answer."""

    data: T | None = None
    errors: tuple[Fault, ...] = ()


class Id(_Read, frozen=True):
    """Something known by its id alone."""

    id: str


class Result(_Read, frozen=True):
    """A member of any of the result unions; `typename` says which fields are filled."""

    typename: str = msgspec.field(name="__typename")
    notification: Id | None = None
    duplicate: bool = False
    user: Id | None = None
    results: tuple["Result", ...] = ()
    code: str = ""
    message: str = ""
    path: tuple[str, ...] = ()
    retryable: bool = False

    @property
    def fault(self) -> str:
        """What went wrong, in words."""
        return f"{self.typename} {'.'.join(self.path)}: {self.message}"


class Viewer(_Read, frozen=True):
    """Who the caller is."""

    tenant_id: str


class RulesData(_Read, frozen=True):
    """Of the mutations that lay down rules, each under the alias `result`."""

    result: Result


class ViewerData(_Read, frozen=True):
    """Of the query `viewer`."""

    viewer: Viewer


class UpsertData(_Read, frozen=True):
    """Of the mutation `upsertUsers`."""

    upsert_users: Result


class SendOneData(_Read, frozen=True):
    """Of the mutation `sendNotification`."""

    send_notification: Result


class SendManyData(_Read, frozen=True):
    """Of the mutation `sendNotifications`."""

    send_notifications: Result


class PageInfo(_Read, frozen=True):
    """Whether there is more."""

    has_next_page: bool
    end_cursor: str | None = None


class AttemptNode(_Read, frozen=True):
    """An attempt."""

    id: str
    number: int
    outcome: str | None
    started_at: datetime
    settled_at: datetime | None


class AttemptEdge(_Read, frozen=True):
    """An attempt in its list."""

    node: AttemptNode


class Attempts(_Read, frozen=True):
    """A delivery's attempts."""

    edges: tuple[AttemptEdge, ...]


class DeliveryNode(_Read, frozen=True):
    """A delivery."""

    id: str
    channel: str
    state: str
    reason: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: Attempts | None


class DeliveryEdge(_Read, frozen=True):
    """A delivery in its list."""

    node: DeliveryNode


class Deliveries(_Read, frozen=True):
    """A notification's deliveries."""

    page_info: PageInfo
    edges: tuple[DeliveryEdge, ...]


class NotificationNode(_Read, frozen=True):
    """A notification with what came of it."""

    id: str
    deliveries: Deliveries | None


class NodesData(_Read, frozen=True):
    """Of the query `nodes`."""

    nodes: tuple[NotificationNode | None, ...]


class Item(_Read, frozen=True):
    """An inbox item."""

    id: str
    title: str | None


class InboxEdge(_Read, frozen=True):
    """An inbox item at its place."""

    cursor: str
    node: Item


class Inbox(_Read, frozen=True):
    """A page of an inbox."""

    live_cursor: str
    page_info: PageInfo
    edges: tuple[InboxEdge, ...]


class InboxData(_Read, frozen=True):
    """Of the query `inbox`."""

    inbox: Inbox | None


class LiveEvent(_Read, frozen=True):
    """An event of the subscription `inbox`."""

    typename: str = msgspec.field(name="__typename")
    cursor: str
    item: Item | None = None
    reason: str | None = None


class FollowData(_Read, frozen=True):
    """Of the subscription `inbox`."""

    inbox: LiveEvent
