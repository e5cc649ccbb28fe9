"""A notification and its deliveries as REST shows them: states and counts, never content or addresses."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Struct

from engines.store.queries import DeliveryRow, NotificationRow
from models import ids
from models.states import DeliveryState, NotificationState, ReasonCode
from models.vocabulary import Channel, Priority
from schema.progress import delivery_state
from schema.rest.words import (
    ChannelName,
    CursorText,
    DeliveryId,
    DeliveryStateName,
    JsonObject,
    Moment,
    NotificationId,
    NotificationStateName,
    PriorityName,
    ReasonName,
    UserId,
    about,
)
from schema.scalars import write_time

_LABELS = msgspec.json.Decoder(dict[str, object])


class StateCount(Struct, frozen=True):
    """How many deliveries are in a state."""

    state: DeliveryStateName
    count: Annotated[int, about("How many deliveries are in it.")]


class Delivery(Struct, frozen=True, rename="camel"):
    """A notification for one user on one channel."""

    id: DeliveryId
    user_id: UserId
    channel: ChannelName
    state: DeliveryStateName
    reason: Annotated[ReasonName | None, about("Why it is in that state, off the happy path.")]
    attempts: Annotated[int, about("How many calls to a provider were begun.")]
    provider_name: Annotated[str | None, about("Who was called last.")]
    created_at: Moment
    next_attempt_at: Annotated[Moment | None, about("When the next attempt is due.")]
    sent_at: Annotated[Moment | None, about("When the provider took it.")]
    delivered_at: Annotated[Moment | None, about("When it arrived.")]
    seen_at: Annotated[Moment | None, about("When it was first on the user's screen.")]
    read_at: Annotated[Moment | None, about("When the user opened it.")]

    @classmethod
    def of(cls, row: DeliveryRow) -> "Delivery":
        """From its row."""
        return cls(
            id=ids.encode(ids.DELIVERY, ids.delivery_bytes(row.key)),
            user_id=ids.encode(ids.USER, row.user),
            channel=Channel(row.channel).name,
            state=delivery_state(row.state, under_way=bool(row.under_way)).name,
            reason=ReasonCode(row.reason).name if row.reason is not None else None,
            attempts=row.attempts,
            provider_name=row.provider,
            created_at=write_time(row.created_at),
            next_attempt_at=moment(row.next_attempt_at),
            sent_at=moment(row.sent_at),
            delivered_at=moment(row.delivered_at),
            seen_at=moment(row.seen_at),
            read_at=moment(row.read_at),
        )


class NotificationSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A request to notify, and how far it is."""

    id: NotificationId
    state: NotificationStateName
    category_key: Annotated[str, about("The category it belongs to.")]
    priority: PriorityName
    channels: Annotated[list[ChannelName], about("The channels that it may use.")]
    recipient_count: Annotated[int, about("How many users it is for.")]
    labels: Annotated[JsonObject | None, about("Your own key-values, as they were sent.")]
    created_at: Moment
    send_at: Annotated[Moment | None, about("When it is to go out; null: at once.")]
    expires_at: Annotated[Moment | None, about("After this nothing of it is sent any more.")]
    counts: Annotated[list[StateCount], about("Its deliveries by state; states that none is in are left out.")]

    @classmethod
    def of(
        cls, row: NotificationRow, state: NotificationState, counts: Mapping[DeliveryState, int]
    ) -> "NotificationSummary":
        """From its row and what is derived."""
        return cls(
            id=ids.encode(ids.NOTIFICATION, row.id),
            state=state.name,
            category_key=row.category,
            priority=Priority(row.priority).name,
            channels=[channel.name for channel in Channel if row.channels >> channel & 1],
            recipient_count=row.recipients,
            labels=_LABELS.decode(row.labels) if row.labels is not None else None,
            created_at=write_time(row.created_at),
            send_at=moment(row.send_at),
            expires_at=moment(row.expires_at),
            counts=[StateCount(one.name, count) for one, count in counts.items()],
        )


class Notification(NotificationSummary, frozen=True, kw_only=True, rename="camel"):
    """A request to notify, and what became of it."""

    deliveries: Annotated[list[Delivery], about("A page of its deliveries, in the order of their users' ids.")]
    next_cursor: Annotated[CursorText | None, about("Pass it as after for the next page; null: there is none.")]


class NotificationCancelled(Struct, frozen=True, rename="camel"):
    """The notification is taken back: what had not left is not sent."""

    id: NotificationId
    stopped_count: Annotated[int, about("How many deliveries were stopped; 0 while recipients are not worked out.")]
    left_count: Annotated[int, about("How many had left before, are under way, or may have left.")]
    repeated: Annotated[bool, about("Whether an earlier call took it back already.")]


class NotificationPage(Struct, frozen=True, rename="camel"):
    """A page of notifications, newest first."""

    items: list[NotificationSummary]
    next_cursor: Annotated[CursorText | None, about("Pass it as after for older ones; null: there are none.")]
    previous_cursor: Annotated[CursorText | None, about("Pass it as before for newer ones; null: the page is empty.")]


def notification_of(summary: NotificationSummary, rows: Sequence[DeliveryRow], next_cursor: str | None) -> Notification:
    """The whole, from its summary and a page of deliveries."""
    fields = msgspec.structs.asdict(summary)
    return Notification(**fields, deliveries=[Delivery.of(row) for row in rows], next_cursor=next_cursor)


def moment(at_us: int | None) -> str | None:
    """A time as the API writes it, if there is one."""
    return write_time(at_us) if at_us is not None else None
