"""The small parts that bodies and parameters of the REST API are made of. Used by every model in this folder.

What a use case checks is only described here, not enforced: there is one place that judges, for every door.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from models import ids
from models.states import DeliveryState, NotificationState, ReasonCode
from models.vocabulary import Channel, InboxMark, Priority

T = TypeVar("T")


class OneOf(Struct, frozen=True, kw_only=True):
    """Exactly one of the fields may be filled."""


def _names(enum: type[Enum], description: str) -> Meta:
    return Meta(description=description, extra_json_schema={"enum": [one.name for one in enum]})


def id_pattern(prefix: str) -> str:
    """The regular expression of the ids with this prefix, for JSON Schema."""
    letters = -(-ids.BYTES_OF[prefix] * 8 // 10) * 2
    return f"^{prefix}_[{ids.ALPHABET}]{{{letters}}}$"


def up_to(most: int, description: str) -> Meta:
    """A text of 1 to `most` characters."""
    return Meta(description=description, extra_json_schema={"minLength": 1, "maxLength": most})


def many(least: int, most: int, description: str) -> Meta:
    """A list of so many."""
    return Meta(description=description, extra_json_schema={"minItems": least, "maxItems": most})


def about(description: str) -> Meta:
    """Nothing but a description."""
    return Meta(description=description)


def _shape(description: str, schema: Mapping[str, object]) -> Meta:
    return Meta(description=description, extra_json_schema=dict(schema))


def _id(prefix: str, description: str) -> Meta:
    return _shape(description, {"pattern": id_pattern(prefix)})


ChannelName = Annotated[str, _names(Channel, "A medium by which somebody is reached.")]
PriorityName = Annotated[str, _names(Priority, "How urgent it is: urgent ones overtake others; retries end sooner.")]
MarkName = Annotated[str, _names(InboxMark, "How items of an inbox are marked.")]
NotificationStateName = Annotated[str, _names(NotificationState, "How far it is as a whole, at the moment of asking.")]
DeliveryStateName = Annotated[str, _names(DeliveryState, "The state of one delivery at the moment of asking.")]
ReasonName = Annotated[str, _names(ReasonCode, "Why something is off the happy path. Expect values unknown to you.")]

Moment = Annotated[str, _shape("RFC 3339 with an offset from UTC; answers are in UTC.", {"format": "date-time"})]
Address = Annotated[
    str,
    _shape("An absolute http or https address.", {"format": "uri", "maxLength": 2048}),
]
CursorText = Annotated[str, about("A place in a list or a stream: opaque, as an answer gave it.")]
JsonObject = Annotated[dict[str, object], about("A JSON object of your own; integers have at most 64 bits.")]

NotificationId = Annotated[str, _id(ids.NOTIFICATION, "A notification's id.")]
DeliveryId = Annotated[str, _id(ids.DELIVERY, "A delivery's id.")]
UserId = Annotated[str, _id(ids.USER, "A user's id.")]
InboxItemId = Annotated[str, _id(ids.INBOX_ITEM, "An inbox item's id.")]


def number_of(enum: type[T], name: str) -> T | None:
    """The member of a closed list that has this name, if there is one."""
    members: Mapping[str, T] = getattr(enum, "__members__", {})
    return members.get(name)
