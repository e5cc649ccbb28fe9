"""Starts a real PostgreSQL server on loopback. Used by tests, drills and benches, and by people: `python -m` this."""

import argparse
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

from deploy.local.account import Account, make_folder, server_account
from deploy.local.cache import engines_cache
from deploy.local.postgres_data import ensure_data
from deploy.local.postgres_programs import ENVIRONMENT, Programs, find_programs
from deploy.local.postgres_script import run_script
from deploy.local.process import ServerProcess
from errors import CarillonError, ConfigurationError, EngineUnavailable

OWNER = "postgres"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
PORT_TRIES = 5
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # no socket file: its path may be too long, and every client here speaks TCP
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
}
WITHOUT_FSYNC = {"fsync": "off", "full_page_writes": "off"}
"""Survives SIGKILL of the server, not the loss of the machine's power."""
_PORT_TAKEN = "could not create any TCP/IP sockets"


class Postgres:
    """One server in one folder: `data` in it is the database, `server.log` what the server said.

    Every login from loopback is trusted. The port is chosen at the first start and then kept, so URLs stay valid
    over `restart` and `kill`. The server ends with this process at the latest. Not for use by two threads at once.
    """

    def __init__(
        self,
        folder: Path,
        programs: Programs,
        account: Account | None,
        *,
        port: int = 0,
        settings: Mapping[str, str] = NO_SETTINGS,
        temporary: bool = False,
    ) -> None:
        self.folder = folder
        self.programs = programs
        self._account = account
        self._port = port
        self._settings = {**SETTINGS, **settings}
        self._temporary = temporary
        self._process: ServerProcess | None = None

    @classmethod
    def temporary(cls, *, fsync: bool = True, settings: Mapping[str, str] = NO_SETTINGS) -> Self:
        """A new, empty server, not started yet; `with` starts it, and removes it at the end.

        Args:
            fsync: whether commits reach the disk; without, tests run faster and still survive SIGKILL.
            settings: more of PostgreSQL's settings, by name; they win over ours.

        Raises:
            EngineUnavailable: PostgreSQL cannot be had on this machine.
        """
        account = server_account()
        folder = Path(tempfile.mkdtemp(prefix="carillon-postgres-", dir=_temporary_folder(account)))
        try:
            folder.chmod(0o711 if account else 0o700)
            return cls._prepared(folder, account, 0, {**({} if fsync else WITHOUT_FSYNC), **settings}, temporary=True)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @classmethod
    def at(cls, folder: Path, *, port: int = 0, settings: Mapping[str, str] = NO_SETTINGS) -> Self:
        """The server that lives in `folder`, made there if it is new; not started yet. Port 0 takes a free one.

        Raises:
            ConfigurationError: root's server account cannot reach the folder.
            EngineUnavailable: PostgreSQL cannot be had on this machine.
        """
        make_folder(folder.resolve())
        return cls._prepared(folder.resolve(), server_account(), port, settings, temporary=False)

    @classmethod
    def _prepared(
        cls, folder: Path, account: Account | None, port: int, settings: Mapping[str, str], *, temporary: bool
    ) -> Self:
        cache = engines_cache(account)
        programs = find_programs(cache)
        ensure_data(folder / "data", programs, account, cache, durable=not temporary)
        return cls(folder, programs, account, port=port, settings=settings, temporary=temporary)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int:
        """The postmaster's process id.

        Raises:
            EngineUnavailable: it does not run.
        """
        if self._process is None or not self._process.alive:
            raise EngineUnavailable(f"the PostgreSQL server in {self.folder} does not run")
        return self._process.pid

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1; 0 before the first start, if none was asked for."""
        return self._port

    @property
    def owner_url(self) -> str:
        """The URL of the superuser and owner of every database made here."""
        return self.url()

    def url(self, database: str = "postgres", user: str = OWNER) -> str:
        """The URL of that database for that user."""
        return f"postgresql://{quote(user, safe='')}@127.0.0.1:{self._port}/{quote(database, safe='')}"

    def start(self) -> None:
        """Start, and return when connections are taken; after a kill that means after recovery. Twice is no harm.

        Raises:
            EngineUnavailable: it did not become ready; the message holds the server's own last word.
        """
        if not self.alive:
            self._port, self._process = self._launch_somewhere(PORT_TRIES)

    def stop(self) -> None:
        """PostgreSQL's fast shutdown: open transactions are rolled back. Killed if it takes over 10 s."""
        if self._process is not None:
            self._process.stop(STOP_WITHIN_S)

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL the postmaster and all its children: what a crash of the server looks like. `start` recovers."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Stop for good; a temporary server's folder is removed."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """Make an empty database and return its owner's URL.

        Raises:
            InvalidInput: there is one of that name.
        """
        self._psql('CREATE DATABASE :"name";', name=name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, cutting off who uses it; one that does not exist is no error."""
        self._psql('DROP DATABASE IF EXISTS :"name" WITH (FORCE);', name=name)

    def create_login(self, role: str, in_role: str) -> None:
        """Let `role` log in with all that `in_role` may do; it is made if missing, and is never a superuser.

        Raises:
            InvalidInput: `in_role` does not exist.
        """
        self._psql(
            "SELECT format('CREATE ROLE %I LOGIN', :'role')"
            " WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec\n"
            'GRANT :"in_role" TO :"role";',
            role=role,
            in_role=in_role,
        )

    def _psql(self, script: str, **variables: str) -> None:
        run_script(self.programs, self.owner_url, script, variables)

    def _launch_somewhere(self, tries: int) -> tuple[int, ServerProcess]:
        port = self._port or _free_port()
        try:
            return port, self._launch(port)
        except EngineUnavailable as failure:
            if self._port or tries == 1 or _PORT_TAKEN not in failure.message:
                raise
        return self._launch_somewhere(tries - 1)

    def _launch(self, port: int) -> ServerProcess:
        log = self.folder / "server.log"
        said_before_bytes = log.stat().st_size if log.exists() else 0
        options = [f"--{name}={value}" for name, value in {**self._settings, "port": str(port)}.items()]
        process = ServerProcess.launch(
            [self.programs.path("postgres"), "-D", str(self.folder / "data"), *options],
            ENVIRONMENT,
            self._account,
            log,
            stop_signal=signal.SIGINT,
            grace_s=STOP_WITHIN_S,
            remove=self.folder if self._temporary else None,
        )
        try:
            self._await_ready(process, log, said_before_bytes)
        except BaseException:
            process.kill()
            raise
        return process

    def _await_ready(self, process: ServerProcess, log: Path, said_before_bytes: int) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not _is_ready(self.folder / "data" / "postmaster.pid", process.pid):
            if not process.alive or time.monotonic() > deadline:
                raise EngineUnavailable(f"PostgreSQL did not start: {_complaint(log, said_before_bytes)}")
            time.sleep(0.01)


def _is_ready(status: Path, pid: int) -> bool:
    """As pg_ctl decides: line 1 of the file is the pid, line 8 "ready". A killed server's file has another pid."""
    try:
        lines = status.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _complaint(log: Path, from_byte: int) -> str:
    lines = log.read_bytes()[from_byte:].decode(errors="replace").splitlines() or ["it said nothing"]
    return next((line for line in reversed(lines) if "FATAL" in line), lines[-1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _temporary_folder(account: Account | None) -> str:
    if account is None:
        return tempfile.gettempdir()
    folders = [tempfile.gettempdir(), "/tmp", "/var/tmp"]
    for folder in folders:
        if account.reaches(Path(folder)):
            return folder
    raise ConfigurationError(f"servers of root run as {account.name!r}, who reaches none of {', '.join(folders)}")


def main(arguments: list[str]) -> int:
    """Run a server in the foreground until Ctrl-C or SIGTERM; 1 if it ends by itself or does not start."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.postgres", description="A PostgreSQL server on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, default=Path("var/engines/postgres"), help="the folder it lives in")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Postgres.at(options.data, port=options.port) as server:
            print(f"PostgreSQL {server.programs.version} at {server.owner_url} (Ctrl-C stops it)", flush=True)
            while server.alive:
                time.sleep(0.2)
            print(f"PostgreSQL ended by itself: see {server.folder / 'server.log'}", file=sys.stderr)
    except KeyboardInterrupt:
        return 0
    except CarillonError as failure:
        print(failure.message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
