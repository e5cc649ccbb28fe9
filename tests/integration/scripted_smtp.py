"""An SMTP server that says exactly what a test tells it to, at exactly the moment: for the borders between outcomes."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

CLOSE: Final = object()
"""Instead of an answer: reset the connection."""
SILENCE: Final = object()
"""Instead of an answer: none, and nothing is read until the test asks whether everyone left."""

_ORDINARY = {" ": "220 scripted.test ESMTP", "DATA": "354 Go ahead", "QUIT": "221 Bye", "STARTTLS": "220 Go ahead"}
_PATIENCE_S = 10.0


class ScriptedServer:
    """Answers by script, and in the ordinary way where the script says nothing.

    Args:
        script: from a command's first word to its answer, or to a list of answers used one after the other, the last
            for ever. ` ` is the greeting, `content` the first bytes of the content, `.` its end.
        offers: what EHLO announces.
        tls: for a server that is encrypted from the first byte on; starttls: for one that offers to be.
        pause_s: before each answer to a command.
    """

    def __init__(
        self,
        script: Mapping[str, object],
        *,
        offers: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        pause_s: float = 0.0,
    ) -> None:
        self.script = {stage: list(said) if isinstance(said, list) else [said] for stage, said in script.items()}
        self.lines: list[str] = []
        self.mails: list[bytes] = []
        self.connections = 0
        self.most_at_once = 0
        self.port = 0
        self._offers = (*offers, "STARTTLS") if starttls else offers
        self._tls = tls
        self._starttls = starttls
        self._pause_s = pause_s
        self._is_silent = False
        self._reads_on = asyncio.Event()
        self._news = asyncio.Event()
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._server: asyncio.Server | None = None

    @property
    def commands(self) -> list[str]:
        """The first words of all commands heard."""
        return [line.split(" ")[0] for line in self.lines]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in list(self._open.values()):
                if task is not None:
                    task.cancel()
            await self.everyone_left()
            await self._server.wait_closed()

    def hang_up(self, which: int = 0) -> None:
        """Close a connection: the one opened first among those still open, or a later one."""
        list(self._open)[which].close()

    async def left(self, count: int) -> None:
        """Return once no more than `count` connections are open."""
        await self._until(lambda: len(self._open) <= count)

    async def silent(self) -> None:
        """Return once the script fell silent."""
        await self._until(lambda: self._is_silent)

    async def everyone_left(self) -> None:
        """Return once no connection is open."""
        self._reads_on.set()
        await self._until(lambda: not self._open)

    async def heard(self, command: str, times: int) -> None:
        """Return once a command came so often."""
        await self._until(lambda: self.commands.count(command) >= times)

    async def _until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not done():
                await self._news.wait()

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open[writer] = asyncio.current_task()
        self.most_at_once = max(self.most_at_once, len(self._open))
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._converse(reader, writer)
        finally:
            writer.transport.abort()
            del self._open[writer]
            self._tell()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = await self._answer(" ", reader, writer)
        while _goes_on(told):
            line = (await reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
            self.lines.append(line)
            self._tell()
            command = line.split(" ")[0]
            await asyncio.sleep(self._pause_s)
            told = await self._answer(command, reader, writer)
            if command == "QUIT":
                return
            if command == "STARTTLS" and self._starttls is not None:
                await writer.start_tls(self._starttls)
            if told.startswith("354"):
                told = await self._content(reader, writer)

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        first = await reader.readexactly(1)
        await self._answer("content", reader, writer)
        lines = [first]
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        if self.script.get(".", [""])[0] not in (CLOSE, SILENCE):
            self.mails.append(b"".join(lines))
        return await self._answer(".", reader, writer)

    async def _answer(self, stage: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        told = self._told(stage)
        if told is CLOSE:
            raise ConnectionResetError
        if told is SILENCE:
            await self._fall_silent(reader)
        if told:
            writer.write(f"{told}\r\n".encode())
            await writer.drain()
        return str(told)

    def _told(self, stage: str) -> object:
        if stage in self.script:
            said = self.script[stage]
            return said.pop(0) if len(said) > 1 else said[0]
        if stage == "EHLO":
            return "\r\n".join([*[f"250-{word}" for word in ("scripted.test", *self._offers)], "250 HELP"])
        return "" if stage == "content" else _ORDINARY.get(stage, "250 Ok")

    async def _fall_silent(self, reader: asyncio.StreamReader) -> None:
        self._is_silent = True
        self._tell()
        await self._reads_on.wait()
        rest = await reader.read()
        if rest.endswith(b"\r\n.\r\n"):
            self.mails.append(rest)
        raise ConnectionResetError


def _goes_on(told: str) -> bool:
    return not told.startswith("421")
