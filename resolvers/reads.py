"""The reads of one operation, batched. Asked by nested fields through `schema.context.Reads`."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence

from engines.secrets.sealer import Sealed, Sealer
from engines.store import queries as q
from engines.store.base import Store
from models.content import PURPOSE, Content, decode
from models.ids import DeliveryKey
from models.vocabulary import Channel
from resolvers.loading import Loader
from schema.context import DeliveryPage
from usecases.purposes import ADDRESS, HANDLE
from usecases.tenant_directory import TenantDirectory

Owner = tuple[bytes, bytes]
"""(user, wrapped key)."""


class OperationReads:
    """`Reads` over the store, within one tenant."""

    def __init__(self, store: Store, sealer: Sealer, tenants: TenantDirectory, tenant: bytes) -> None:
        self._store = store
        self._sealer = sealer
        self._tenants = tenants
        self._tenant = tenant
        self._notifications = Loader(self._read_notifications)
        self._contents = Loader(self._read_contents)
        self._counts = Loader(self._read_counts)
        self._pages = Loader(self._read_pages)
        self._deliveries = Loader(self._read_deliveries)
        self._attempts = Loader(self._read_attempts)
        self._people = Loader(self._read_people)
        self._emails = Loader(self._read_emails)

    def notification(self, id_: bytes) -> Awaitable[q.NotificationRow | None]:
        """See `Reads.notification`."""
        return self._notifications.get(id_)

    def content(self, notification: bytes) -> Awaitable[Content | None]:
        """See `Reads.content`."""
        return self._contents.get(notification)

    async def counts(self, notification: bytes) -> Sequence[q.StateCountRow]:
        """See `Reads.counts`."""
        return await self._counts.get(notification) or ()

    async def deliveries(self, page: DeliveryPage) -> Sequence[q.DeliveryRow]:
        """See `Reads.deliveries`."""
        return await self._pages.get(page) or ()

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

    async def _read_contents(self, keys: Sequence[bytes]) -> Mapping[bytes, Content]:
        found = await asyncio.gather(*[self._notifications.get(key) for key in keys])
        rows = [row for row in found if row is not None]
        tenant = await self._tenants.get(self._tenant)
        opened = self._sealer.open_many(
            [Sealed(tenant.wrapped_key, tenant.id, PURPOSE, row.content_sealed) for row in rows]
        )
        return {row.id: decode(packed) for row, packed in zip(rows, opened, strict=True)}

    async def _read_counts(self, keys: Sequence[bytes]) -> Mapping[bytes, Sequence[q.StateCountRow]]:
        rows = await self._store.read(q.StateCounts((self._tenant,), tuple(keys)))
        counts: defaultdict[bytes, list[q.StateCountRow]] = defaultdict(list)
        for row in rows:
            counts[row.notification].append(row)
        return counts

    async def _read_pages(self, keys: Sequence[DeliveryPage]) -> Mapping[DeliveryPage, Sequence[q.DeliveryRow]]:
        """A read for each page: pages of several notifications meet only in `nodes`, which takes at most 50."""
        pages = await asyncio.gather(
            *[
                self._store.read(
                    q.DeliveriesOf((self._tenant,), key.notification, key.after_user, key.after_step, key.limit)
                )
                for key in keys
            ]
        )
        return dict(zip(keys, pages, strict=True))

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
