"""Accept notifications for delivery: check, seal, and commit with the pointers that set them in motion."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from engines.secrets.sealer import Plain, Sealer
from engines.store.base import Store
from engines.store.operations import Accept, Acceptance, Accepted, KeyConflict, Newcomer, NewNotification, UnknownUsers
from errors import CallerError, IdempotencyConflict, InvalidInput
from models.clock import Clock
from models.content import PURPOSE, encode
from models.ids import Ids
from models.principal import Permission, Principal
from models.topics import LANE_OF
from models.vocabulary import Channel, HandleKind
from usecases.checks import SENDABLE, check_request, user_ids
from usecases.purposes import ADDRESS, HANDLE
from usecases.requests import Audience, SendRequest
from usecases.tenant_directory import TenantDirectory

MAX_REQUESTS = 1_000
SEND = "send"
"""The operation that idempotency keys of this use case belong to."""
_CANONICAL = msgspec.json.Encoder(order="sorted")


class Bell(Protocol):
    """Told that there is work."""

    def hint(self) -> None:
        """There may be work now."""


class SendNotifications:
    """One answer per request, in order; a bad request never spoils its neighbours."""

    def __init__(
        self, store: Store, sealer: Sealer, tenants: TenantDirectory, bell: Bell, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._tenants = tenants
        self._bell = bell
        self._clock = clock
        self._ids = ids

    async def __call__(self, caller: Principal, requests: Sequence[SendRequest]) -> list[Accepted | CallerError]:
        """Accept what can be accepted.

        Raises:
            Forbidden: the caller may not send.
            InvalidInput: no requests, or more than 1,000.
            Unavailable: nothing was accepted, or it is unknown: repeat with the same idempotency keys.
        """
        caller.require(Permission.SEND_NOTIFICATIONS)
        if not 1 <= len(requests) <= MAX_REQUESTS:
            raise InvalidInput(f"expected 1 to {MAX_REQUESTS} notifications, got {len(requests)}", path=("inputs",))
        now_us = self._clock.now_us()
        audiences = [self._checked(caller.tenant, request, now_us) for request in requests]
        good = [(request, who) for request, who in zip(requests, audiences, strict=True) if isinstance(who, _Who)]
        accepted = iter(await self._accept(caller, good, now_us) if good else ())
        return [
            _answer(request, next(accepted)) if isinstance(who, _Who) else who
            for request, who in zip(requests, audiences, strict=True)
        ]

    def _checked(self, tenant: bytes, request: SendRequest, now_us: int) -> "_Who | CallerError":
        try:
            check_request(request, now_us)
            return self._who(tenant, request.to)
        except InvalidInput as error:
            return error

    def _who(self, tenant: bytes, to: Audience) -> "_Who":
        if to.email is not None:
            return _Who((), (self._sealer.blind(tenant, HandleKind.EMAIL, to.email),), to.email)
        external = (to.external_id,) if to.external_id is not None else to.external_ids
        if external is None:
            return _Who(user_ids(to), (), None)
        blinds = self._sealer.blind_many(tenant, [(HandleKind.EXTERNAL_ID, one) for one in external])
        return _Who((), tuple(dict.fromkeys(blinds)), None)

    async def _accept(
        self, caller: Principal, good: Sequence[tuple[SendRequest, "_Who"]], now_us: int
    ) -> list[Acceptance]:
        tenant = await self._tenants.get(caller.tenant)
        sealed = self._sealer.seal_many(
            [Plain(tenant.wrapped_key, tenant.id, PURPOSE, encode(request.content)) for request, _ in good]
        )
        ids = self._ids.many(len(good))
        newcomers = self._newcomers(tenant.id, [who.email for _, who in good])
        items = tuple(
            [
                self._item(caller, *pair, id_, content, newcomer, now_us)
                for pair, id_, content, newcomer in zip(good, ids, sealed, newcomers, strict=True)
            ]
        )
        answers = await self._store.write(Accept(tenant.id, items))
        self._bell.hint()
        return answers

    def _item(
        self,
        caller: Principal,
        request: SendRequest,
        who: "_Who",
        id_: bytes,
        content: bytes,
        newcomer: Newcomer | None,
        now_us: int,
    ) -> NewNotification:
        key = request.idempotency_key
        waits = request.send_at is not None and request.send_at > now_us
        return NewNotification(
            id=id_,
            priority=request.priority,
            lane=LANE_OF[request.priority],
            channels=sum([1 << channel for channel in request.channels or SENDABLE]),
            category=request.category,
            users=who.users,
            handles=who.handles,
            newcomer=newcomer,
            content_sealed=content,
            labels=_CANONICAL.encode(request.labels) if request.labels is not None else None,
            send_at=request.send_at if waits else None,
            expires_at=request.expires_at,
            created_at=now_us,
            created_by=caller.id,
            key_hash=self._sealer.hash_key(caller.tenant, SEND, key) if key is not None else None,
            fingerprint=fingerprint(request) if key is not None else None,
        )

    def _newcomers(self, tenant: bytes, emails: Sequence[str | None]) -> list[Newcomer | None]:
        """Users for addresses that nobody may have yet; the store keeps those that are really new."""
        named = [(place, email) for place, email in enumerate(emails) if email is not None]
        newcomers: list[Newcomer | None] = [None] * len(emails)
        if not named:
            return newcomers
        ids = self._ids.many(len(named))
        keys = self._sealer.new_keys(ids)
        blinds = self._sealer.blind_many(tenant, [(HandleKind.EMAIL, email) for _, email in named])
        owned = list(zip(ids, keys, [email.encode() for _, email in named], strict=True))
        handles = self._sealer.seal_many([Plain(key, id_, HANDLE, email) for id_, key, email in owned])
        addresses = self._sealer.seal_many([Plain(key, id_, ADDRESS, email) for id_, key, email in owned])
        for (place, _), id_, key, blind, handle, address in zip(
            named, ids, keys, blinds, handles, addresses, strict=True
        ):
            newcomers[place] = Newcomer(id_, HandleKind.EMAIL, blind, handle, key, Channel.EMAIL, blind, address)
        return newcomers


class _Who(msgspec.Struct, frozen=True):
    users: tuple[bytes, ...]
    handles: tuple[bytes, ...]
    email: str | None


def fingerprint(request: SendRequest) -> bytes:
    """SHA-256 of the request with its defaults filled and its key left out."""
    return hashlib.sha256(_CANONICAL.encode(msgspec.structs.replace(request, idempotency_key=None))).digest()


def _answer(request: SendRequest, answer: Acceptance) -> Accepted | CallerError:
    match answer:
        case Accepted():
            return answer
        case KeyConflict():
            return IdempotencyConflict("the key was used within 24 hours for another input", path=("idempotencyKey",))
        case UnknownUsers(places):
            return _unknown(request.to, places[0])


def _unknown(to: Audience, place: int) -> InvalidInput:
    if to.user is not None or to.external_id is not None:
        path: tuple[str, ...] = ("to", "user" if to.user is not None else "externalId")
        return InvalidInput("no user of this tenant is known by that", path=path)
    name, values = ("users", to.users or ()) if to.users is not None else ("externalIds", to.external_ids or ())
    wrong = list(dict.fromkeys(values))[place]
    return InvalidInput("no user of this tenant is known by that", path=("to", name, str(values.index(wrong))))
