"""Free places for calls to a provider: taken many at a time, given back one by one. Used by delivery."""

import asyncio


class Slots:
    """At most `count` calls at once."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._freed = asyncio.Event()
        self._freed.set()

    async def free(self) -> None:
        """Wait until there is a free place."""
        while self._free == 0:
            self._freed.clear()
            await self._freed.wait()

    async def take(self, wanted: int) -> int:
        """Wait for a free place and take up to `wanted` of them."""
        await self.free()
        taken = min(self._free, wanted)
        self._free -= taken
        return taken

    def give_back(self, count: int) -> None:
        """Free places again."""
        self._free += count
        self._freed.set()
