"""The services from bus to provider in one process, with a clock that tests move and the SMTP simulator behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dispatchers.lease import Lease
from engines.broadcast.process import ProcessBroadcast
from engines.bus.outbox import OutboxBus
from engines.secrets.file import FileSecrets
from engines.secrets.sealer import Sealer
from engines.store import queries as q
from engines.store.base import Store
from gateway.tokens import BrowserTokens
from models.ids import Ids
from models.principal import Principal
from models.states import FINAL_FROM, DeliveryState
from models.vocabulary import Role
from services.access import FIRST_TENANT, introduce
from services.email import EmailService, email_provider
from services.foundation import Foundation
from services.metrics import Metrics
from services.orchestrator import orchestrator
from services.worker import WorkerService
from settings import load
from tests.simulators import DrivenClock
from usecases.quotas import Quotas
from usecases.rules_directory import RulesDirectory
from usecases.send_notifications import Directories, SendNotifications
from usecases.template_directory import TemplateDirectory
from usecases.tenant_directory import TenantDirectory
from usecases.upsert_users import UpsertUsers

SECOND_US = 1_000_000
PATIENCE_S = 20.0


class Pipeline:
    """Everything behind the doors. `send` and `upsert` are the use cases; `worker` is woken by the test."""

    def __init__(self, base: Foundation, smtp_port: int) -> None:
        self.base = base
        self.bus = OutboxBus(base.store, base.worker)
        self.broadcast = ProcessBroadcast()
        metrics = Metrics()
        provider = email_provider(base.settings, base.clock, smtp_port)
        self.lease = Lease(base.store, base.worker, "test", provider.longest_call_s)
        self.email = EmailService(base, self.bus, self.lease, metrics, provider)
        self.expanding = orchestrator(base, self.bus, self.broadcast, metrics)
        self.worker = WorkerService(base, self.bus)
        known = Directories(base.tenants, base.rules, base.templates)
        self.send = SendNotifications(base.store, base.sealer, known, base.quotas, self.bus, base.clock, base.ids)
        self.upsert = UpsertUsers(base.store, base.sealer, base.clock, base.ids)
        self._running: list[asyncio.Task[None]] = []
        self.caller = Principal(FIRST_TENANT, base.ids.new(), Role.ADMIN, "test")

    def start(self) -> None:
        """Expand and deliver until `stop`."""
        self._running = [asyncio.create_task(one.run()) for one in (self.expanding, self.email.consumer)]

    async def stop(self) -> None:
        """Return when nobody expands and nobody delivers any more; what comes in waits on the bus."""
        for one in (self.expanding, self.email.consumer):
            one.stop()
        await asyncio.gather(*self._running)

    async def deliveries(self, notification: bytes) -> list[q.DeliveryRow]:
        """What became of a notification so far."""
        query = q.DeliveriesOf((FIRST_TENANT,), notification, bytes(16), 0, 1_000)
        return list(await self.base.store.read(query))

    async def attempts(self, delivery: q.DeliveryRow) -> list[q.AttemptRow]:
        """The attempts of a delivery, by number."""
        return list(await self.base.store.read(q.AttemptsOf((FIRST_TENANT,), ((FIRST_TENANT, delivery.key),))))

    async def settled(self, notification: bytes, count: int = 1) -> list[q.DeliveryRow]:
        """Wait until all of at least `count` deliveries are final or wait for their time."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows = await self.deliveries(notification)
                if len(rows) >= count and all(_rests(row, self.base.clock.now_us()) for row in rows):
                    return rows
                await asyncio.sleep(0.02)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, and wake what is due."""
        clock = self.base.clock
        assert isinstance(clock, DrivenClock)
        clock.us += round(seconds * SECOND_US)
        await self.worker.wake()


def _rests(row: q.DeliveryRow, now_us: int) -> bool:
    waits = row.next_attempt_at is not None and row.next_attempt_at >= now_us
    held = row.next_attempt_at is None and row.state == DeliveryState.UNKNOWN
    return not row.under_way and (row.state >= FINAL_FROM or waits or held)


@asynccontextmanager
async def running(store: Store, folder: Path, smtp_port: int, **environment: str) -> AsyncIterator[Pipeline]:
    """A pipeline that runs until the block ends."""
    clock = DrivenClock()
    secrets = FileSecrets(folder / "keys")
    await secrets.open(create=True)
    ids = Ids(clock.now_us)
    variables = {
        "CARILLON_FOLDER": str(folder),
        "CARILLON_EMAIL": f"smtp://127.0.0.1:{smtp_port}?tls=none",
        "CARILLON_EMAIL_FINAL_TIMEOUT_S": "1",
        **environment,
    }
    settings = load(variables)
    base = Foundation(
        settings=settings,
        store=store,
        sealer=Sealer(secrets.key_encryption_keys()),
        tokens=BrowserTokens(secrets.signing_keys(), clock),
        tenants=TenantDirectory(store),
        rules=RulesDirectory(store, clock),
        quotas=Quotas(clock, settings.quota_per_minute),
        templates=TemplateDirectory(store, clock),
        clock=clock,
        ids=ids,
        worker=ids.new(),
    )
    await introduce(base)
    pipeline = Pipeline(base, smtp_port)
    await pipeline.lease.renew()
    pipeline.start()
    try:
        yield pipeline
    finally:
        await pipeline.stop()
        await pipeline.email.close()
        await pipeline.lease.end()
