"""The streams of the bus and their lanes. Numbers are stored in the outbox and never reused."""

from enum import IntEnum

from models.vocabulary import Channel, Priority


class BusTopic(IntEnum):
    """A stream of work; `topic_name` is what brokers call it."""

    NOTIFICATION_CREATED = 1
    EMAIL_QUEUED = 2


POINTER_BYTES = {BusTopic.NOTIFICATION_CREATED: 16, BusTopic.EMAIL_QUEUED: 36}
"""Size of one pointer: a notification id, or an attempt key."""

QUEUED_TOPIC = {Channel.EMAIL: BusTopic.EMAIL_QUEUED}
"""Where the deliveries of a channel with a provider go."""


def topic_name(topic: BusTopic) -> str:
    """The dotted name, for logs, metrics and brokers."""
    return {BusTopic.NOTIFICATION_CREATED: "notification.created", BusTopic.EMAIL_QUEUED: "channel.email.queued"}[topic]


class Lane(IntEnum):
    """Work of one topic overtakes other work by lane; a lower number goes first."""

    CRITICAL = 1
    NORMAL = 2
    BULK = 3


LANE_OF = {
    Priority.CRITICAL: Lane.CRITICAL,
    Priority.HIGH: Lane.NORMAL,
    Priority.NORMAL: Lane.NORMAL,
    Priority.BULK: Lane.BULK,
}
