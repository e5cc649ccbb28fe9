"""Cancel a notification: what has not left is not sent. Used by every door."""

from engines.store.base import Store
from engines.store.operations import Cancel, Cancelled, TooLate
from errors import Conflict, NotFound
from models import ids
from models.clock import Clock
from models.principal import Permission, Principal
from models.vocabulary import AuditAction
from usecases.audit_entries import audit_entry
from usecases.history_filters import notification_of


class CancelNotification:
    """Takes a notification back, at any time before all of it has left."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, caller: Principal, notification: str, *path: str) -> Cancelled:
        """Cancel; to repeat it changes nothing, and answers the same.

        Args:
            notification: `ntf_…`
            path: where it stands in the input.

        Raises:
            Forbidden: the caller may not send.
            InvalidInput: no notification's id.
            NotFound: there is none of this tenant.
            Conflict: it is over: every delivery has reached a final state, and nothing is left to be stopped.
            Unavailable: it may or may not be cancelled: repeat.
        """
        caller.require(Permission.SEND_NOTIFICATIONS)
        raw = notification_of(notification, path)
        now_us = self._clock.now_us()
        subject = ids.encode(ids.NOTIFICATION, raw)
        entry = audit_entry(caller, AuditAction.NOTIFICATION_CANCELLED, subject, now_us)
        answer = await self._store.write(Cancel(caller.tenant, raw, now_us, entry))
        if answer is None:
            raise NotFound("no notification of this tenant has that id", path=path)
        if isinstance(answer, TooLate):
            raise Conflict("it is too late: every delivery of it has reached a final state already", path=path)
        return answer
