"""All that reads and changes history, together: built by services, asked by doors."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from models.clock import Clock
from usecases.cancel_notification import CancelNotification
from usecases.find_user import FindUser
from usecases.list_dead_letters import ListDeadLetters
from usecases.list_deliveries import ListDeliveries
from usecases.list_notifications import ListNotifications
from usecases.replay_dead_letters import ReplayDeadLetters
from usecases.send_notifications import Bell


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One of each."""

    notifications: ListNotifications
    deliveries: ListDeliveries
    dead_letters: ListDeadLetters
    find_user: FindUser
    cancel: CancelNotification
    replay: ReplayDeadLetters


def history(store: Store, sealer: Sealer, bell: Bell, clock: Clock) -> History:
    """All of them over one store."""
    return History(
        notifications=ListNotifications(store, sealer),
        deliveries=ListDeliveries(store, sealer),
        dead_letters=ListDeadLetters(store, sealer),
        find_user=FindUser(store, sealer),
        cancel=CancelNotification(store, clock),
        replay=ReplayDeadLetters(store, sealer, bell, clock),
    )
