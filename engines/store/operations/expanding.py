"""Expanding notifications into deliveries."""

import msgspec

from engines.store.base import Operation
from models.states import DeliveryState, ReasonCode
from models.topics import Lane
from models.trace import Link
from models.vocabulary import Channel


class NewDelivery(msgspec.Struct, frozen=True, gc=False):
    """One recipient and step, as the stages decided it."""

    tenant: bytes
    notification: bytes
    user: bytes
    step: int
    channel: Channel
    state: DeliveryState
    reason: ReasonCode | None
    decisions: bytes
    locale: str | None
    lane: Lane
    template_version: bytes | None = None


class Expand(Operation[list[tuple[bytes, bytes]]], frozen=True):
    """Stores deliveries, fills inboxes and queues work. A delivery that is there already stays as it is.

    Answers the (tenant, user) pairs whose inbox grew.
    """

    deliveries: tuple[NewDelivery, ...]
    at_us: int
    links: tuple[Link, ...] = ()
    """Which requests some of the notifications came with."""

    def tenants(self) -> frozenset[bytes]:
        return frozenset([one.tenant for one in self.deliveries])

    def size(self) -> int:
        return len(self.deliveries)
