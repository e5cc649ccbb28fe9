"""Replaying: dead letters go back to the queue, each once, whoever asks at the same time.

Locks are taken in the order in which others take them: the notifications (shared), then the deliveries by key.
"""

from collections.abc import Mapping, Sequence

import msgspec

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import AuditEntry, Replay, Replayed
from engines.store.operations.replaying import REPLAYABLE, hindrance
from engines.store.transactions import auditing, outbox
from engines.store.transactions.stopping import DELIVERY, NOTIFICATION
from models import tables
from models.ids import attempt_bytes
from models.states import DeliveryState, ReasonCode
from models.topics import LANE_OF, QUEUED_TOPIC
from models.vocabulary import Channel, Priority

CHANGED = ("state", "reason", "next_attempt_at", "replayed_at")
STANDING = (*DELIVERY, "channel", "state", "attempts")
TOLD = (*NOTIFICATION, "priority", "expires_at", "cancelled_at")

Told = Mapping[Row, Row]
"""(tenant, notification) → priority, end, when it was taken back."""


def replay(d: Dialect, operations: Sequence[Replay]) -> Transaction[list[Replayed]]:
    """Of several that name one dead letter, the first has it."""
    owners: dict[Row, Replay] = {}
    for one in operations:
        for key in one.keys:
            owners.setdefault((one.tenant, *key), one)
    told = yield from _told(d, owners)
    dead = yield from _dead(d, owners)
    refused = {key: why for key in dead if (why := _hindrance(told.get(key[:2]), owners[key].at_us)) is not None}
    queued = {key: row for key, row in dead.items() if key not in refused}
    yield from _queue(d, queued, owners, told)
    answers = [_answer([key for key in owners if owners[key] is one], queued, refused) for one in operations]
    done = list(zip(operations, answers, strict=True))
    yield from auditing.record(d, [(one.tenant, _entry(one, answer)) for one, answer in done if answer.queued])
    return answers


def _told(d: Dialect, owners: Mapping[Row, Replay]) -> Transaction[dict[Row, Row]]:
    rows = yield from d.lookup(tables.notifications, NOTIFICATION, {key[:2] for key in owners}, TOLD, share=True)
    return {tuple(row[:2]): tuple(row[2:]) for row in rows}


def _dead(d: Dialect, owners: Mapping[Row, Replay]) -> Transaction[dict[Row, Row]]:
    """Deliveries that are dead letters still, with channel, state and attempts."""
    rows = yield from d.lookup(tables.deliveries, DELIVERY, list(owners), STANDING, lock=True)
    letters = yield from d.lookup(tables.dead_letters, DELIVERY, list(owners), DELIVERY)
    lying = {tuple(row) for row in letters}
    return {tuple(row[:4]): tuple(row[4:]) for row in rows if tuple(row[:4]) in lying and row[5] in REPLAYABLE}


def _hindrance(told: Row | None, at_us: int) -> ReasonCode | None:
    """What a notification that is gone said can no longer be sent."""
    return ReasonCode.EXPIRED if told is None else hindrance(told[1], told[2], at_us)


def _queue(d: Dialect, queued: Mapping[Row, Row], owners: Mapping[Row, Replay], told: Told) -> Transaction[None]:
    if not queued:
        return
    rows: list[Row] = [(*key, DeliveryState.QUEUED.value, None, None, owners[key].at_us) for key in queued]
    yield from d.update(tables.deliveries, DELIVERY, CHANGED, rows)
    yield from d.delete(tables.dead_letters, DELIVERY, list(queued))
    yield from d.delete(tables.retries, DELIVERY, list(queued))
    work = [_work(key, row, told[key[:2]]) for key, row in queued.items()]
    yield from outbox.queue(d, work, rows[0][-1])


def _work(key: Row, standing: Row, told: Row) -> outbox.Work:
    tenant, notification, user, step = key
    channel, _, attempts = standing
    pointer = attempt_bytes((notification, user, step, attempts + 1))
    return QUEUED_TOPIC[Channel(channel)], LANE_OF[Priority(told[0])], tenant, pointer


def _answer(own: Sequence[Row], queued: Mapping[Row, Row], refused: Mapping[Row, ReasonCode]) -> Replayed:
    return Replayed(
        tuple([(key[1], key[2], key[3]) for key in own if key in queued]),
        tuple([((key[1], key[2], key[3]), refused[key]) for key in own if key in refused]),
    )


def _entry(one: Replay, answer: Replayed) -> AuditEntry:
    after = msgspec.json.encode({"queued": len(answer.queued), "refused": len(answer.refused)})
    return msgspec.structs.replace(one.audit, after=after)
