"""Waking: what waited for its time goes back on the bus."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Transaction
from engines.store.operations import MakePartitions, Wake
from engines.store.transactions import outbox
from models import tables
from models.ids import attempt_bytes
from models.topics import QUEUED_TOPIC, BusTopic, Lane
from models.vocabulary import Channel

RETRY = ("tenant_id", "notification_id", "user_id", "step", "channel", "lane", "number")
SCHEDULE = ("tenant_id", "notification_id", "lane")


def wake(d: Dialect, operations: Sequence[Wake]) -> Transaction[list[int]]:
    """Due rows are deleted and queued in one transaction, so nothing is woken twice or forgotten."""
    now_us = max(one.now_us for one in operations)
    limit = max(one.limit for one in operations)
    retries = yield from d.take_due(tables.retries, RETRY, now_us, limit)
    schedules = yield from d.take_due(tables.schedules, SCHEDULE, now_us, limit)
    work = [_retry(*row) for row in retries] + [_schedule(*row) for row in schedules]
    yield from outbox.queue(d, work, now_us)
    return [len(work)] + [0] * (len(operations) - 1)


def _retry(
    tenant: bytes, notification: bytes, user: bytes, step: int, channel: int, lane: int, number: int
) -> outbox.Work:
    return QUEUED_TOPIC[Channel(channel)], Lane(lane), tenant, attempt_bytes((notification, user, step, number))


def _schedule(tenant: bytes, notification: bytes, lane: int) -> outbox.Work:
    return BusTopic.NOTIFICATION_CREATED, Lane(lane), tenant, notification


def make_partitions(d: Dialect, operations: Sequence[MakePartitions]) -> Transaction[list[None]]:
    """Once for the furthest of the days asked for."""
    yield from d.make_partitions(max(one.days for one in operations))
    return [None] * len(operations)
