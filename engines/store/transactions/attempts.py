"""Attempts: the claim that gives the right to call a provider, and the settlement that records what came of it."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.operations import Claim, Settle, Settlement
from engines.store.transactions import settled, stopping
from engines.store.transactions.pointers import packed, unpacked
from models import tables
from models.ids import AttemptKey
from models.states import FINAL_FROM

DELIVERY = ("tenant_id", "notification_id", "user_id", "step")
ATTEMPT = (*DELIVERY, "number")
CLAIMED = (*ATTEMPT, "worker_id", "provider", "claimed_at")
SETTLED = ("settled_at", "outcome", "reason", "provider_message_id", "answer")
LATE = ("late_at", "late_outcome", "late_answer")


def claim(d: Dialect, operations: Sequence[Claim]) -> Transaction[list[frozenset[AttemptKey]]]:
    """The attempt row itself is the claim; where two ask for one attempt, the first has it."""
    answered = yield from _answered(d, operations)
    rows: dict[Row, Row] = {}
    for one in operations:
        for tenant, key in one.attempts if one.id not in answered else ():
            rows.setdefault((tenant, *key), (tenant, *key, one.worker, one.provider, one.at_us))
    waiting = yield from _waiting(d, rows)
    won = yield from d.insert_new(
        tables.notification_delivery_logs, CLAIMED, ATTEMPT, [row for key, row in rows.items() if key in waiting]
    )
    answers, claims = _shared_out(operations, won)
    yield from d.insert(tables.claims, ("id", "worker_id", "pointers"), claims)
    return [answered.get(one.id, answer) for one, answer in zip(operations, answers, strict=True)]


def _answered(d: Dialect, operations: Sequence[Claim]) -> Transaction[dict[bytes, frozenset[AttemptKey]]]:
    """What claims with these ids have won already."""
    rows = yield from d.lookup(tables.claims, ("id",), [(one.id,) for one in operations], ("id", "pointers"))
    return {claim: frozenset([key for _, key in unpacked(pointers)]) for claim, pointers in rows}


def _waiting(d: Dialect, rows: dict[Row, Row]) -> Transaction[set[Row]]:
    """The attempts whose delivery waits for just them; of notifications that are taken back, none does any more."""
    cancelled = yield from stopping.cancelled_among(d, {key[:2] for key in rows}, share=True)
    found = yield from d.lookup(
        tables.deliveries, DELIVERY, {key[:4] for key in rows}, (*DELIVERY, "state", "attempts", "next_attempt_at")
    )
    waiting: dict[Row, Row] = {tuple(row[:4]): tuple(row[4:]) for row in found if row[4] < FINAL_FROM}
    strays = {delivery: row for delivery, row in waiting.items() if delivery[:2] in cancelled}
    if strays:
        yield from _stop(d, strays, max(row[-1] for row in rows.values()))
    made = {delivery: attempts for delivery, (_, attempts, _) in waiting.items() if delivery not in strays}
    return {key for key in rows if key[:4] in made and key[4] > made[key[:4]]}


def _stop(d: Dialect, strays: dict[Row, Row], at_us: int) -> Transaction[None]:
    busy = yield from stopping.under_way(d, strays)
    standing = [(delivery, state, due) for delivery, (state, _, due) in strays.items() if delivery not in busy]
    yield from stopping.stop(d, standing, at_us)


def _shared_out(operations: Sequence[Claim], won: set[Row]) -> tuple[list[frozenset[AttemptKey]], list[Row]]:
    left = set(won)
    answers, claims = [], []
    for one in operations:
        mine = [(tenant, key) for tenant, key in one.attempts if (tenant, *key) in left]
        left -= {(tenant, *key) for tenant, key in mine}
        answers.append(frozenset([key for _, key in mine]))
        if mine:
            claims.append((one.id, one.worker, packed(mine)))
    return answers, claims


def settle(d: Dialect, operations: Sequence[Settle]) -> Transaction[list[frozenset[AttemptKey]]]:
    """An attempt is settled once, by the worker that claimed it; the rest is evidence."""
    by_key: dict[Row, Settlement] = {}
    for one in operations:
        for settlement in one.settlements:
            by_key.setdefault((settlement.tenant, *settlement.attempt, settlement.worker), settlement)
    rows = [(*key, *_outcome(one)) for key, one in by_key.items()]
    done = yield from d.update_returning(
        tables.notification_delivery_logs, (*ATTEMPT, "worker_id"), SETTLED, rows, "t.settled_at IS NULL"
    )
    yield from settled.follow_up(d, [by_key[key] for key in by_key if key in done])
    late = [(*key, one.at_us, one.outcome.value, one.answer) for key, one in by_key.items() if key not in done]
    yield from d.update(tables.notification_delivery_logs, (*ATTEMPT, "worker_id"), LATE, late, "t.late_at IS NULL")
    yield from d.delete(tables.claims, ("id",), [(claim,) for one in operations for claim in one.finished])
    won = {key[1:5] for key in done}
    return [frozenset([s.attempt for s in one.settlements if s.attempt in won]) for one in operations]


def _outcome(one: Settlement) -> Row:
    return (one.at_us, one.outcome.value, one.attempt_reason, one.provider_message_id, one.answer)
