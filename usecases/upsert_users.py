"""Make or change users by the tenant's own ids: locale, time zone, addresses, data; everything personal is sealed."""

from collections.abc import Sequence

import msgspec

from engines.secrets.sealer import Plain, Sealer
from engines.store.base import Store
from engines.store.operations import StaleKey, Upserted, UserRow
from engines.store.operations import UpsertUsers as Write
from engines.store.queries import PeopleByHandle
from errors import InvalidInput, Unavailable
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.vocabulary import Channel, HandleKind
from usecases.checks import check_user
from usecases.purposes import ADDRESS, DATA, HANDLE
from usecases.requests import UserRequest

MAX_USERS = 1_000
TRIES = 4
"""How often a user may be changed by someone else between reading its key and writing."""
_JSON = msgspec.json.Encoder(order="sorted")


class UpsertUsers:
    """One answer per request, in order; the last of several for one external id wins."""

    def __init__(self, store: Store, sealer: Sealer, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._ids = ids

    async def __call__(self, caller: Principal, requests: Sequence[UserRequest]) -> list[Upserted | InvalidInput]:
        """Write what can be written.

        Raises:
            Forbidden: the caller may not manage users.
            InvalidInput: no requests, or more than 1,000.
            Unavailable: the same users were being changed all the time.
        """
        caller.require(Permission.MANAGE_USERS)
        if not 1 <= len(requests) <= MAX_USERS:
            raise InvalidInput(f"expected 1 to {MAX_USERS} users, got {len(requests)}", path=("inputs",))
        faults = [_fault(request) for request in requests]
        good = [request for request, fault in zip(requests, faults, strict=True) if fault is None]
        blinds = self._sealer.blind_many(caller.tenant, [(HandleKind.EXTERNAL_ID, one.external_id) for one in good])
        written = await self._write(caller.tenant, dict(zip(blinds, good, strict=True))) if good else {}
        by_request = iter([written[blind] for blind in blinds])
        return [fault if fault is not None else next(by_request) for fault in faults]

    async def _write(self, tenant: bytes, wanted: dict[bytes, UserRequest]) -> dict[bytes, Upserted]:
        done: dict[bytes, Upserted] = {}
        for _ in range(TRIES):
            left = {blind: request for blind, request in wanted.items() if blind not in done}
            rows = await self._rows(tenant, left)
            answers = await self._store.write(Write(tenant, tuple(rows), self._clock.now_us()))
            for row, answer in zip(rows, answers, strict=True):
                if not isinstance(answer, StaleKey):
                    done[row.handle_blind] = answer
            if len(done) == len(wanted):
                return done
        raise Unavailable("these users are being changed by others; try again")

    async def _rows(self, tenant: bytes, wanted: dict[bytes, UserRequest]) -> list[UserRow]:
        known = {row.handle_blind: row for row in await self._store.read(PeopleByHandle(tenant, tuple(wanted)))}
        new_ids = self._ids.many(len(wanted))
        new_keys = self._sealer.new_keys(new_ids)
        owners = [
            (known[blind].id, known[blind].wrapped_key) if blind in known else fresh
            for blind, fresh in zip(wanted, zip(new_ids, new_keys, strict=True), strict=True)
        ]
        return [
            self._row(tenant, blind, request, *owner)
            for (blind, request), owner in zip(wanted.items(), owners, strict=True)
        ]

    def _row(self, tenant: bytes, blind: bytes, request: UserRequest, user: bytes, key: bytes) -> UserRow:
        handle = self._sealer.seal(key, user, HANDLE, request.external_id.encode())
        data = self._sealer.seal(key, user, DATA, _JSON.encode(request.data)) if request.data is not None else None
        addresses: tuple[tuple[Channel, bytes, bytes], ...] = ()
        if request.email is not None:
            email = self._sealer.seal_many([Plain(key, user, ADDRESS, request.email.encode())])[0]
            addresses = ((Channel.EMAIL, self._sealer.blind(tenant, HandleKind.EMAIL, request.email), email),)
        return UserRow(user, blind, handle, key, request.locale, request.time_zone, data, addresses)


def _fault(request: UserRequest) -> InvalidInput | None:
    try:
        check_user(request)
    except InvalidInput as error:
        return error
    return None
