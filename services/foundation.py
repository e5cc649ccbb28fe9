"""What every service stands on: the migrated store, keys, clock, ids, and the worker that this process is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from engines.secrets.file import FileSecrets
from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.postgres import PostgresStore
from engines.store.sqlite import SqliteStore
from errors import ConfigurationError
from gateway.tokens import BrowserTokens
from migrations import runner
from models.clock import Clock, SystemClock
from models.ids import Ids
from settings import Settings
from usecases.quotas import Quotas
from usecases.rules_directory import RulesDirectory
from usecases.template_directory import TemplateDirectory
from usecases.tenant_directory import TenantDirectory

SQLITE = "sqlite:///"


class Foundation(msgspec.Struct, frozen=True):
    """Built once a process, handed to the services by their constructors."""

    settings: Settings
    store: Store
    sealer: Sealer
    tokens: BrowserTokens
    tenants: TenantDirectory
    rules: RulesDirectory
    quotas: Quotas
    templates: TemplateDirectory
    clock: Clock
    ids: Ids
    worker: bytes
    """This process among the workers: new at every start."""


@asynccontextmanager
async def foundation(settings: Settings, *, serve: bool) -> AsyncIterator[Foundation]:
    """Open everything; close the store at the end.

    Args:
        serve: this process serves the store, and may create its keys; commands in passing do not.

    Raises:
        ConfigurationError: keys, migration or lock are not as they must be.
        EngineUnavailable: the store does not answer.
    """
    make_folder(settings)
    secrets = FileSecrets(settings.keys_folder)
    await secrets.open(create=serve)
    store = await _opened(settings, serve=serve)
    clock = SystemClock()
    ids = Ids(clock.now_us)
    try:
        yield Foundation(
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
    finally:
        await store.close()


def make_folder(settings: Settings) -> None:
    """Make the folder where files live, unless it is there.

    Raises:
        ConfigurationError: it cannot be made.
    """
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"CARILLON_FOLDER={settings.folder} cannot be made: {error.strerror}") from error


async def _opened(settings: Settings, *, serve: bool) -> Store:
    if settings.store.startswith(SQLITE):
        store = _sqlite(Path(settings.store.removeprefix(SQLITE)), serve=serve)
        await asyncio.to_thread(runner.upgrade if serve else runner.check, settings.store)
        return store
    if serve and settings.store_owner is not None:
        await asyncio.to_thread(runner.upgrade, settings.store_owner)
    await asyncio.to_thread(runner.check, settings.store)
    return PostgresStore(settings.store)


def _sqlite(path: Path, *, serve: bool) -> SqliteStore:
    try:
        return SqliteStore(path, serve=serve)
    except OSError as error:
        raise ConfigurationError(
            f"the database {path} cannot be opened: {error.strerror}; set CARILLON_STORE"
        ) from error
