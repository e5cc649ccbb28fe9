"""How fast sends go out. Used by `bench.sender`."""

import asyncio


class Pace:
    """Lets so many sends pass a second, evenly; None lets all pass at once."""

    def __init__(self, per_second: float | None = None) -> None:
        self._per_second = per_second
        self._next_s = 0.0

    async def let_pass(self, count: int) -> None:
        """Return when `count` more sends may go out."""
        if self._per_second is None:
            return
        now_s = asyncio.get_running_loop().time()
        turn_s = max(now_s, self._next_s)
        self._next_s = turn_s + count / self._per_second
        await asyncio.sleep(turn_s - now_s)
