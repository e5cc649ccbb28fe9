"""Say what a notification would do: to whom, by which rules, in which words. Nothing is sent, stored or counted."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import PendingRow, PeopleByHandle, PeopleById
from errors import InvalidInput
from models.clock import Clock
from models.content import Content
from models.ids import Ids
from models.principal import Permission, Principal
from models.states import ReasonCode
from models.vocabulary import Channel, HandleKind, Priority
from usecases.checks import SENDABLE, category_named, check_request, user_ids
from usecases.requests import SendRequest, TemplateUse
from usecases.send_notifications import Directories, expires_at, unknown_recipient
from usecases.template_checks import judged, pinned
from usecases.template_directory import Version

MOST_RECIPIENTS = 20
"""Of a larger audience the first ones are looked at."""


class Planned(msgspec.Struct, frozen=True):
    """What the stages decided about one recipient and channel."""

    user: bytes
    channel: Channel
    reason: ReasonCode | None
    """Why it would not be sent."""
    decisions: bytes
    locale: str | None


class Planner(Protocol):
    """Runs the stages of the orchestrator without their consequences."""

    async def __call__(self, notification: PendingRow, newcomer: bytes | None) -> Sequence[Planned]:
        """What they would decide at this moment.

        Args:
            newcomer: one of the audience who is not stored: known by an e-mail address alone.

        Raises:
            Unavailable: the store does not answer.
        """


class ChannelPreview(msgspec.Struct, frozen=True):
    """One channel of a recipient."""

    planned: Planned
    content: Content | None
    """What it would say; None where nothing would be sent."""


class RecipientPreview(msgspec.Struct, frozen=True):
    """One recipient."""

    user: bytes | None
    """None: the address is nobody's yet."""
    channels: tuple[ChannelPreview, ...]


class Preview(msgspec.Struct, frozen=True):
    """What would become of a notification."""

    recipient_count: int
    recipients: tuple[RecipientPreview, ...]
    version: Version | None
    """Of its template, where it has one."""


class _Audience(msgspec.Struct, frozen=True):
    users: tuple[bytes, ...]
    newcomer: bytes | None = None


class PreviewNotification:
    """Checks all that sending checks, but for what only a commit can: whether an idempotency key was used."""

    def __init__(
        self, store: Store, sealer: Sealer, directories: Directories, planner: Planner, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._rules = directories.rules
        self._templates = directories.templates
        self._planner = planner
        self._clock = clock
        self._ids = ids

    async def __call__(self, caller: Principal, request: SendRequest) -> Preview:
        """The first 20 recipients. A caller who manages templates may name the number of a draft.

        Raises:
            Forbidden: the caller may not send.
            InvalidInput: it would not be accepted.
            Unavailable: the store does not answer.
        """
        caller.require(Permission.SEND_NOTIFICATIONS)
        now_us = self._clock.now_us()
        check_request(request, now_us)
        rules = await self._rules.get(caller.tenant)
        category = category_named(rules, ("category",), request.category)
        version = await self._version(caller, request, request.template) if request.template is not None else None
        audience = await self._audience(caller.tenant, request)
        row = PendingRow(
            tenant=caller.tenant,
            id=self._ids.new(),
            priority=request.priority or category.priority or Priority.NORMAL,
            channels=sum([1 << channel for channel in request.channels or SENDABLE]),
            category=request.category,
            audience=b"".join(audience.users[:MOST_RECIPIENTS]),
            expires_at=expires_at(request, category, now_us),
            cancelled_at=None,
            template_version=version.row.id if version is not None else None,
            locale=request.template.locale if request.template is not None else None,
        )
        planned = await self._planner(row, audience.newcomer)
        return Preview(len(audience.users), _recipients(audience, planned, request, version), version)

    async def _version(self, caller: Principal, request: SendRequest, use: TemplateUse) -> Version:
        if use.version is not None and Permission.MANAGE_TEMPLATES in caller.permissions:
            draft = await self._templates.draft(caller.tenant, use.key, use.version)
            found = judged(use, draft, request.channels or SENDABLE) if draft is not None else None
        else:
            found = None
        if found is None:
            [found] = await pinned(self._templates, caller.tenant, [request])
        if isinstance(found, InvalidInput):
            raise found
        return found

    async def _audience(self, tenant: bytes, request: SendRequest) -> _Audience:
        to = request.to
        if to.email is not None:
            blind = self._sealer.blind(tenant, HandleKind.EMAIL, to.email)
            known = await self._by_handle(tenant, (blind,))
            return _Audience((known[blind],)) if known else _newcomer(self._ids.new())
        external = (to.external_id,) if to.external_id is not None else to.external_ids
        if external is None:
            wanted = user_ids(to)
            rows = await self._store.read(PeopleById((tenant,), wanted))
            known = {row.id: row.id for row in rows}
        else:
            blinds = self._sealer.blind_many(tenant, [(HandleKind.EXTERNAL_ID, one) for one in external])
            wanted = tuple(dict.fromkeys(blinds))
            known = await self._by_handle(tenant, wanted)
        missing = next((place for place, one in enumerate(wanted) if one not in known), None)
        if missing is not None:
            raise unknown_recipient(to, missing)
        return _Audience(tuple(dict.fromkeys([known[one] for one in wanted])))

    async def _by_handle(self, tenant: bytes, blinds: tuple[bytes, ...]) -> dict[bytes, bytes]:
        return {row.handle_blind: row.id for row in await self._store.read(PeopleByHandle(tenant, blinds))}


def _newcomer(id_: bytes) -> _Audience:
    return _Audience((id_,), id_)


def _recipients(
    audience: _Audience, planned: Sequence[Planned], request: SendRequest, version: Version | None
) -> tuple[RecipientPreview, ...]:
    by_user: dict[bytes, list[ChannelPreview]] = {user: [] for user in audience.users[:MOST_RECIPIENTS]}
    for one in planned:
        by_user[one.user].append(ChannelPreview(one, _content(one, request, version)))
    return tuple(
        [
            RecipientPreview(None if user == audience.newcomer else user, tuple(channels))
            for user, channels in by_user.items()
        ]
    )


def _content(planned: Planned, request: SendRequest, version: Version | None) -> Content | None:
    if planned.reason is not None:
        return None
    if version is None or request.template is None:
        return request.content
    return version.compiled.say(planned.channel, planned.locale, request.template.data)
