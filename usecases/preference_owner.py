"""Whose preferences a caller means, and whether it may read and set them. Used by the use cases on preferences."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import PeopleByHandle, PeopleById
from errors import InvalidInput
from models.ids import USER, decode
from models.principal import Permission, Principal
from models.vocabulary import HandleKind
from usecases.checks import MAX_EXTERNAL_ID_CHARACTERS, check_text


class Whose(msgspec.Struct, frozen=True):
    """Whose preferences: at most one field is filled; none means the caller's own."""

    user: str | None = None
    external_id: str | None = None


class PreferenceOwners:
    """Finds users for callers."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def find(self, caller: Principal, whose: Whose) -> bytes:
        """The user's id.

        Raises:
            Forbidden: the caller may set nobody's preferences, or only its own.
            InvalidInput: nobody is named by a caller who speaks for no user, both fields are filled, or no user of
                this tenant is known by what is given; the path leads to the field.
        """
        if whose.user is None and whose.external_id is None:
            return _own(caller)
        if whose.user is not None and whose.external_id is not None:
            raise InvalidInput("expected at most one of user, externalId", path=("externalId",))
        if whose.user is not None:
            return await self._by_id(caller, whose.user)
        caller.require(Permission.MANAGE_PREFERENCES)
        return await self._by_external_id(caller, whose.external_id or "")

    async def _by_id(self, caller: Principal, text: str) -> bytes:
        try:
            user = decode(USER, text)
        except InvalidInput as error:
            raise InvalidInput(error.message, path=("user",)) from error
        if user == caller.user:
            return _own(caller)
        caller.require(Permission.MANAGE_PREFERENCES)
        if not await self._store.read(PeopleById((caller.tenant,), (user,))):
            raise _nobody("user")
        return user

    async def _by_external_id(self, caller: Principal, external_id: str) -> bytes:
        check_text(("externalId",), external_id, MAX_EXTERNAL_ID_CHARACTERS)
        blind = self._sealer.blind(caller.tenant, HandleKind.EXTERNAL_ID, external_id)
        rows = await self._store.read(PeopleByHandle(caller.tenant, (blind,)))
        if not rows:
            raise _nobody("externalId")
        return rows[0].id


def _own(caller: Principal) -> bytes:
    if caller.user is None:
        caller.require(Permission.MANAGE_PREFERENCES)
        raise InvalidInput("expected user or externalId: this token speaks for no user", path=("user",))
    caller.require(Permission.SET_OWN_PREFERENCES)
    return caller.user


def _nobody(field: str) -> InvalidInput:
    return InvalidInput("no user of this tenant is known by that", path=(field,))
