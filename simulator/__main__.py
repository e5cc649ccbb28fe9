"""`python -m simulator`: the SMTP server and its pages as a process of their own. Started by drills."""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from errors import ConfigurationError
from simulator.journal import Journal
from simulator.mailbox import Mailbox
from simulator.options import Login, SmtpOptions
from simulator.pages import routes
from simulator.smtp import SmtpSimulator

HOST = "127.0.0.1"


class Ready(msgspec.Struct, frozen=True):
    """The one line on standard output, once both ports answer."""

    smtp_port: int
    http_port: int


class Arguments(argparse.Namespace):
    """The command line."""

    smtp_port: int
    http_port: int
    journal: Path | None
    starttls: bool
    certificate: Path | None
    login: str
    require_auth: bool


class _Web(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would end the process by the signal itself, before the SMTP server and the journal are closed.
        yield


async def serve(arguments: Arguments) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = _signalled()
    journal = Journal(arguments.journal) if arguments.journal else None
    mailbox = Mailbox()
    smtp = SmtpSimulator(mailbox, journal=journal, options=_options(arguments), port=arguments.smtp_port)
    listener = _listen(arguments.http_port)
    web = _Web(uvicorn.Config(_application(mailbox), log_level="warning", access_log=False, lifespan="off"))
    serving = asyncio.create_task(web.serve(sockets=[listener]))
    try:
        _announce(Ready(await smtp.start(), listener.getsockname()[1]), smtp, arguments.certificate)
        await stopping.wait()
    finally:
        web.should_exit = True
        await serving
        await smtp.stop()
        if journal is not None:
            journal.close()


def main(words: Sequence[str]) -> int:
    """The exit status: 0 after a clean stop, 2 where the process cannot start as asked."""
    try:
        uvloop.run(serve(_arguments(words)))
    except ConfigurationError as problem:
        sys.stderr.write(problem.message + "\n")
        return 2
    return 0


def _arguments(words: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A scripted SMTP server with a mailbox.")
    parser.add_argument("--smtp-port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--http-port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--journal", type=Path, help="append a JSON line for every outcome to this file")
    parser.add_argument("--starttls", action="store_true", help="offer STARTTLS")
    parser.add_argument("--certificate", type=Path, help="write the certificate of STARTTLS to this file")
    parser.add_argument("--login", default="", metavar="USER:PASSWORD", help="offer AUTH to this user")
    parser.add_argument("--require-auth", action="store_true", help="refuse mail before AUTH")
    return parser.parse_args(words, namespace=Arguments())


def _options(arguments: Arguments) -> SmtpOptions:
    user, _, password = arguments.login.partition(":")
    login = Login(user, password) if user else None
    return SmtpOptions(starttls=arguments.starttls, login=login, require_auth=arguments.require_auth)


def _application(mailbox: Mailbox) -> Starlette:
    async def root(_request: Request) -> RedirectResponse:
        return RedirectResponse("/simulator/mailbox")

    return Starlette(routes=[Route("/", root), *routes(mailbox)])


def _listen(port: int) -> socket.socket:
    """Listening from here on: who connects before uvicorn accepts is only kept waiting."""
    try:
        return socket.create_server((HOST, port), backlog=128)
    except OSError as problem:
        raise ConfigurationError(f"cannot listen on {HOST}:{port}: {problem}") from problem


def _signalled() -> asyncio.Event:
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def _announce(ready: Ready, smtp: SmtpSimulator, certificate: Path | None) -> None:
    if certificate is not None and smtp.certificate_pem is not None:
        certificate.write_text(smtp.certificate_pem)
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
