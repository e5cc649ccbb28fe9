"""One WebSocket and its operations: drives `transport_ws` with real frames; made by `endpoint`, known to `roster`."""

import asyncio
from contextlib import aclosing, suppress
from typing import Generic, NamedTuple, TypeVar

from graphql import OperationType
from starlette.types import Message, Receive, Send

from errors import ErrorCode
from gateway.graphql.execute import Answer, Begun
from gateway.graphql.outbox import Outbox
from gateway.graphql.parts import Parts
from gateway.graphql.problems import Response, entries, shown
from gateway.graphql.roster import Roster
from gateway.graphql.transport_ws import (
    PING,
    Action,
    Close,
    Code,
    Connection,
    Initialise,
    Refuse,
    Reply,
    Start,
    Stop,
    complete_message,
    error_message,
    next_message,
    short_reason,
)

P = TypeVar("P")
C = TypeVar("C")


_REFUSALS = {
    ErrorCode.UNAVAILABLE: Code.LATER,
    ErrorCode.RATE_LIMITED: Code.LATER,
    ErrorCode.INTERNAL: Code.INTERNAL,
}
"""How a socket ends whose caller is not admitted, by the error's code; any other is 4403."""


class _Running(NamedTuple):
    kind: OperationType
    task: asyncio.Task[None]

    def stop(self) -> bool:
        """Cancel it, unless it is a mutation; answers whether it was."""
        return self.kind is not OperationType.MUTATION and self.task.cancel()


class LiveSocket(Generic[P, C]):
    """An accepted socket, from its first message to its end.

    Subscriptions and queries end with it; a mutation that was begun runs to its end, and its answer is dropped.

    Args:
        header_token: the bearer token of the upgrade request, for clients that can send one; the payload's wins.
    """

    def __init__(self, parts: Parts[P, C], roster: Roster[P], send: Send, header_token: str | None) -> None:
        self._parts = parts
        self._roster = roster
        self._limits = parts.limits.sockets
        self._send = send
        self._header_token = header_token
        self._connection = Connection(parts.limits)
        self._outbox = Outbox(self._send_frame, self._limits)
        self._running: dict[str, _Running] = {}
        self._deadline = asyncio.timeout(self._limits.init_within_s)
        self._open = True
        self._closing: asyncio.Task[None] | None = None
        self.heard = False

    async def serve(self, receive: Receive) -> None:
        """Read until the socket is closed by either side."""
        try:
            async with self._deadline:
                self._roster.opened(self)
                await self._read(receive)
        except TimeoutError:
            self.close(Code.INIT_TIMEOUT, "Connection initialisation timeout")
        finally:
            await self._end()

    def push(self, frame: bytes) -> None:
        """Send a message without waiting; a client that lets too many of them wait is closed."""
        if self._open and not self._outbox.put(frame):
            self.close(Code.LATER, f"slow: more than {self._limits.waiting_bytes} bytes are waiting to be read")

    def ping(self) -> None:
        """Ask for a sign of life; `heard` tells of it."""
        self.heard = False
        self.push(PING)

    def close(self, code: Code, reason: str) -> None:
        """Close once, after what waits to be sent; nothing is sent any more to a client that does not read."""
        if not self._open:
            return
        self._open = False
        if code is Code.LATER:
            self._outbox.discard()
        self._closing = asyncio.create_task(self._send_close(code, reason))
        if not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._limits.close_within_s)

    async def _read(self, receive: Receive) -> None:
        """First the greeting, then operations. Messages are obeyed one after the other, in their order."""
        admitted = None
        while admitted is None:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            action = self._action(message)
            if isinstance(action, Initialise):
                admitted = await self._admit(action.token)
            else:
                self._obey(action)
        (principal,) = admitted
        while (message := await receive())["type"] != "websocket.disconnect":
            action = self._action(message)
            if isinstance(action, Start):
                self._start(action, principal)
            else:
                self._obey(action)

    def _action(self, message: Message) -> Action:
        self.heard = True
        text = message.get("text")
        return self._connection.receive(message["bytes"] if text is None else text) if self._open else None

    def _obey(self, action: Action) -> None:
        match action:
            case Reply(frame):
                self.push(frame)
            case Close(code, reason):
                self.close(code, reason)
            case Stop(id_):
                running = self._running.pop(id_, None)
                if running is not None:
                    running.stop()
            case Refuse(id_, error):
                self._deliver(id_, Answer((shown(error),)), self._parts.traces.begin(None).trace_id)

    async def _admit(self, token: str | None) -> tuple[P] | None:
        """The principal, once acknowledged; None after closing the socket."""
        trace_id = self._parts.traces.begin(None).trace_id
        try:
            principal = await self._parts.authenticate(token or self._header_token)
        except Exception as error:  # noqa: BLE001 - the edge: anything is answered, masked unless it is ours
            fault = self._parts.problems.of(error, trace_id)
            self.close(_REFUSALS.get(fault.code, Code.FORBIDDEN), f"{fault.message} (trace {trace_id})")
            return None
        if self._open:
            self._deadline.reschedule(None)
        self.push(self._connection.acknowledge())
        self._roster.ready(self, principal)
        return (principal,)

    def _start(self, start: Start, principal: P) -> None:
        extensions = start.request.extensions or {}
        traceparent = extensions.get("traceparent")
        trace = self._parts.traces.begin(traceparent if isinstance(traceparent, str) else None)
        begun = self._parts.operations.begin(start.request, principal, trace.trace_id)
        if isinstance(begun, Answer):
            self._connection.finish(start.id)
            self._deliver(start.id, begun, trace.trace_id)
        else:
            task = asyncio.create_task(self._operate(start.id, begun))
            self._running[start.id] = _Running(begun.kind, task)
            if begun.kind is OperationType.MUTATION:
                self._parts.submitted.keep(task)

    async def _operate(self, id_: str, begun: Begun) -> None:
        try:
            if await self._run(id_, begun):
                self.push(complete_message(id_))
        finally:
            if self._is_wanted(id_):
                del self._running[id_]
                self._connection.finish(id_)

    def _is_wanted(self, id_: str) -> bool:
        """Whether the operation of the current task was not stopped; its id may belong to another one by now."""
        running = self._running.get(id_)
        return running is not None and running.task is asyncio.current_task()

    async def _run(self, id_: str, begun: Begun) -> bool:
        """Whether the operation came to its natural end."""
        operations = self._parts.operations
        if begun.kind is OperationType.SUBSCRIPTION:
            async with aclosing(operations.events(begun)) as answers:
                async for answer in answers:
                    if not self._deliver(id_, answer, begun.trace_id):
                        return False
                    await self._outbox.room()
            return True
        answer = await operations.answer(begun)
        return self._is_wanted(id_) and self._deliver(id_, answer, begun.trace_id)

    def _deliver(self, id_: str, answer: Answer, trace_id: str) -> bool:
        """Push one answer; False when nothing may follow: it was an error, or the socket is closing."""
        faults = answer.faults
        if answer.executed:
            try:
                self.push(next_message(id_, Response(entries(faults, trace_id), answer.data)))
            except Exception as error:  # noqa: BLE001 - the edge: a resolver gave what JSON cannot hold
                faults = (self._parts.problems.of(error, trace_id),)
            else:
                return self._open
        self.push(error_message(id_, entries(faults, trace_id)))
        return False

    async def _send_frame(self, frame: bytes) -> None:
        try:
            await self._send({"type": "websocket.send", "text": frame.decode()})
        except RuntimeError as error:
            # uvicorn 0.54 says so where it has closed the socket itself and the application does not know yet.
            raise ConnectionAbortedError from error

    async def _send_close(self, code: Code, reason: str) -> None:
        if self._outbox.writer is not None:
            await asyncio.wait([self._outbox.writer], timeout=self._limits.close_within_s)
        # Both mean that the socket is closed already.
        with suppress(OSError, RuntimeError):
            await self._send({"type": "websocket.close", "code": int(code), "reason": short_reason(reason)})

    async def _end(self) -> None:
        """Let go of everything but mutations, in bounded time."""
        self._open = False
        self._roster.gone(self)
        self._outbox.discard()
        pending = {running.task for running in self._running.values() if running.stop()}
        if self._outbox.writer is not None:
            self._outbox.writer.cancel()
            pending.add(self._outbox.writer)
        if self._closing is not None:
            pending.add(self._closing)
        if pending:
            await asyncio.wait(pending, timeout=self._limits.close_within_s)
        if self._closing is not None:
            self._closing.cancel()
