"""Replay dead letters: send again what was given up or refused, or show what would be. Used by every door."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.operations import Replay
from engines.store.operations.replaying import REPLAYABLE, hindrance
from engines.store.queries import DeadLetterRow, Replayable
from errors import InvalidInput
from models import ids
from models.clock import Clock
from models.history import DeadLetterFilter
from models.ids import DeliveryKey
from models.principal import Permission, Principal
from models.states import ReasonCode
from models.vocabulary import AuditAction
from usecases.audit_entries import audit_entry
from usecases.list_dead_letters import DeadLetters
from usecases.send_notifications import Bell

MAX_REPLAYED = 1_000
ROUNDS = 10
"""How often dead letters are looked for, so many at a time, past those that cannot be sent again."""


class ReplayAnswer(msgspec.Struct, frozen=True):
    """What goes back to the queue, or would, and what cannot."""

    queued: tuple[DeliveryKey, ...]
    """In the order of the dead letters, newest first."""
    reasons: Mapping[ReasonCode, int]
    """How many of these were dead letters for which reason."""
    refused: Mapping[ReasonCode, int]
    """How many are not sent again, and why."""
    more: bool
    """More dead letters may fit the filter: call again."""
    dry_run: bool


class ReplayDeadLetters:
    """Puts dead letters back in the queue, each once, however often and by whomever it is asked."""

    def __init__(self, store: Store, sealer: Sealer, bell: Bell, clock: Clock) -> None:
        self._store = store
        self._bell = bell
        self._clock = clock
        self._find = DeadLetters(store, sealer)

    async def __call__(
        self, caller: Principal, wanted: DeadLetterFilter, *, limit: int = MAX_REPLAYED, dry_run: bool = True
    ) -> ReplayAnswer:
        """Replay the newest `limit` that fit. A dry run changes nothing and answers what would be done.

        Raises:
            Forbidden: the caller may not replay, or not look for users by externalId.
            InvalidInput: a filter that filters nothing, a value that cannot be, or a limit outside of 1 to 1,000.
            Unavailable: some may be queued: repeat.
        """
        caller.require(Permission.REPLAY_DEAD_LETTERS)
        if not wanted:
            raise InvalidInput("expected at least one condition; createdAt without bounds fits all", path=("filter",))
        if not 1 <= limit <= MAX_REPLAYED:
            raise InvalidInput(f"expected 1 to {MAX_REPLAYED:,}, got {limit}", path=("limit",))
        found = await self._candidates(caller, wanted, limit)
        queued, late = await self._queued(caller, found.letters, dry_run=dry_run)
        reasons = Counter([ReasonCode(row.reason) for row in found.letters if row.key in queued])
        in_order = tuple([row.key for row in found.letters if row.key in queued])
        return ReplayAnswer(in_order, reasons, Counter([*found.refused, *late]), found.more, dry_run)

    async def _candidates(self, caller: Principal, wanted: DeadLetterFilter, limit: int) -> "_Candidates":
        """The newest that can be sent again. Those that cannot are passed over, and lie as they lay."""
        letters: list[DeadLetterRow] = []
        refused: list[ReasonCode] = []
        place: bytes | None = None
        for _ in range(ROUNDS):
            found = await self._find(caller, wanted, place, MAX_REPLAYED)
            judged = await self._judged(caller, found.rows)
            for row in found.rows:
                place = row.place
                why = judged.get(row.key)
                if row.key in judged and why is None:
                    letters.append(row)
                elif why is not None:
                    refused.append(why)
                if len(letters) > limit:
                    return _Candidates(letters[:limit], refused, more=True)
            if len(found.rows) < MAX_REPLAYED and found.spent_at is None:
                return _Candidates(letters, refused, more=False)
            place = found.spent_at or place
        return _Candidates(letters, refused, more=True)

    async def _judged(
        self, caller: Principal, letters: Sequence[DeadLetterRow]
    ) -> dict[DeliveryKey, ReasonCode | None]:
        rows = await self._store.read(Replayable(caller.tenant, tuple([row.key for row in letters])))
        now_us = self._clock.now_us()
        return {row.key: hindrance(row.expires_at, row.cancelled_at, now_us) for row in rows if row.state in REPLAYABLE}

    async def _queued(
        self, caller: Principal, letters: Sequence[DeadLetterRow], *, dry_run: bool
    ) -> tuple[set[DeliveryKey], list[ReasonCode]]:
        keys = tuple([row.key for row in letters])
        if dry_run or not keys:
            return set(keys), []
        now_us = self._clock.now_us()
        subject = ids.encode(ids.TENANT, caller.tenant)
        entry = audit_entry(caller, AuditAction.DEAD_LETTERS_REPLAYED, subject, now_us)
        done = await self._store.write(Replay(caller.tenant, keys, now_us, entry))
        if done.queued:
            self._bell.hint()
        return set(done.queued), [why for _, why in done.refused]


class _Candidates(msgspec.Struct, frozen=True):
    letters: Sequence[DeadLetterRow]
    refused: Sequence[ReasonCode]
    more: bool
