"""Every write the product makes, as frozen data: one class a transaction. Built by use cases and dispatchers."""

import msgspec

from engines.store.base import OfTenant, Operation
from models.ids import AttemptKey, DeliveryKey
from models.states import DeliveryState, Outcome, ReasonCode
from models.topics import BusTopic, Lane
from models.vocabulary import Channel, HandleKind, InboxMark, Priority, Role, TenantKind

# ---------------------------------------------------------------------------------------------------------- accepting


class Newcomer(msgspec.Struct, frozen=True):
    """A user who is known by an address only, made when nobody has that address yet."""

    id: bytes
    handle_kind: HandleKind
    handle_blind: bytes
    handle_sealed: bytes
    wrapped_key: bytes
    channel: Channel
    address_blind: bytes
    address_sealed: bytes


class NewNotification(msgspec.Struct, frozen=True):
    """A checked request. Exactly one of `users` and `handles` is filled."""

    id: bytes
    priority: Priority
    lane: Lane
    channels: int
    """Bit mask: bit n stands for Channel(n)."""
    category: str
    users: tuple[bytes, ...]
    handles: tuple[bytes, ...]
    """Blind indexes of external ids, or of one newcomer's address."""
    newcomer: Newcomer | None
    content_sealed: bytes
    labels: bytes | None
    send_at: int | None
    expires_at: int | None
    created_at: int
    created_by: bytes
    key_hash: bytes | None = None
    fingerprint: bytes | None = None


class Accepted(msgspec.Struct, frozen=True):
    """Committed now, or by the first call with this key."""

    id: bytes
    duplicate: bool


class UnknownUsers(msgspec.Struct, frozen=True):
    """Nothing was written: these places of the audience name nobody."""

    places: tuple[int, ...]


class KeyConflict(msgspec.Struct, frozen=True):
    """Nothing was written: the key belongs to another input."""


Acceptance = Accepted | UnknownUsers | KeyConflict


class Accept(OfTenant[list[Acceptance]], frozen=True):
    """Stores notifications with the pointers that set them in motion. One answer per item, in order."""

    items: tuple[NewNotification, ...]

    def size(self) -> int:
        return len(self.items)


# ---------------------------------------------------------------------------------------------------------- expanding


class NewDelivery(msgspec.Struct, frozen=True, gc=False):
    """One recipient and step, as the stages decided it."""

    tenant: bytes
    notification: bytes
    user: bytes
    step: int
    channel: Channel
    state: DeliveryState
    reason: ReasonCode | None
    decisions: bytes
    locale: str | None
    lane: Lane


class Expand(Operation[list[tuple[bytes, bytes]]], frozen=True):
    """Stores deliveries, fills inboxes and queues work. A delivery that is there already stays as it is.

    Answers the (tenant, user) pairs whose inbox grew.
    """

    deliveries: tuple[NewDelivery, ...]
    at_us: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset([one.tenant for one in self.deliveries])

    def size(self) -> int:
        return len(self.deliveries)


# ----------------------------------------------------------------------------------------------------------- attempts


class Claim(Operation[frozenset[AttemptKey]], frozen=True):
    """Wins the right to call a provider. Answers the attempts that are this worker's now.

    An attempt is not won where its row exists, or where its delivery no longer waits for it.
    """

    id: bytes
    worker: bytes
    provider: str
    attempts: tuple[tuple[bytes, AttemptKey], ...]
    """(tenant, key) pairs."""
    at_us: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset([tenant for tenant, _ in self.attempts])

    def size(self) -> int:
        return len(self.attempts)


class Settlement(msgspec.Struct, frozen=True):
    """What one attempt came to, and what follows for its delivery."""

    tenant: bytes
    attempt: AttemptKey
    worker: bytes
    """The worker that claimed it: another worker's attempt is not touched."""
    outcome: Outcome
    state: DeliveryState
    reason: ReasonCode | None
    """Why the delivery is in this state."""
    attempt_reason: ReasonCode | None
    """What the provider's answer meant."""
    provider: str
    provider_message_id: str | None
    answer: str | None
    at_us: int
    lane: Lane
    channel: Channel
    retry_at: int | None = None
    dead: ReasonCode | None = None
    """Filled: the delivery also goes to the dead letters for this reason."""


class Settle(Operation[frozenset[AttemptKey]], frozen=True):
    """Records outcomes with their consequences: retry, dead letter, final state. Answers the attempts it settled.

    The others had been settled by someone else; the late word is kept on the attempt as evidence only.
    """

    settlements: tuple[Settlement, ...]
    finished: tuple[bytes, ...] = ()
    """Claims that have no open attempt left after this."""

    def tenants(self) -> frozenset[bytes]:
        return frozenset([one.tenant for one in self.settlements])

    def size(self) -> int:
        return len(self.settlements) + len(self.finished)


# ------------------------------------------------------------------------------------------------------------ waiting


class Wake(Operation[int], frozen=True):
    """Puts due retries and schedules back on the bus. Answers how many there were."""

    now_us: int
    limit: int


# ------------------------------------------------------------------------------------------------------------- outbox


class OutboxRow(msgspec.Struct, frozen=True):
    """One batch of pointers, claimed by a worker until it is dropped."""

    seq: int
    topic: BusTopic
    items: int
    payload: bytes


class TakeOutbox(Operation[list[OutboxRow]], frozen=True):
    """Claims the oldest free rows of a topic, urgent lanes first, until about `limit` pointers are taken."""

    topic: BusTopic
    worker: bytes
    limit: int


class DropOutbox(Operation[None], frozen=True):
    """Forgets rows whose work is durable elsewhere."""

    rows: tuple[int, ...]

    def size(self) -> int:
        return len(self.rows)


class SetAside(Operation[None], frozen=True):
    """Keeps payloads that cannot be handled, as rows that nobody polls."""

    topic: BusTopic
    payloads: tuple[bytes, ...]
    at_us: int = 0


# ------------------------------------------------------------------------------------------------------------ workers


class Beat(Operation[None], frozen=True):
    """Says that a worker lives; the first one introduces it. Judged by the database's clock."""

    worker: bytes
    service: str
    lease_us: int


class OrphanClaim(msgspec.Struct, frozen=True):
    """A dead worker's claim: its attempts may be open."""

    id: bytes
    worker: bytes
    attempts: tuple[tuple[bytes, AttemptKey], ...]


class TakeOver(Operation[list[OrphanClaim]], frozen=True):
    """Frees the outbox rows of workers that are dead, forgets those without claims, and answers the others' claims.

    Dead: older than its lease by the database's clock; with `everyone_else`, every worker but `survivor`.
    """

    survivor: bytes
    everyone_else: bool


class Retire(Operation[None], frozen=True):
    """A worker stops in good order: its outbox rows are free again, and its row is gone."""

    worker: bytes


# -------------------------------------------------------------------------------------------------------------- inbox


class MarkInbox(OfTenant["Marked"], frozen=True):
    """Marks items of one user's inbox: those named, or up to `limit` older ones that the mark would change."""

    user: bytes
    mark: InboxMark
    at_us: int
    items: tuple[DeliveryKey, ...] = ()
    up_to_seq: int | None = None
    limit: int = 500


class Marked(msgspec.Struct, frozen=True):
    """How many items changed, what is unread now, and the places of `items` that name nothing of this user's."""

    changed: int
    unread: int
    missing: tuple[int, ...] = ()


# ---------------------------------------------------------------------------------------------------------- directory


class UserRow(msgspec.Struct, frozen=True):
    """A user as it shall stand. Sealed fields are sealed under `wrapped_key`; None leaves what is there."""

    id: bytes
    handle_blind: bytes
    handle_sealed: bytes
    wrapped_key: bytes
    locale: str | None
    time_zone: str | None
    data_sealed: bytes | None
    addresses: tuple[tuple[Channel, bytes, bytes], ...]
    """(channel, blind index, sealed address)."""


class Upserted(msgspec.Struct, frozen=True):
    """The user stands as asked."""

    id: bytes
    created: bool


class StaleKey(msgspec.Struct, frozen=True):
    """Nothing was written: the user has another key by now; read it, seal again, and repeat."""


class UpsertUsers(OfTenant[list[Upserted | StaleKey]], frozen=True):
    """Makes or changes users known by an external id. One answer per row, in order; blind indexes must be distinct."""

    rows: tuple[UserRow, ...]
    at_us: int

    def size(self) -> int:
        return 2 * len(self.rows)


# ------------------------------------------------------------------------------------------------------------- access


class PutTenant(Operation[None], frozen=True):
    """Makes an account's tenant; one that is there already stays as it is."""

    id: bytes
    account: bytes
    account_name: str
    name: str
    kind: TenantKind
    wrapped_key: bytes
    at_us: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset((self.id,))


class PutKey(OfTenant[None], frozen=True):
    """Stores a new API key by its hash."""

    id: bytes
    hash: bytes
    name: str
    role: Role
    at_us: int
    expires_at: int | None = None


class RevokeKey(OfTenant[bool], frozen=True):
    """Ends a key. False: there is no such key, or it had ended before."""

    id: bytes
    at_us: int


class ForgetKeys(Operation[int], frozen=True):
    """Deletes idempotency records made before `before_us`, at most `limit`. Answers how many."""

    tenant_ids: tuple[bytes, ...]
    before_us: int
    limit: int

    def tenants(self) -> frozenset[bytes]:
        return frozenset(self.tenant_ids)
