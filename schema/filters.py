"""What history is filtered by, as GraphQL shows it. Made into the plain filters of models.history by the fields."""

from collections.abc import Iterable
from enum import IntEnum
from typing import TypeVar

import strawberry

from models.history import EVER, DeadLetterFilter, DeliveryFilter, NotificationFilter, Span, Tests
from schema.enums import Channel, DeliveryState, Priority, ReasonCode
from schema.inputs import input_type
from schema.scalars import DateTime, JSONObject

T = TypeVar("T")

_BESIDE_USER = "Only together with user or externalId."
_BESIDE_BOTH = "Only together with notification, user or externalId."


@input_type(description="A stretch of time. Where a side is left out, it is open there.")
class TimeRangeInput:
    """models.history.Span."""

    from_: DateTime | None = strawberry.field(
        default=strawberry.UNSET, name="from", description="The beginning, which is within."
    )
    to: DateTime | None = strawberry.field(default=strawberry.UNSET, description="The end, which is not within.")


@input_type(description="Which notifications: all conditions must hold.")
class NotificationFilterInput:
    """models.history.NotificationFilter."""

    user: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="For this user, by usr_… id, as soon as it is worked out for them."
    )
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="The same by your own id of the user; for callers who may manage users."
    )
    created_at: TimeRangeInput | None = strawberry.field(
        default=strawberry.UNSET, description="Accepted within this time."
    )
    categories: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description=f"Of one of these categories, by key. {_BESIDE_USER}"
    )
    priorities: list[Priority] | None = strawberry.field(
        default=strawberry.UNSET, description=f"Of one of these priorities. {_BESIDE_USER}"
    )
    template: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"Made from this template, by key, of any version. {_BESIDE_USER}"
    )
    labels: JSONObject | None = strawberry.field(
        default=strawberry.UNSET, description=f"With each of these labels, and perhaps others. {_BESIDE_USER}"
    )


@input_type(description="Which deliveries: all conditions must hold.")
class DeliveryFilterInput:
    """models.history.DeliveryFilter."""

    notification: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Of this notification, by ntf_… id."
    )
    user: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="To this user, by usr_… id.")
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="The same by your own id of the user; for callers who may manage users."
    )
    accepted_at: TimeRangeInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of notifications that were accepted within this time."
    )
    states: list[DeliveryState] | None = strawberry.field(
        default=strawberry.UNSET, description=f"In one of these states at this moment. {_BESIDE_BOTH}"
    )
    reasons: list[ReasonCode] | None = strawberry.field(
        default=strawberry.UNSET, description=f"In their state for one of these reasons. {_BESIDE_BOTH}"
    )
    channels: list[Channel] | None = strawberry.field(
        default=strawberry.UNSET, description=f"On one of these channels. {_BESIDE_BOTH}"
    )
    provider: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"Last called by this provider's name. {_BESIDE_BOTH}"
    )
    categories: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description=f"Of one of these categories, by key. {_BESIDE_BOTH}"
    )
    priorities: list[Priority] | None = strawberry.field(
        default=strawberry.UNSET, description=f"Of one of these priorities. {_BESIDE_BOTH}"
    )
    template: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"Made from this template, by key, of any version. {_BESIDE_BOTH}"
    )
    labels: JSONObject | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Of notifications with each of these labels, and perhaps others. {_BESIDE_BOTH}",
    )


@input_type(description="Which dead letters: all conditions must hold.")
class DeadLetterFilterInput:
    """models.history.DeadLetterFilter."""

    notification: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Of this notification, by ntf_… id."
    )
    user: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="To this user, by usr_… id.")
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="The same by your own id of the user; for callers who may manage users."
    )
    deliveries: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Just these deliveries, up to 1,000, by dlv_… ids."
    )
    reasons: list[ReasonCode] | None = strawberry.field(
        default=strawberry.UNSET, description="Given up or refused for one of these reasons."
    )
    created_at: TimeRangeInput | None = strawberry.field(
        default=strawberry.UNSET, description="Given up or refused within this time."
    )


def notification_filter(wanted: NotificationFilterInput | None) -> NotificationFilter:
    """As the use case takes it."""
    if not wanted:
        return NotificationFilter()
    tests = Tests(
        categories=_texts(wanted.categories),
        priorities=_numbers(wanted.priorities),
        template=_given(wanted.template),
        labels=_given(wanted.labels),
        accepted=_span(wanted.created_at),
    )
    return NotificationFilter(user=_given(wanted.user), external_id=_given(wanted.external_id), tests=tests)


def delivery_filter(wanted: DeliveryFilterInput | None) -> DeliveryFilter:
    """As the use case takes it."""
    if not wanted:
        return DeliveryFilter()
    tests = Tests(
        states=_numbers(wanted.states),
        reasons=_numbers(wanted.reasons),
        channels=_numbers(wanted.channels),
        provider=_given(wanted.provider),
        categories=_texts(wanted.categories),
        priorities=_numbers(wanted.priorities),
        template=_given(wanted.template),
        labels=_given(wanted.labels),
        accepted=_span(wanted.accepted_at),
    )
    return DeliveryFilter(
        notification=_given(wanted.notification),
        user=_given(wanted.user),
        external_id=_given(wanted.external_id),
        tests=tests,
    )


def dead_letter_filter(wanted: DeadLetterFilterInput | None) -> DeadLetterFilter:
    """As the use cases take it."""
    if not wanted:
        return DeadLetterFilter()
    return DeadLetterFilter(
        notification=_given(wanted.notification),
        user=_given(wanted.user),
        external_id=_given(wanted.external_id),
        deliveries=_texts(wanted.deliveries),
        reasons=_numbers(wanted.reasons),
        created=_span(wanted.created_at),
    )


def _given(value: T | None) -> T | None:
    return None if value is strawberry.UNSET else value


def _texts(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None or values is strawberry.UNSET else tuple(values)


def _numbers(values: Iterable[IntEnum] | None) -> tuple[int, ...] | None:
    return None if values is None or values is strawberry.UNSET else tuple([int(value) for value in values])


def _span(wanted: TimeRangeInput | None) -> Span | None:
    range_ = _given(wanted)
    if range_ is None:
        return None
    from_us, until_us = _given(range_.from_), _given(range_.to)
    return Span(max(0, from_us or 0), EVER if until_us is None else max(0, until_us))
