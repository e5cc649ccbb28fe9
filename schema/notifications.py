"""Notifications and their deliveries: one module, since each leads to the other."""

from collections.abc import Awaitable
from typing import Annotated

import msgspec
import strawberry

from engines.store.queries import DeliveryRow, NotificationRow
from errors import NotFound
from models import ids
from models.content import Content, for_channel
from models.decisions import Rule, StageName
from models.paging import Page
from schema.access import may_see
from schema.attempts import AttemptConnection, attempts_of, attempts_page
from schema.context import Context, Inform, Said
from schema.decisions import Decision, decision, decisions_of
from schema.enums import Channel, DeliveryState, NotificationState, Priority, ReasonCode
from schema.fields import answered
from schema.filters import DeliveryFilterInput, delivery_filter
from schema.node import Node
from schema.pages import After, Before, First, Last, PageInfo, paging
from schema.progress import count_states, delivery_state, notification_state
from schema.scalars import URL, DateTime, JSONObject
from schema.selection import selects_only_id
from schema.templates import TemplateVersion, version_of
from schema.users import User

_LABELS = msgspec.json.Decoder(dict)
_NAMED = (StageName.AUDIENCE, Rule.NAMED)


DeliveryFilterArgument = Annotated[
    DeliveryFilterInput | None, strawberry.argument(name="filter", description="Which of them; all, without one.")
]


@strawberry.type(description="How many deliveries are in a state.")
class StateCount:
    """One of a notification's counts."""

    state: DeliveryState = strawberry.field(description="The state.")
    count: int = strawberry.field(description="How many deliveries are in it.")


@strawberry.type(description="What a delivery says on its channel.")
class RenderedContent:
    """models.content.ChannelContent without its data."""

    title: str | None = strawberry.field(description="The title, or an e-mail's subject.")
    body: str = strawberry.field(description="The text.")
    url: URL | None = strawberry.field(description="Where a click leads.")
    html: str | None = strawberry.field(description="An e-mail's HTML part, where the caller wrote one.")

    @classmethod
    def of(cls, content: Content, channel: Channel) -> "RenderedContent":
        """The parts for a channel."""
        shown = for_channel(content, channel)
        url = URL(shown.url) if shown.url is not None else None
        return cls(title=shown.title, body=shown.body, url=url, html=shown.html)


@strawberry.type(description="A request to notify, and what became of it.")
class Notification(Node):
    """A row of notifications."""

    row: strawberry.Private[NotificationRow]
    category_key: str = strawberry.field(description="The category it belongs to.")
    priority: Priority = strawberry.field(description="How urgent it is.")
    channels: list[Channel] = strawberry.field(description="The channels that it may use.")
    recipient_count: int = strawberry.field(description="How many users it is for.")
    created_at: DateTime = strawberry.field(description="When it was accepted.")
    send_at: DateTime | None = strawberry.field(description="When it is to go out; null: at once.")
    expires_at: DateTime | None = strawberry.field(description="After this nothing of it is sent any more.")

    @classmethod
    def of(cls, row: NotificationRow) -> "Notification":
        """From its row."""
        return cls(
            id=notification_id(row.id),
            row=row,
            category_key=row.category,
            priority=Priority(row.priority),
            channels=[channel for channel in Channel if row.channels >> channel & 1],
            recipient_count=row.recipients,
            created_at=DateTime(row.created_at),
            send_at=DateTime(row.send_at) if row.send_at is not None else None,
            expires_at=DateTime(row.expires_at) if row.expires_at is not None else None,
        )

    @answered(description="Your own key-values, as they were sent.")
    def labels(self) -> JSONObject | None:
        """Kept as JSON."""
        return JSONObject(_LABELS.decode(self.row.labels)) if self.row.labels is not None else None

    @answered(description="How far it is as a whole, at this moment.")
    async def state(self, info: Inform) -> NotificationState:
        """Derived from the counts."""
        counts = count_states(await info.context.reads.counts(self.row.id))
        return notification_state(self.row, counts, info.context.now_us())

    @answered(description="Its deliveries by state; states that no delivery is in are left out.")
    async def counts(self, info: Inform) -> list[StateCount]:
        """At most one per state."""
        counts = count_states(await info.context.reads.counts(self.row.id))
        return [StateCount(state=state, count=count) for state, count in counts.items()]

    @answered(description="What was decided for all deliveries alike, stage by stage. At most 20.")
    def decisions(self) -> list[Decision]:
        """Nothing of this is stored: it follows from the kinds of audience and message."""
        said = Rule.INLINE_CONTENT if self.row.template_version is None else Rule.TEMPLATE_PINNED
        return [decision(stage, rule) for stage, rule in (_NAMED, (StageName.COMPOSE, said))]

    @answered(
        description="The version of the template that it is held to; null: its content came with it.",
        graphql_type=TemplateVersion | None,
    )
    def template(self, info: Inform) -> Node | Awaitable[TemplateVersion | None] | None:
        """Pinned when it was accepted."""
        pinned = self.row.template_version
        return version_of(pinned, info) if pinned is not None else None

    @answered(description="Its deliveries: one for each user and channel, in the order of their users' ids.")
    async def deliveries(
        self,
        info: Inform,
        wanted: DeliveryFilterArgument = None,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> "DeliveryConnection | None":
        """Pages of many notifications are one read."""
        asked = paging(first, after, last, before)
        page = await info.context.reads.deliveries(self.row.id, delivery_filter(wanted), asked)
        return deliveries_of(page, info.context)


def notification_of(id_: bytes, info: Inform) -> Node | Awaitable[Notification]:
    """What a field of type Notification gives: it is read only where more than its id is asked for."""
    if selects_only_id(info):
        return Node(id=notification_id(id_))
    info.context.count_items(1)
    return _read(id_, info.context)


async def _read(id_: bytes, context: Context) -> Notification:
    row = await context.reads.notification(id_)
    if row is None:
        raise NotFound("the notification is no longer kept")
    return Notification.of(row)


@strawberry.type(description="A notification for one user on one channel.")
class Delivery(Node):
    """A row of deliveries."""

    row: strawberry.Private[DeliveryRow]
    channel: Channel = strawberry.field(description="The medium.")
    step: str = strawberry.field(description="The step of the notification that it belongs to; here: the channel.")
    state: DeliveryState = strawberry.field(description="Its state at this moment.")
    reason: ReasonCode | None = strawberry.field(description="Why it is in that state, off the happy path.")
    decisions: list[Decision] = strawberry.field(description="Why it went that way, stage by stage. At most 20.")
    provider_name: str | None = strawberry.field(description="Who was called last.")
    created_at: DateTime = strawberry.field(description="When the notification was worked out for this user.")
    next_attempt_at: DateTime | None = strawberry.field(description="When the next attempt is due.")
    sent_at: DateTime | None = strawberry.field(description="When the provider took it.")
    delivered_at: DateTime | None = strawberry.field(description="When it arrived.")
    seen_at: DateTime | None = strawberry.field(description="When it was first on the user's screen.")
    read_at: DateTime | None = strawberry.field(description="When the user opened it.")

    @classmethod
    def of(cls, row: DeliveryRow) -> "Delivery":
        """From its row."""
        return cls(
            id=strawberry.ID(ids.encode(ids.DELIVERY, ids.delivery_bytes(row.key))),
            row=row,
            channel=Channel(row.channel),
            step=Channel(row.step).name.lower(),
            state=delivery_state(row.state, under_way=bool(row.under_way)),
            reason=ReasonCode(row.reason) if row.reason is not None else None,
            decisions=decisions_of(row.decisions),
            provider_name=row.provider,
            created_at=DateTime(row.created_at),
            next_attempt_at=_time(row.next_attempt_at),
            sent_at=_time(row.sent_at),
            delivered_at=_time(row.delivered_at),
            seen_at=_time(row.seen_at),
            read_at=_time(row.read_at),
        )

    @answered(description="The notification that it is a part of.", graphql_type=Notification)
    def notification(self, info: Inform) -> Node | Awaitable[Notification]:
        """Read together with those of other deliveries."""
        return notification_of(self.row.notification, info)

    @answered(description="Whom it is for; null when the user is gone.")
    async def user(self, info: Inform) -> User | None:
        """Read together with those of other deliveries."""
        row = await info.context.reads.person(self.row.user)
        return User.of(row) if row is not None else None

    @answered(description="What it says on its channel; null for callers who may not send.")
    async def content(self, info: Inform) -> RenderedContent | None:
        """Opened once per notification."""
        if not may_see(info.context.caller, "Delivery.content"):
            return None
        row = self.row
        said = Said(row.notification, self.channel, row.template_version, row.locale)
        content = await info.context.reads.content(said)
        if content is None:
            return None
        return RenderedContent.of(content, self.channel)

    @answered(description="The calls to the provider, oldest first. An inbox item needs none.")
    async def attempts(
        self, info: Inform, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> AttemptConnection | None:
        """Read together with those of other deliveries."""
        rows = await info.context.reads.attempts(self.row.key)
        page = attempts_page(info.context.list_cursors, self.row.key, rows, paging(first, after))
        info.context.count_items(len(page.items))
        return attempts_of(page)


@strawberry.type(description="A delivery at its place in the list.")
class DeliveryEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(description="The place of this item: pass it as after to go on from here.")
    node: Delivery = strawberry.field(description="The delivery.")


@strawberry.type(description="A page of deliveries.")
class DeliveryConnection:
    """Relay's connection."""

    edges: list[DeliveryEdge] = strawberry.field(description="The deliveries with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")


def notification_id(raw: bytes) -> strawberry.ID:
    """`ntf_…`"""
    return strawberry.ID(ids.encode(ids.NOTIFICATION, raw))


def deliveries_of(page: Page[DeliveryRow], context: Context) -> DeliveryConnection:
    """A page as GraphQL shows it."""
    context.count_items(len(page.items))
    edges = [
        DeliveryEdge(cursor=cursor, node=Delivery.of(row)) for cursor, row in zip(page.cursors, page.items, strict=True)
    ]
    return DeliveryConnection(edges=edges, page_info=PageInfo.of(page))


def _time(at_us: int | None) -> DateTime | None:
    return DateTime(at_us) if at_us is not None else None
