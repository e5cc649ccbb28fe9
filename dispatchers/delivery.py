"""Delivery through a provider: claim, compose, call, classify, settle. Handler of the channel topics."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from dispatchers.aftermath import Aftermath, Policies, Policy
from dispatchers.consumer import Pointer
from dispatchers.counts import Counts
from dispatchers.lease import Lease
from dispatchers.patience import patiently
from dispatchers.provider import Channel as ChannelPort
from dispatchers.provider import Provider, Recipient, Sent
from dispatchers.slots import Slots
from engines.bus.base import Bus
from engines.secrets.sealer import Sealed, Sealer
from engines.store.base import Store
from engines.store.operations import Claim, Settle, Settlement
from engines.store.queries import Sendable, SendableRow
from errors import InvalidInput
from models import trace
from models.clock import Clock
from models.content import PURPOSE, Content, decode, decode_data
from models.ids import AttemptKey, attempt_bytes, attempt_key
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import LANE_OF
from models.vocabulary import Channel, Priority
from usecases.purposes import ADDRESS
from usecases.template_directory import Key, TemplateDirectory, Version

log = logging.getLogger(__name__)

M = TypeVar("M")
CLAIM_AT_MOST = 100
"""Messages in doubt at a crash stay few."""


class Work(msgspec.Struct, frozen=True):
    """One won attempt with all that its message needs."""

    attempt: AttemptKey
    row: SendableRow
    policy: Policy

    def after(self, sent: Sent, now_us: int) -> Aftermath:
        """What follows from its outcome."""
        return self.policy.after(sent, self.attempt[3], self.row, now_us)


class Tools(msgspec.Struct, frozen=True):
    """What every channel's delivery works with."""

    store: Store
    bus: Bus
    sealer: Sealer
    templates: TemplateDirectory
    lease: Lease
    clock: Clock
    new_id: Callable[[], bytes]
    counts: Counts


class Delivery(Generic[M]):
    """Sends a channel's work through one provider.

    Only as much is claimed as can be called at once, and each result is committed as it comes, so that a crash leaves
    no more in doubt than the calls that were under way.
    """

    def __init__(
        self, channel: Channel, composer: ChannelPort[M], provider: Provider[M], tools: Tools, policies: Policies
    ) -> None:
        self._channel = channel
        self._composer = composer
        self._provider = provider
        self._store = tools.store
        self._bus = tools.bus
        self._sealer = tools.sealer
        self._templates = tools.templates
        self._lease = tools.lease
        self._clock = tools.clock
        self._new_id = tools.new_id
        self._counts = tools.counts
        self._policies = policies
        self._slots = Slots(provider.limits.concurrency * provider.limits.bulk)

    async def ready(self) -> None:
        """Wait until another call could be made; what is taken from the bus before that would only be in the way."""
        await self._slots.free()

    async def __call__(self, pointers: Sequence[Pointer]) -> None:
        """Deliver what the pointers name; returns when each attempt is settled or belongs to someone else."""
        wanted = [(tenant, attempt_key(pointer)) for tenant, pointer in pointers]
        settled: Counter[str] = Counter()
        async with asyncio.TaskGroup() as under_way:
            while wanted:
                taken = await self._slots.take(min(len(wanted), CLAIM_AT_MOST))
                chunk, wanted = wanted[:taken], wanted[taken:]
                under_way.create_task(self._deliver(chunk, settled))
        if log.isEnabledFor(logging.DEBUG):
            told = {"channel": self._channel.name, "provider": self._provider.name, "items": len(pointers)}
            named = trace.sampled(pointer[:16] for _, pointer in pointers)
            log.debug("settled", extra={**told, "states": dict(settled), "notifications": named})

    async def _deliver(self, wanted: Sequence[tuple[bytes, AttemptKey]], settled: Counter[str]) -> None:
        held = len(wanted)
        try:
            claim = self._new_id()
            ready = await self._composed(await self._claimed(claim, wanted), settled)
            self._slots.give_back(held - len(ready))
            held = len(ready)
            async with asyncio.TaskGroup() as calls:
                for group in _groups(ready, self._provider.limits.bulk):
                    held -= len(group)
                    self._give_back_after(calls.create_task(self._call(group, settled)), len(group))
            await patiently("the end of a claim", lambda: self._store.write(Settle((), (claim,))))
        finally:
            self._slots.give_back(held)

    def _give_back_after(self, call: asyncio.Task[None], count: int) -> None:
        """Each call frees its own places: one that hangs holds up no other."""
        call.add_done_callback(lambda _: self._slots.give_back(count))

    async def _claimed(self, claim: bytes, wanted: Sequence[tuple[bytes, AttemptKey]]) -> list[Work]:
        """Win attempts and read what they need. A store that is away is waited for: calls are under way beside this."""
        won = await patiently("a claim", lambda: self._claim(claim, wanted))
        if not won:
            return []
        tenants = tuple({tenant for tenant, _ in wanted})
        numbers = {key[:3]: key for key in won}
        pairs = tuple([(tenant, key[:3]) for tenant, key in wanted if key in won])
        rows = await patiently("what a claim needs", lambda: self._store.read(Sendable(tenants, pairs)))
        policy = await patiently("the rules of a claim", lambda: self._policies.of(rows))
        return [Work(numbers[row.key], row, policy) for row in rows]

    async def _claim(self, claim: bytes, wanted: Sequence[tuple[bytes, AttemptKey]]) -> frozenset[AttemptKey]:
        """A worker whose lease is old wins nothing new."""
        if not self._lease.may_call:
            await self._lease.renew()
        provider = self._provider.name
        return await self._store.write(Claim(claim, self._lease.worker, provider, tuple(wanted), self._clock.now_us()))

    async def _composed(self, work: Sequence[Work], settled: Counter[str]) -> list[tuple[Work, M]]:
        """Messages for what can still be sent; the rest is settled without a call."""
        now_us = self._clock.now_us()
        hopeless = [(one, verdict) for one in work if (verdict := _hopeless(one.row, now_us)) is not None]
        nothing = Sent(Outcome.NOT_CALLED)
        await self._settle([(one, nothing, verdict) for one, verdict in hopeless], settled)
        hopeful = [one for one in work if _hopeless(one.row, now_us) is None]
        readable, unreadable = self._read(hopeful, await self._versions(hopeful))
        await self._settle([(one, *_stuck(one, reason, now_us)) for one, reason in unreadable], settled)
        return readable

    async def _versions(self, work: Sequence[Work]) -> Mapping[Key, Version]:
        """The versions of templates that deliveries are held to; nothing is read where there are none."""
        held = {_version(one.row) for one in work if one.row.template_version is not None}
        return await patiently("templates", lambda: self._templates.many(held)) if held else {}

    def _read(
        self, work: Sequence[Work], versions: Mapping[Key, Version]
    ) -> tuple[list[tuple[Work, M]], list[tuple[Work, ReasonCode]]]:
        """Messages, and the work for which there can be none: narrowed down by halves, it stops no neighbour."""
        try:
            return list(zip(work, self._messages(work, versions), strict=True)), []
        except Exception as error:
            if len(work) == 1:
                log.exception("an attempt cannot be composed: %s", attempt_bytes(work[0].attempt).hex())
                unfilled = isinstance(error, InvalidInput)
                return [], [(work[0], ReasonCode.RENDERING_FAILED if unfilled else ReasonCode.UNDECODABLE)]
        middle = len(work) // 2
        first, second = self._read(work[:middle], versions), self._read(work[middle:], versions)
        return first[0] + second[0], first[1] + second[1]

    def _messages(self, work: Sequence[Work], versions: Mapping[Key, Version]) -> Sequence[M]:
        contents, addresses = self._opened(work, versions)
        recipients = [
            (Recipient(one.attempt, address, one.row.locale, one.row.category), content)
            for one, content, address in zip(work, contents, addresses, strict=True)
        ]
        return self._composer.compose(recipients)

    def _opened(self, work: Sequence[Work], versions: Mapping[Key, Version]) -> tuple[list[Content], list[str]]:
        contents = self._sealer.open_many(
            [Sealed(one.row.tenant_key, one.row.tenant, PURPOSE, one.row.content_sealed) for one in work]
        )
        addresses = self._sealer.open_many(
            [Sealed(one.row.user_key or b"", one.row.user, ADDRESS, one.row.address_sealed or b"") for one in work]
        )
        said = [
            decode(packed) if one.row.template_version is None else self._filled(packed, one.row, versions)
            for one, packed in zip(work, contents, strict=True)
        ]
        return said, [packed.decode() for packed in addresses]

    def _filled(self, packed: bytes, row: SendableRow, versions: Mapping[Key, Version]) -> Content:
        version = versions.get(_version(row))
        if version is None:
            raise InvalidInput("the template version that the delivery is held to is gone")
        return version.compiled.say(self._channel, row.locale, decode_data(packed).data)

    async def _call(self, group: Sequence[tuple[Work, M]], settled: Counter[str]) -> None:
        group = await self._timely(group, settled)
        if not group:
            return
        if self._lease.may_call:
            answers = await self._provider.send([message for _, message in group])
        else:
            answers = [Sent(Outcome.NOT_CALLED, ReasonCode.WORKER_LOST)] * len(group)
        now_us = self._clock.now_us()
        await self._settle(
            [(work, sent, work.after(sent, now_us)) for (work, _), sent in zip(group, answers, strict=True)],
            settled,
        )

    async def _timely(self, group: Sequence[tuple[Work, M]], settled: Counter[str]) -> Sequence[tuple[Work, M]]:
        """What has not expired while it was made ready; the rest is settled without a call."""
        now_us = self._clock.now_us()
        late = [work for work, _ in group if _is_late(work.row, now_us)]
        if not late:
            return group
        expired = Aftermath(DeliveryState.EXPIRED, ReasonCode.EXPIRED)
        await self._settle([(work, Sent(Outcome.NOT_CALLED), expired) for work in late], settled)
        return [(work, message) for work, message in group if not _is_late(work.row, now_us)]

    async def _settle(self, results: Sequence[tuple[Work, Sent, Aftermath]], settled: Counter[str]) -> None:
        if not results:
            return
        now_us = self._clock.now_us()
        settlements = tuple([self._settlement(*result, now_us) for result in results])
        await patiently("a settlement", lambda: self._store.write(Settle(settlements)))
        if any(one.retry_at is not None for one in settlements):
            self._bus.hint()
        for one in settlements:
            reason = one.reason.name if one.reason else ""
            self._counts.settled(self._channel.name, one.state.name, reason, 1)
        settled.update([one.state.name for one in settlements])

    def _settlement(self, work: Work, sent: Sent, then: Aftermath, now_us: int) -> Settlement:
        return settlement(work, self._channel, self._lease.worker, self._provider.name, sent, then, now_us)


def settlement(
    work: Work, channel: Channel, worker: bytes, provider: str, sent: Sent, then: Aftermath, now_us: int
) -> Settlement:
    """An outcome with its consequence, ready for the store."""
    return Settlement(
        tenant=work.row.tenant,
        attempt=work.attempt,
        worker=worker,
        outcome=sent.outcome,
        state=then.state,
        reason=then.reason,
        attempt_reason=sent.reason,
        provider=provider,
        provider_message_id=sent.provider_message_id,
        answer=sent.answer,
        at_us=now_us,
        lane=LANE_OF[Priority(work.row.priority)],
        channel=channel,
        retry_at=then.retry_at,
        dead=then.dead,
    )


def _groups(items: Sequence[tuple[Work, M]], size: int) -> list[Sequence[tuple[Work, M]]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _hopeless(row: SendableRow, now_us: int) -> Aftermath | None:
    """Why there is no sense in a call any more."""
    if _is_late(row, now_us):
        return Aftermath(DeliveryState.EXPIRED, ReasonCode.EXPIRED)
    if row.address_sealed is None or row.user_key is None:
        return Aftermath(DeliveryState.SKIPPED, ReasonCode.NO_ADDRESS)
    return None


def _is_late(row: SendableRow, now_us: int) -> bool:
    return row.expires_at is not None and row.expires_at <= now_us


def _version(row: SendableRow) -> Key:
    return row.tenant, row.template_version or b""


def _stuck(work: Work, reason: ReasonCode, now_us: int) -> tuple[Sent, Aftermath]:
    """What cannot be read may be readable later; a template that cannot be filled never can."""
    sent = Sent(Outcome.NOT_CALLED, reason)
    if reason is ReasonCode.RENDERING_FAILED:
        return sent, Aftermath(DeliveryState.DEAD, reason, dead=reason)
    return sent, work.after(sent, now_us)
