"""Everything in one process: the embedded profile."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from starlette.routing import BaseRoute

from dispatchers.lease import Lease
from engines.broadcast.process import ProcessBroadcast
from engines.bus.outbox import OutboxBus
from models.clock import SystemClock
from services.access import introduce
from services.demo import demo_routes
from services.email import EmailService, email_provider
from services.foundation import Foundation, foundation
from services.gateway import GatewayService
from services.metrics import Metrics
from services.orchestrator import orchestrator
from services.sign_in import listed_issuers
from services.web_server import WebServer, listen
from services.worker import WorkerService
from settings import Settings
from simulator.mailbox import Mailbox
from simulator.pages import routes as mailbox_routes
from simulator.smtp import SmtpSimulator

log = logging.getLogger(__name__)

DRAIN_WITHIN_S = 10.0
"""From the signal on, for what is under way; consumers get a second at least, however long the doors took."""
MAILBOX_BYTES = 8 * 1024 * 1024


class Started(msgspec.Struct, frozen=True):
    """What a person wants to know when everything runs."""

    url: str
    admin_key: str | None
    """Filled at the very first start only."""
    took_over: int
    """Attempts of a predecessor whose outcome nobody knows."""


async def run(settings: Settings, *, demo: bool, started: Callable[[Started], None]) -> None:
    """Serve until SIGINT or SIGTERM, then stop in order: doors, work in flight, lease, store.

    Raises:
        ConfigurationError: it cannot start as it is set up.
        ExceptionGroup: a part of it ended unexpectedly.
    """
    stopping = _signalled()
    # what cannot be used is told before anything is made; the simulator's port is not known yet
    email_provider(settings, SystemClock(), simulator_port=25)
    listed_issuers(settings)
    async with AsyncExitStack() as stack:
        # before anything is made: a first start that cannot listen has shown no key to anybody
        listener = stack.enter_context(listen(settings.listen_host, settings.listen_port))
        base = await stack.enter_async_context(foundation(settings, serve=True))
        admin_key = await introduce(base)
        routes, smtp_port = await _simulator(stack) if settings.uses_simulator else ([], None)
        if demo:
            routes = [*routes, *await demo_routes(base)]
        await _serve(base, listener, routes, smtp_port, admin_key, stopping, started)


async def _simulator(stack: AsyncExitStack) -> tuple[list[BaseRoute], int]:
    mailbox = Mailbox(limit_bytes=MAILBOX_BYTES)
    smtp = SmtpSimulator(mailbox)
    port = await smtp.start()
    stack.push_async_callback(smtp.stop)
    return list(mailbox_routes(mailbox)), port


async def _serve(
    base: Foundation,
    listener: socket.socket,
    routes: list[BaseRoute],
    smtp_port: int | None,
    admin_key: str | None,
    stopping: asyncio.Event,
    started: Callable[[Started], None],
) -> None:
    metrics, broadcast, bus = Metrics(), ProcessBroadcast(), OutboxBus(base.store, base.worker)
    provider = email_provider(base.settings, base.clock, smtp_port)
    lease = Lease(base.store, base.worker, "all", provider.longest_call_s)
    gateway = GatewayService(base, bus, broadcast, metrics, routes, base.settings.public_url or _url(listener))
    expanding = orchestrator(base, bus, broadcast, metrics)
    email = EmailService(base, bus, lease, metrics, provider)
    worker = WorkerService(base, bus)
    server = WebServer(gateway.application, gateway.stop)

    await lease.renew()
    took_over = await worker.sweep(everyone_else=not base.store.abilities.shared)
    async with asyncio.TaskGroup() as group:
        duties = [
            group.create_task(duty)
            for duty in (
                lease.keep(),
                gateway.graphql.run(),
                gateway.rest.run(),
                gateway.follow.run(),
                *worker.duties(),
            )
        ]
        consumers = [group.create_task(one.run()) for one in (expanding, email.consumer)]
        serving = group.create_task(server.serve(sockets=[listener]))
        started(Started(_url(listener), admin_key, took_over))
        await _first(stopping.wait(), serving)
        log.info("stopping")
        ends_at_s = asyncio.get_running_loop().time() + DRAIN_WITHIN_S
        server.stop()
        await serving
        for one in (expanding, email.consumer):
            one.stop()
        await asyncio.wait(consumers, timeout=max(1.0, ends_at_s - asyncio.get_running_loop().time()))
        for task in (*duties, *consumers):
            task.cancel()
    await email.close()
    await lease.end()


async def _first(signalled: Coroutine[Any, Any, object], serving: asyncio.Task[None]) -> None:
    """Wait for the signal, or for the server to end by itself."""
    signal_task = asyncio.ensure_future(signalled)
    await asyncio.wait((signal_task, serving), return_when=asyncio.FIRST_COMPLETED)
    signal_task.cancel()


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _signalled() -> asyncio.Event:
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event
