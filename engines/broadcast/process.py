"""The doorbell within one process: listeners are called at once."""

from collections.abc import Callable, Collection

from engines.broadcast.base import Bell


class ProcessBroadcast:
    """`Broadcast` for the embedded profile."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Collection[Bell]], None]] = []

    async def ring(self, bells: Collection[Bell]) -> None:
        """See `Broadcast.ring`."""
        for heard in tuple(self._listeners):
            heard(bells)

    def listen(self, heard: Callable[[Collection[Bell]], None]) -> Callable[[], None]:
        """See `Broadcast.listen`."""
        self._listeners.append(heard)
        return lambda: self._listeners.remove(heard)
