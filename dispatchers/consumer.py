"""The one consumer loop: poll, decode, handle, commit. Every dispatcher is this loop with its own handler."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from dispatchers.counts import Counts
from dispatchers.patience import patiently
from engines.bus.base import Batch, Bus
from errors import CorruptData, Unavailable
from models import trace
from models.events.codec import decode, encode, traceparent_of
from models.topics import POINTER_BYTES, BusTopic, topic_name
from models.trace import Link

log = logging.getLogger(__name__)

T = TypeVar("T")
Pointer = tuple[bytes, bytes]
"""(tenant, pointer bytes)."""
Handler = Callable[[Sequence[Pointer]], Awaitable[None]]

POLL_WAIT_S = 1.0
NOTIFICATION_BYTES = 16


class Consumer:
    """Feeds a handler from a topic until it is told to stop.

    A handler may be given the same pointers again and must not mind. What it cannot handle is narrowed down to the
    single pointer and set aside, so that one poisoned pointer never stops its neighbours.

    Args:
        limit: about how many pointers are handled together.
        at_once: how many polls may be handled at the same time; 1 keeps their order.
        ready: waited for before each poll: what is taken ahead of time waits for a lease to end if this process dies.
    """

    def __init__(
        self,
        bus: Bus,
        topic: BusTopic,
        handler: Handler,
        counts: Counts,
        *,
        limit: int,
        at_once: int,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._bus = bus
        self._topic = topic
        self._handler = handler
        self._counts = counts
        self._limit = limit
        self._at_once = at_once
        self._ready = ready
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take nothing new; `run` returns when what was taken is done."""
        self._stopping.set()
        self._bus.hint()

    async def run(self) -> None:
        """Loop until `stop`. Raises what neither the handler nor waiting can mend."""
        async with asyncio.TaskGroup() as under_way:
            slots = asyncio.Semaphore(self._at_once)
            while not self._stopping.is_set():
                await slots.acquire()
                if self._ready is not None:
                    await self._ready()
                batches = () if self._stopping.is_set() else await self._polled()
                if batches:
                    under_way.create_task(self._work(batches, slots))
                else:
                    slots.release()

    async def _polled(self) -> Sequence[Batch]:
        try:
            return await self._patiently(lambda: self._bus.poll(self._topic, self._limit, POLL_WAIT_S))
        except Unavailable:
            return ()

    async def _work(self, batches: Sequence[Batch], slots: asyncio.Semaphore) -> None:
        try:
            pointers, links = await self._read(batches)
            self._counts.taken(topic_name(self._topic), len(pointers))
            if pointers:
                with trace.carrying(links):
                    self._tell(batches, pointers)
                    await self._handle(pointers)
            await self._patiently(lambda: self._bus.commit(batches))
        except Unavailable as error:
            # it is told only to who stops, and what is claimed is taken over by whoever comes next
            log.warning("%d batches of %s are left as they are: %s", len(batches), topic_name(self._topic), error)
        finally:
            slots.release()

    def _tell(self, batches: Sequence[Batch], pointers: Sequence[Pointer]) -> None:
        if log.isEnabledFor(logging.DEBUG):
            named = trace.sampled(notification_of(pointer) for pointer in pointers)
            told = {"topic": topic_name(self._topic), "batches": len(batches), "items": len(pointers)}
            log.debug("taken from the bus", extra={**told, "notifications": named})

    async def _read(self, batches: Sequence[Batch]) -> tuple[list[Pointer], list[Link]]:
        pointers: list[Pointer] = []
        links: list[Link] = []
        for batch in batches:
            found = await self._decoded(batch)
            pointers += found
            if found and (traceparent := traceparent_of(batch.payload)):
                links.append(Link(traceparent, notification_of(found[0])))
        return pointers, links

    async def _decoded(self, batch: Batch) -> Sequence[Pointer]:
        try:
            return decode(batch.payload, POINTER_BYTES[self._topic])
        except CorruptData as error:
            log.error("an event of %s is set aside: %s", topic_name(self._topic), error)  # noqa: TRY400
            await self._put_aside(batch.payload)
            return ()

    async def _handle(self, pointers: Sequence[Pointer]) -> None:
        try:
            await self._patiently(lambda: self._handler(pointers))
        except Unavailable:
            raise
        except Exception:
            if len(pointers) > 1:
                log.exception(
                    "%d pointers of %s failed together: each half alone", len(pointers), topic_name(self._topic)
                )
                middle = len(pointers) // 2
                for half in (pointers[:middle], pointers[middle:]):
                    with trace.carrying(trace.links_about({notification_of(pointer) for pointer in half})):
                        await self._handle(half)
                return
            tenant, pointer = pointers[0]
            log.exception("a pointer of %s is set aside: %s", topic_name(self._topic), pointer.hex())
            await self._put_aside(encode([(tenant, pointer)], 0, trace.traceparent()))

    async def _put_aside(self, payload: bytes) -> None:
        await self._patiently(lambda: self._bus.set_aside(self._topic, (payload,)))
        self._counts.set_aside(topic_name(self._topic), 1)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        return await patiently(topic_name(self._topic), call, self._stopping.is_set)


def notification_of(pointer: Pointer) -> bytes:
    """The notification with which every pointer begins."""
    return pointer[1][:NOTIFICATION_BYTES]
