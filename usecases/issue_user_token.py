"""Give a short-lived token with which a browser speaks for one user of the caller's tenant."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import PeopleByHandle, Recipients
from errors import InvalidInput
from models.clock import Clock
from models.ids import USER
from models.principal import Permission, Principal
from models.vocabulary import HandleKind
from usecases.access_checks import read_id
from usecases.checks import MAX_EXTERNAL_ID_CHARACTERS, check_text
from usecases.credentials import UserTokens

DEFAULT_LIFETIME_S = 900
LONGEST_LIFETIME_S = 86_400


class UserToken(msgspec.Struct, frozen=True):
    """The token, whom it speaks for, and until when. Its own text form hides it."""

    text: str
    user: bytes
    expires_at: int

    def __repr__(self) -> str:
        return f"UserToken(expires_at={self.expires_at})"


class IssueUserToken:
    """One token a call; nothing is stored, so it ends by its time alone, or with its user."""

    def __init__(self, store: Store, sealer: Sealer, tokens: UserTokens, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._tokens = tokens
        self._clock = clock

    async def __call__(
        self, caller: Principal, user: str | None, external_id: str | None, lifetime_s: int = DEFAULT_LIFETIME_S
    ) -> UserToken:
        """Exactly one of `user` (`usr_…`) and `external_id` names the user.

        Raises:
            Forbidden: the caller may not manage users.
            InvalidInput: a lifetime outside 1 s to 24 h, or no user of this tenant.
        """
        caller.require(Permission.MANAGE_USERS)
        if not 1 <= lifetime_s <= LONGEST_LIFETIME_S:
            raise InvalidInput(f"expected 1 to {LONGEST_LIFETIME_S:,} seconds, got {lifetime_s}", path=("seconds",))
        found = await (self._known(caller.tenant, external_id) if user is None else self._named(caller.tenant, user))
        # a token counts in whole seconds
        expires_at = (self._clock.now_us() // 1_000_000 + lifetime_s) * 1_000_000
        return UserToken(self._tokens.issue(caller.tenant, found, lifetime_s), found, expires_at)

    async def _named(self, tenant: bytes, user: str) -> bytes:
        path = ("user", "id")
        rows = await self._store.read(Recipients((tenant,), (read_id(USER, user, path),)))
        if not rows:
            raise InvalidInput("there is no such user", path=path)
        return rows[0].id

    async def _known(self, tenant: bytes, external_id: str | None) -> bytes:
        path = ("user", "externalId")
        check_text(path, external_id or "", MAX_EXTERNAL_ID_CHARACTERS)
        blind = self._sealer.blind(tenant, HandleKind.EXTERNAL_ID, external_id or "")
        rows = await self._store.read(PeopleByHandle(tenant, (blind,)))
        if not rows:
            raise InvalidInput("there is no such user", path=path)
        return rows[0].id
