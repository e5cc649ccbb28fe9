"""The reads of one operation, batched. Asked by nested fields through `schema.context.Reads`."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial

import msgspec

from engines.secrets.sealer import Sealed, Sealer
from engines.store import queries as q
from engines.store.base import Store
from errors import InvalidInput
from models import ids
from models.content import Content
from models.history import DeliveryFilter, Tests
from models.ids import DeliveryKey
from models.paging import Cursors, ListKind, Page, Paging, listing
from models.principal import Principal
from models.vocabulary import Channel, HandleKind
from resolvers.loading import Loader
from schema.context import Said
from usecases.contents import Saying
from usecases.history_filters import check_deliveries, require_external_ids, user_of
from usecases.list_deliveries import place_in_notification
from usecases.purposes import ADDRESS, HANDLE
from usecases.templating import Templating

_SHAPES = msgspec.json.Encoder(order="sorted")


class Shape(msgspec.Struct, frozen=True):
    """What pages of deliveries have in common that are read together."""

    limit: int
    backward: bool
    tests: Tests


Owner = tuple[bytes, bytes]
"""(user, wrapped key)."""


class OperationReads:
    """`Reads` over the store, within one tenant."""

    def __init__(self, store: Store, sealer: Sealer, templating: Templating, caller: Principal) -> None:
        self._store = store
        self._sealer = sealer
        self._templating = templating
        self._caller = caller
        self._tenant = caller.tenant
        self._notifications = Loader(self._read_notifications)
        self._contents = Loader(self._read_contents)
        self._templates = Loader(self._read_templates)
        self._versions = Loader(self._read_versions)
        self._counts = Loader(self._read_counts)
        self._pages: dict[bytes, Loader[q.DeliveriesPage, q.Stretch[q.DeliveryRow]]] = {}
        self._users_named = Loader(self._read_users_named)
        self._cursors = Cursors(sealer, caller.tenant)
        self._deliveries = Loader(self._read_deliveries)
        self._attempts = Loader(self._read_attempts)
        self._people = Loader(self._read_people)
        self._emails = Loader(self._read_emails)

    def notification(self, id_: bytes) -> Awaitable[q.NotificationRow | None]:
        """See `Reads.notification`."""
        return self._notifications.get(id_)

    def content(self, said: Said) -> Awaitable[Content | None]:
        """See `Reads.content`."""
        return self._contents.get(said)

    def template(self, id_: bytes) -> Awaitable[q.TemplateRow | None]:
        """See `Reads.template`."""
        return self._templates.get(id_)

    def template_version(self, id_: bytes) -> Awaitable[q.TemplateVersionRow | None]:
        """See `Reads.template_version`."""
        return self._versions.get(id_)

    def template_versions(self, template: bytes, paging: Paging) -> Awaitable[Page[q.TemplateVersionRow]]:
        """See `Reads.template_versions`."""
        return self._templating.listing.versions(self._caller, template, paging)

    async def counts(self, notification: bytes) -> Sequence[q.StateCountRow]:
        """See `Reads.counts`."""
        return await self._counts.get(notification) or ()

    async def deliveries(self, notification: bytes, wanted: DeliveryFilter, paging: Paging) -> Page[q.DeliveryRow]:
        """See `Reads.deliveries`."""
        told = ids.encode(ids.NOTIFICATION, notification)
        if wanted.notification not in {None, told}:
            raise InvalidInput("expected no other notification than this one", path=("filter", "notification"))
        wanted = msgspec.structs.replace(wanted, notification=told)
        check_deliveries(wanted)
        of = listing(ListKind.DELIVERIES, wanted)
        window = self._cursors.window(of, paging)
        by_user = wanted.user is not None or wanted.external_id is not None
        user = await self._user_named(wanted) if by_user else None
        shape = Shape(window.limit, window.backward, wanted.tests)
        page = q.DeliveriesPage(notification, window.place, user)
        found = None if by_user and user is None else await self._pages_of(shape).get(page)
        rows, spent_at = (found.rows, found.spent_at) if found is not None else ((), None)
        return self._cursors.page(of, window, rows, place_in_notification, spent_at)

    def delivery(self, key: DeliveryKey) -> Awaitable[q.DeliveryRow | None]:
        """See `Reads.delivery`."""
        return self._deliveries.get(key)

    async def attempts(self, key: DeliveryKey) -> Sequence[q.AttemptRow]:
        """See `Reads.attempts`."""
        return await self._attempts.get(key) or ()

    def person(self, id_: bytes) -> Awaitable[q.PersonRow | None]:
        """See `Reads.person`."""
        return self._people.get(id_)

    def handle(self, person: q.PersonRow) -> str:
        """See `Reads.handle`."""
        return self._sealer.open(person.wrapped_key, person.id, HANDLE, person.handle_sealed).decode()

    def email(self, person: q.PersonRow) -> Awaitable[str | None]:
        """See `Reads.email`."""
        return self._emails.get((person.id, person.wrapped_key))

    async def _read_notifications(self, keys: Sequence[bytes]) -> Mapping[bytes, q.NotificationRow]:
        rows = await self._store.read(q.NotificationsById((self._tenant,), tuple(keys)))
        return {row.id: row for row in rows}

    async def _read_contents(self, keys: Sequence[Said]) -> Mapping[Said, Content]:
        found = await asyncio.gather(*[self._notifications.get(key.notification) for key in keys])
        there = [(key, row) for key, row in zip(keys, found, strict=True) if row is not None]
        sayings = [
            # what was dropped before it was composed has no version of its own
            Saying(row.content_sealed, key.channel, key.version or row.template_version, key.locale)
            for key, row in there
        ]
        contents = await self._templating.contents.open(self._tenant, sayings)
        return {key: said for (key, _), said in zip(there, contents, strict=True) if said is not None}

    async def _read_templates(self, keys: Sequence[bytes]) -> Mapping[bytes, q.TemplateRow]:
        rows = await self._store.read(q.TemplatesById((self._tenant,), tuple(keys)))
        return {row.id: row for row in rows}

    async def _read_versions(self, keys: Sequence[bytes]) -> Mapping[bytes, q.TemplateVersionRow]:
        rows = await self._store.read(q.TemplateVersionsById((self._tenant,), tuple(keys)))
        return {row.id: row for row in rows}

    async def _read_counts(self, keys: Sequence[bytes]) -> Mapping[bytes, Sequence[q.StateCountRow]]:
        rows = await self._store.read(q.StateCounts((self._tenant,), tuple(keys)))
        counts: defaultdict[bytes, list[q.StateCountRow]] = defaultdict(list)
        for row in rows:
            counts[row.notification].append(row)
        return counts

    def _pages_of(self, shape: "Shape") -> Loader[q.DeliveriesPage, q.Stretch[q.DeliveryRow]]:
        """Pages of one shape are read together; a document has few shapes."""
        packed = _SHAPES.encode(shape)
        loader = self._pages.get(packed)
        if loader is None:
            loader = self._pages[packed] = Loader(partial(self._read_pages, shape))
        return loader

    async def _read_pages(
        self, shape: "Shape", pages: Sequence[q.DeliveriesPage]
    ) -> Mapping[q.DeliveriesPage, q.Stretch[q.DeliveryRow]]:
        query = q.DeliveriesPages(self._tenant, tuple(pages), shape.limit, shape.backward, shape.tests)
        return dict(zip(pages, await self._store.read(query), strict=True))

    async def _user_named(self, wanted: DeliveryFilter) -> bytes | None:
        if wanted.user is not None:
            return user_of(wanted.user, ("filter", "user"))
        require_external_ids(self._caller)
        return await self._users_named.get(wanted.external_id or "")

    async def _read_users_named(self, names: Sequence[str]) -> Mapping[str, bytes]:
        blinds = self._sealer.blind_many(self._tenant, [(HandleKind.EXTERNAL_ID, name) for name in names])
        rows = await self._store.read(q.PeopleByHandle(self._tenant, tuple(blinds)))
        found = {row.handle_blind: row.id for row in rows}
        return {name: found[blind] for name, blind in zip(names, blinds, strict=True) if blind in found}

    async def _read_deliveries(self, keys: Sequence[DeliveryKey]) -> Mapping[DeliveryKey, q.DeliveryRow]:
        rows = await self._store.read(q.DeliveriesByKey((self._tenant,), self._pairs(keys)))
        return {row.key: row for row in rows}

    async def _read_attempts(self, keys: Sequence[DeliveryKey]) -> Mapping[DeliveryKey, Sequence[q.AttemptRow]]:
        rows = await self._store.read(q.AttemptsOf((self._tenant,), self._pairs(keys)))
        attempts: defaultdict[DeliveryKey, list[q.AttemptRow]] = defaultdict(list)
        for row in rows:
            attempts[row.delivery].append(row)
        return attempts

    def _pairs(self, keys: Sequence[DeliveryKey]) -> tuple[tuple[bytes, DeliveryKey], ...]:
        return tuple([(self._tenant, key) for key in keys])

    async def _read_people(self, keys: Sequence[bytes]) -> Mapping[bytes, q.PersonRow]:
        rows = await self._store.read(q.PeopleById((self._tenant,), tuple(keys)))
        return {row.id: row for row in rows}

    async def _read_emails(self, keys: Sequence[Owner]) -> Mapping[Owner, str]:
        rows = await self._store.read(q.AddressesOf((self._tenant,), tuple([user for user, _ in keys])))
        wrapped = dict(keys)
        mails = [row for row in rows if row.channel == Channel.EMAIL]
        opened = self._sealer.open_many(
            [Sealed(wrapped[row.user], row.user, ADDRESS, row.address_sealed) for row in mails]
        )
        return {(row.user, wrapped[row.user]): text.decode() for row, text in zip(mails, opened, strict=True)}
