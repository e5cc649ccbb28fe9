"""Find a user by `usr_…` or by the tenant's own id. Used by queries, and by the use cases that filter by a user."""

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.queries import PeopleByHandle
from models.principal import Permission, Principal
from models.vocabulary import HandleKind
from usecases.history_filters import require_external_ids, user_of


class FindUser:
    """Answers an id, or None where the tenant knows nobody by that."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def __call__(self, caller: Principal, user: str | None, external_id: str | None, *path: str) -> bytes | None:
        """A `user` that is well formed is taken as it is: of another tenant's, nothing will be found.

        Args:
            path: where the two stand in the input.

        Raises:
            Forbidden: the caller may not read at all, or not look for users by `external_id`.
            InvalidInput: `user` is no user's id, or `external_id` no text.
        """
        caller.require(Permission.READ_NOTIFICATIONS)
        if user is not None:
            return user_of(user, (*path, "user"))
        if external_id is None:
            return None
        require_external_ids(caller)
        blind = self._sealer.blind(caller.tenant, HandleKind.EXTERNAL_ID, external_id)
        rows = await self._store.read(PeopleByHandle(caller.tenant, (blind,)))
        return rows[0].id if rows else None
