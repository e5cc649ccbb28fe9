"""What `info.context` is, one for each operation. The factory is built by services and called by the endpoint."""

from functools import cached_property

import msgspec
from strawberry.types import Info

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from errors import QueryTooCostly
from models.clock import Clock
from models.paging import Cursors
from models.principal import Principal
from resolvers.access_reads import AccessReads
from resolvers.reads import OperationReads
from usecases.administration import Administration
from usecases.follow_inbox import FollowInbox
from usecases.history import History
from usecases.inbox_cursor import InboxCursors
from usecases.mark_inbox import MarkInbox
from usecases.read_inbox import ReadInbox
from usecases.ruling import Ruling
from usecases.send_notifications import SendNotifications
from usecases.templating import Templating
from usecases.tenant_directory import TenantDirectory
from usecases.upsert_users import UpsertUsers

ITEMS_AT_MOST = 20_000
"""What one operation may hand out: lists within lists multiply."""


class Backing(msgspec.Struct, frozen=True, kw_only=True):
    """What every operation stands on: the same for all of them."""

    store: Store
    sealer: Sealer
    tenants: TenantDirectory
    cursors: InboxCursors
    send: SendNotifications
    upsert: UpsertUsers
    mark: MarkInbox
    follow: FollowInbox
    read_inbox: ReadInbox
    administration: Administration
    ruling: Ruling
    history: History
    templating: Templating
    clock: Clock
    documentation: str
    """The absolute address of the page on errors."""


class Context:
    """`schema.context.Context`, with what root fields need besides."""

    def __init__(self, backing: Backing, caller: Principal, trace_id: str) -> None:
        self.backing = backing
        self.caller = caller
        self.trace_id = trace_id
        self._items = 0

    @property
    def documentation(self) -> str:
        """See `Context.documentation`."""
        return self.backing.documentation

    @cached_property
    def list_cursors(self) -> Cursors:
        """See `Context.list_cursors`."""
        return Cursors(self.backing.sealer, self.caller.tenant)

    @cached_property
    def reads(self) -> OperationReads:
        """See `Context.reads`."""
        backing = self.backing
        return OperationReads(backing.store, backing.sealer, backing.templating, self.caller)

    @cached_property
    def access(self) -> AccessReads:
        """The operation's reads of keys, members, tenants and audit entries."""
        return AccessReads(self.backing.store, self.backing.administration, self.caller)

    def now_us(self) -> int:
        """See `Context.now_us`."""
        return self.backing.clock.now_us()

    def count_items(self, items: int) -> None:
        """See `Context.count_items`."""
        self._items += items
        if self._items > ITEMS_AT_MOST:
            raise QueryTooCostly(f"one operation hands out at most {ITEMS_AT_MOST:,} items: ask for smaller pages")


class ContextFactory(Backing, frozen=True, kw_only=True):
    """Makes the context of each operation: pass it to the endpoint as `make_context`."""

    def __call__(self, caller: Principal, trace_id: str) -> Context:
        """A context of its own."""
        return Context(self, caller, trace_id)


Inform = Info[Context, None]
