"""The product with two identity providers listed: one of the first tenant, one of another. Used by tests of sign-in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from engines.store.base import Store
from engines.store.operations import PutTenant
from models import ids
from models.vocabulary import TenantKind
from services.access import FIRST_ACCOUNT
from tests.identity_providers import KeyServer, Provider, entry, issuers_file, key_server
from tests.pipelines import running
from tests.products import Product, serving
from tests.simulators import DrivenClock

OTHER_TENANT = bytes.fromhex("0000000000007000800000000000000c")
ANOTHER_ISSUER = "https://id.another.example"


class Desk:
    """`provider` speaks for the first tenant, `another` for OTHER_TENANT, whatever their tokens say."""

    def __init__(self, product: Product, provider: Provider, another: Provider, server: KeyServer) -> None:
        self.product = product
        self.provider = provider
        self.another = another
        self.server = server

    def wait(self, seconds: float) -> None:
        """Move the clock; providers sign by it from now on."""
        self.product.pass_time(seconds)
        for one in (self.provider, self.another):
            one.now_s = self.product.base.clock.now_us() // 1_000_000


@asynccontextmanager
async def open_desk(store: Store, folder: Path, smtp_port: int, **changes: object) -> AsyncIterator[Desk]:
    """Both key sets come by HTTP; `changes` are to the entry of `provider`."""
    now_s = DrivenClock().us // 1_000_000
    provider, another = Provider(now_s), Provider(now_s, ANOTHER_ISSUER)
    async with AsyncExitStack() as stack:
        server, others = [await stack.enter_async_context(key_server(one)) for one in (provider, another)]
        path = issuers_file(
            folder,
            entry(provider, server.url, **changes),
            entry(another, others.url, tenant=ids.encode(ids.TENANT, OTHER_TENANT)),
        )
        pipeline = await stack.enter_async_context(running(store, folder, smtp_port, CARILLON_ISSUERS=str(path)))
        [wrapped] = pipeline.base.sealer.new_keys([OTHER_TENANT])
        await store.write(PutTenant(OTHER_TENANT, FIRST_ACCOUNT, "First account", "Test", TenantKind.TEST, wrapped, 1))
        product = await stack.enter_async_context(serving(pipeline))
        yield Desk(product, provider, another, server)
