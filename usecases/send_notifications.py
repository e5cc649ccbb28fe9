"""Accept notifications for delivery: check, seal, and commit with the pointers that set them in motion."""

import logging
from collections.abc import Sequence
from typing import Protocol

import msgspec

from engines.secrets.sealer import Plain, Sealer
from engines.store.base import Store
from engines.store.operations import Accept, Acceptance, Accepted, KeyConflict, Newcomer, NewNotification, UnknownUsers
from errors import CallerError, IdempotencyConflict, InvalidInput, Unavailable
from models.clock import Clock
from models.content import PURPOSE, Content, TemplateData, encode
from models.ids import Ids
from models.principal import Permission, Principal
from models.rules import Category, Rules
from models.topics import LANE_OF
from models.trace import sampled, traceparent
from models.vocabulary import Channel, HandleKind, Priority
from usecases.checks import SENDABLE, category_named, check_request, user_ids
from usecases.earlier_outcomes import SEND, EarlierOutcomes, fingerprint
from usecases.purposes import ADDRESS, HANDLE
from usecases.quotas import Quotas
from usecases.requests import Audience, SendRequest
from usecases.rules_directory import RulesDirectory
from usecases.template_checks import pinned
from usecases.template_directory import TemplateDirectory, Version
from usecases.tenant_directory import TenantDirectory

log = logging.getLogger(__name__)

MAX_REQUESTS = 1_000
SECOND_US = 1_000_000
_CANONICAL = msgspec.json.Encoder(order="sorted")


class Bell(Protocol):
    """Told that there is work."""

    def hint(self) -> None:
        """There may be work now."""


class Directories(msgspec.Struct, frozen=True):
    """What is known of tenants without asking the store each time."""

    tenants: TenantDirectory
    rules: RulesDirectory
    templates: TemplateDirectory


class SendNotifications:
    """One answer per request, in order; a bad request never spoils its neighbours."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        directories: Directories,
        quotas: Quotas,
        bell: Bell,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._tenants = directories.tenants
        self._rules = directories.rules
        self._quotas = quotas
        self._templates = directories.templates
        self._bell = bell
        self._clock = clock
        self._ids = ids
        self._earlier = EarlierOutcomes(store, sealer)

    async def __call__(self, caller: Principal, requests: Sequence[SendRequest]) -> list[Accepted | CallerError]:
        """Accept what can be accepted.

        Raises:
            Forbidden: the caller may not send.
            InvalidInput: no requests, more than 1,000, or more than the caller may send in a whole minute.
            RateLimited: more than is left of the caller's allowance; none was accepted.
            Unavailable: nothing was accepted, or it is unknown: repeat with the same idempotency keys.
        """
        caller.require(Permission.SEND_NOTIFICATIONS)
        if not 1 <= len(requests) <= MAX_REQUESTS:
            raise InvalidInput(f"expected 1 to {MAX_REQUESTS} notifications, got {len(requests)}", path=("inputs",))
        now_us = self._clock.now_us()
        rules = await self._rules.get(caller.tenant)
        audiences = [self._checked(caller.tenant, request, rules, now_us) for request in requests]
        if any(request.template is not None for request in requests):
            audiences = await self._pinned(caller.tenant, requests, audiences)
        good = [(request, who) for request, who in zip(requests, audiences, strict=True) if isinstance(who, _Who)]
        accepted = iter(await self._charged(caller, good, now_us) if good else ())
        answers = [
            _answer(request, next(accepted)) if isinstance(who, _Who) else who
            for request, who in zip(requests, audiences, strict=True)
        ]
        return await self._repeated(caller.tenant, requests, answers, now_us) if len(good) < len(requests) else answers

    async def _repeated(
        self, tenant: bytes, requests: Sequence[SendRequest], answers: Sequence[Accepted | CallerError], now_us: int
    ) -> list[Accepted | CallerError]:
        """The answers, where what is wrong now is replaced by what the same call was answered when it was right."""
        wrong = [request for request, one in zip(requests, answers, strict=True) if isinstance(one, InvalidInput)]
        earlier = iter(await self._earlier.find(tenant, wrong, now_us))
        return [(next(earlier) or one) if isinstance(one, InvalidInput) else one for one in answers]

    def _checked(self, tenant: bytes, request: SendRequest, rules: Rules, now_us: int) -> "_Who | CallerError":
        try:
            check_request(request, now_us)
            category = category_named(rules, ("category",), request.category)
            return self._who(tenant, request.to, category)
        except InvalidInput as error:
            return error

    async def _pinned(
        self, tenant: bytes, requests: Sequence[SendRequest], audiences: Sequence["_Who | CallerError"]
    ) -> list["_Who | CallerError"]:
        """The audiences, each held to a version of its template; or why that cannot be filled."""
        filled = [
            request
            for request, who in zip(requests, audiences, strict=True)
            if request.template is not None and isinstance(who, _Who)
        ]
        versions = iter(await pinned(self._templates, tenant, filled))
        return [
            _held(who, next(versions)) if request.template is not None and isinstance(who, _Who) else who
            for request, who in zip(requests, audiences, strict=True)
        ]

    def _who(self, tenant: bytes, to: Audience, category: Category) -> "_Who":
        if to.email is not None:
            return _Who(category, (), (self._sealer.blind(tenant, HandleKind.EMAIL, to.email),), to.email)
        external = (to.external_id,) if to.external_id is not None else to.external_ids
        if external is None:
            return _Who(category, user_ids(to), (), None)
        blinds = self._sealer.blind_many(tenant, [(HandleKind.EXTERNAL_ID, one) for one in external])
        return _Who(category, (), tuple(dict.fromkeys(blinds)), None)

    async def _charged(
        self, caller: Principal, good: Sequence[tuple[SendRequest, "_Who"]], now_us: int
    ) -> list[Acceptance]:
        """Accept within the caller's quota; what comes to nothing, or was accepted before, costs nothing."""
        self._quotas.take(caller, len(good))
        try:
            answers = await self._accept(caller, good, now_us)
        except Unavailable:
            self._quotas.give_back(caller, len(good))
            raise
        new = [one for one in answers if isinstance(one, Accepted) and not one.duplicate]
        self._quotas.give_back(caller, len(good) - len(new))
        return answers

    async def _accept(
        self, caller: Principal, good: Sequence[tuple[SendRequest, "_Who"]], now_us: int
    ) -> list[Acceptance]:
        tenant = await self._tenants.get(caller.tenant)
        sealed = self._sealer.seal_many(
            [Plain(tenant.wrapped_key, tenant.id, PURPOSE, encode(message_of(request))) for request, _ in good]
        )
        ids = self._ids.many(len(good))
        newcomers = self._newcomers(tenant.id, [who.email for _, who in good])
        items = tuple(
            [
                self._item(caller, *pair, id_, content, newcomer, now_us)
                for pair, id_, content, newcomer in zip(good, ids, sealed, newcomers, strict=True)
            ]
        )
        answers = await self._store.write(Accept(tenant.id, items, traceparent()))
        self._bell.hint()
        if log.isEnabledFor(logging.DEBUG):
            new = [one.id for one in answers if isinstance(one, Accepted) and not one.duplicate]
            told = {"items": len(answers), "accepted": len(new), "notifications": sampled(new)}
            log.debug("accepted", extra=told)
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
        key, category = request.idempotency_key, who.category
        waits = request.send_at is not None and request.send_at > now_us
        priority = request.priority or category.priority or Priority.NORMAL
        return NewNotification(
            id=id_,
            priority=priority,
            lane=LANE_OF[priority],
            channels=sum([1 << channel for channel in request.channels or SENDABLE]),
            category=request.category,
            users=who.users,
            handles=who.handles,
            newcomer=newcomer,
            content_sealed=content,
            labels=_CANONICAL.encode(request.labels) if request.labels is not None else None,
            send_at=request.send_at if waits else None,
            expires_at=expires_at(request, category, now_us),
            created_at=now_us,
            created_by=caller.id,
            key_hash=self._sealer.hash_key(caller.tenant, SEND, key) if key is not None else None,
            fingerprint=fingerprint(request) if key is not None else None,
            template_version=who.version,
            locale=request.template.locale if request.template is not None else None,
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
    category: Category
    users: tuple[bytes, ...]
    handles: tuple[bytes, ...]
    email: str | None
    version: bytes | None = None
    """Of the template, where there is one."""


def _held(who: _Who, version: Version | InvalidInput) -> "_Who | CallerError":
    if isinstance(version, InvalidInput):
        return version
    return msgspec.structs.replace(who, version=version.row.id)


def message_of(request: SendRequest) -> Content | TemplateData:
    """What is sealed; `check_request` saw that there is one."""
    if request.template is not None:
        return TemplateData(request.template.data)
    return request.content or Content("")


def expires_at(request: SendRequest, category: Category, now_us: int) -> int | None:
    """The caller's time, or the category's, counted from when it is due."""
    if request.expires_at is not None or category.expires_after_s is None:
        return request.expires_at
    return max(request.send_at or now_us, now_us) + category.expires_after_s * SECOND_US


def _answer(request: SendRequest, answer: Acceptance) -> Accepted | CallerError:
    match answer:
        case Accepted():
            return answer
        case KeyConflict():
            return IdempotencyConflict("the key was used within 24 hours for another input", path=("idempotencyKey",))
        case UnknownUsers(places):
            return unknown_recipient(request.to, places[0])


def unknown_recipient(to: Audience, place: int) -> InvalidInput:
    """The error about the recipient at a place among the distinct ones; its path leads to what the caller wrote."""
    if to.user is not None or to.external_id is not None:
        path: tuple[str, ...] = ("to", "user" if to.user is not None else "externalId")
        return InvalidInput("no user of this tenant is known by that", path=path)
    name, values = ("users", to.users or ()) if to.users is not None else ("externalIds", to.external_ids or ())
    wrong = list(dict.fromkeys(values))[place]
    return InvalidInput("no user of this tenant is known by that", path=("to", name, str(values.index(wrong))))
