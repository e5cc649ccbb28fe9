"""Notifications, deliveries and dead letters, made by the store's operations. Used by the tests of history."""

from typing import NamedTuple

from engines.store import operations as op
from engines.store.base import Store
from models.ids import DeliveryKey, Ids
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import LANE_OF
from models.vocabulary import AuditAction, Channel, Priority, Role, TenantKind

BEGAN_US = 1_800_000_000_000_000
STEP_US = 1_000_000


class Ticking:
    """A clock that goes on a second with every look."""

    def __init__(self) -> None:
        self.us = BEGAN_US

    def now_us(self) -> int:
        self.us += STEP_US
        return self.us


class Past(NamedTuple):
    """What happened in a tenant."""

    tenant: bytes
    users: list[bytes]
    notifications: list[bytes]
    """Oldest first."""
    deliveries: list[DeliveryKey]


class History:
    """Makes it happen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Ticking()
        self.ids = Ids(self.clock.now_us)
        self.worker = self.ids.new()

    async def tenant(self) -> bytes:
        tenant = self.ids.new()
        await self.store.write(
            op.PutTenant(tenant, self.ids.new(), "acme", "acme", TenantKind.LIVE, b"wrapped", BEGAN_US)
        )
        return tenant

    async def users(self, tenant: bytes, count: int) -> list[bytes]:
        rows = [
            op.UserRow(self.ids.new(), f"user {n}".encode().ljust(32, b"."), b"s", b"key", None, None, None, ())
            for n in range(count)
        ]
        answers = await self.store.write(op.UpsertUsers(tenant, tuple(rows), BEGAN_US))
        return [answer.id for answer in answers if isinstance(answer, op.Upserted)]

    async def accepted(
        self, tenant: bytes, users: list[bytes], category: str = "transactional", *,
        labels: bytes | None = None, send_at: int | None = None, expires_at: int | None = None,
    ) -> bytes:  # fmt: skip
        item = op.NewNotification(
            id=self.ids.new(), priority=Priority.NORMAL, lane=LANE_OF[Priority.NORMAL],
            channels=1 << Channel.EMAIL | 1 << Channel.IN_APP, category=category, users=tuple(users), handles=(),
            newcomer=None, content_sealed=b"content", labels=labels, send_at=send_at, expires_at=expires_at,
            created_at=self.clock.us, created_by=bytes(16),
        )  # fmt: skip
        [answer] = await self.store.write(op.Accept(tenant, (item,)))
        assert answer == op.Accepted(item.id, duplicate=False)
        return item.id

    async def expanded(self, tenant: bytes, notification: bytes, users: list[bytes]) -> list[DeliveryKey]:
        rows = [
            op.NewDelivery(
                tenant, notification, user, channel.value, channel,
                DeliveryState.DELIVERED if channel is Channel.IN_APP else DeliveryState.QUEUED, None, b"\x01\x01", None,
                LANE_OF[Priority.NORMAL],
            )
            for user in users
            for channel in (Channel.EMAIL, Channel.IN_APP)
        ]  # fmt: skip
        await self.store.write(op.Expand(tuple(rows), self.clock.now_us()))
        return [(row.notification, row.user, row.step) for row in rows]

    async def claimed(self, tenant: bytes, *keys: DeliveryKey, number: int = 1) -> set[DeliveryKey]:
        attempts = tuple([(tenant, (*key, number)) for key in keys])
        won = await self.store.write(op.Claim(self.ids.new(), self.worker, "smtp", attempts, self.clock.now_us()))
        return {key[:3] for key in won}

    async def settled(
        self, tenant: bytes, *keys: DeliveryKey, state: DeliveryState, outcome: Outcome, number: int = 1,
        reason: ReasonCode | None = None, retry_at: int | None = None, dead: ReasonCode | None = None,
    ) -> None:  # fmt: skip
        at_us = self.clock.now_us()
        await self.store.write(
            op.Settle(
                tuple(
                    [
                        op.Settlement(
                            tenant, (*key, number), self.worker, outcome, state, reason, reason, "smtp", None, None,
                            at_us, LANE_OF[Priority.NORMAL], Channel(key[2]), retry_at, dead,
                        )
                        for key in keys
                    ]
                )
            )
        )  # fmt: skip

    async def died(
        self, tenant: bytes, *keys: DeliveryKey, reason: ReasonCode = ReasonCode.MAILBOX_UNAVAILABLE
    ) -> None:
        """One refused attempt each."""
        await self.claimed(tenant, *keys)
        await self.settled(
            tenant, *keys, state=DeliveryState.FAILED, outcome=Outcome.REFUSED, reason=reason, dead=reason
        )

    async def past(self, count: int, users: int = 3) -> Past:
        """So many notifications to each of the users by e-mail and in-app; every other mail is refused."""
        tenant = await self.tenant()
        people = await self.users(tenant, users)
        notifications, deliveries = [], []
        for number in range(count):
            id_ = await self.accepted(tenant, people, category=f"category-{number % 3}")
            notifications.append(id_)
            keys = await self.expanded(tenant, id_, people)
            deliveries += keys
            if number % 2:
                await self.died(tenant, *[key for key in keys if key[2] == Channel.EMAIL])
        return Past(tenant, people, notifications, deliveries)


def entry(action: AuditAction) -> op.AuditEntry:
    """By nobody in particular."""
    return op.AuditEntry(Role.ADMIN, bytes(16), "test", action, "subject", BEGAN_US)
