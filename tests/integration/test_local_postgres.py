"""The launcher of PostgreSQL: what tests, drills and people rely on when they ask for a server on this machine."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import asyncpg
import psycopg
import pytest

from deploy.local.account import server_account
from deploy.local.cache import Cache, engines_cache
from deploy.local.postgres import Postgres
from deploy.local.postgres_programs import Programs, find_programs
from deploy.local.wheel import Wheel, unpack
from errors import ConfigurationError, EngineUnavailable, InvalidInput

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own_server(postgres_server: Postgres) -> Iterator[Postgres]:
    """One that a test may stop and kill."""
    assert postgres_server.alive
    with Postgres.temporary(fsync=False) as server:
        yield server


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account reaches (pytest's own are closed to all but their maker)."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX"


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until_gone(pid: int, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while runs(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs after {within_s} s"
        time.sleep(0.02)


async def test_asyncpg_and_psycopg_reach_the_server_as_its_owner(postgres_server: Postgres) -> None:
    connection = await asyncpg.connect(postgres_server.owner_url)
    version = await connection.fetchval("SHOW server_version_num")
    await connection.close()

    assert int(version) >= 150_000
    assert ask(postgres_server.owner_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True


def test_the_server_listens_on_loopback_only_and_keeps_utc_and_utf8(postgres_server: Postgres) -> None:
    settings = {name: ask(postgres_server.owner_url, f"SHOW {name}") for name in ("listen_addresses", "TimeZone")}

    assert settings == {"listen_addresses": "127.0.0.1", "TimeZone": "UTC"}
    assert ask(postgres_server.owner_url, "SELECT upper('é')") == "É"


def test_commits_reach_the_disk_unless_the_caller_gives_that_up(own_server: Postgres) -> None:
    with Postgres.temporary() as honest:
        assert ask(honest.owner_url, "SHOW fsync") == "on"
    assert ask(own_server.owner_url, "SHOW fsync") == "off"


def test_the_callers_settings_win() -> None:
    with Postgres.temporary(fsync=False, settings={"max_connections": "17"}) as server:
        assert ask(server.owner_url, "SHOW max_connections") == "17"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an account to give up")
def test_a_server_started_by_root_does_not_run_as_root(postgres_server: Postgres) -> None:
    account = server_account()

    assert account is not None
    assert Path(f"/proc/{postgres_server.pid}").stat().st_uid == account.uid != 0
    status = Path(f"/proc/{postgres_server.pid}/status").read_text()
    assert f"Gid:\t{account.gid}\t" in status
    assert "Groups:\t \n" in status


def test_a_new_database_is_empty(postgres_database: str) -> None:
    assert ask(postgres_database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_a_database_whose_name_needs_quotes_can_be_made_and_dropped(postgres_server: Postgres) -> None:
    name = 'Odd "name" of 100%/ü'

    assert ask(postgres_server.create_database(name), "SELECT current_database()") == name
    postgres_server.drop_database(name)
    assert ask(postgres_server.owner_url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'Odd%'") == 0


def test_a_database_is_dropped_although_someone_is_connected(postgres_server: Postgres) -> None:
    with psycopg.connect(postgres_server.create_database("busy")) as connection:
        connection.execute("SELECT 1")
        postgres_server.drop_database("busy")

        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_a_database_of_the_same_name_is_refused_with_the_servers_words(own_server: Postgres) -> None:
    own_server.create_database("twice")

    with pytest.raises(InvalidInput, match='database "twice" already exists'):
        own_server.create_database("twice")


def test_a_login_may_do_what_its_role_may_and_no_more(own_server: Postgres) -> None:
    url = own_server.create_database("shop")
    run(url, "CREATE ROLE clerk; CREATE TABLE open (x int); CREATE TABLE shut (x int); GRANT SELECT ON open TO clerk")

    own_server.create_login("ann", "clerk")
    own_server.create_login("ann", "clerk")

    ann = own_server.url("shop", "ann")
    assert ask(ann, "SELECT count(*) FROM open") == 0
    assert ask(ann, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(ann, "SELECT count(*) FROM shut")
    with pytest.raises(InvalidInput, match='role "nowhere" does not exist'):
        own_server.create_login("bob", "nowhere")


def test_stopping_leaves_no_process_and_closing_no_file(own_server: Postgres) -> None:
    family = [own_server.pid, *children(own_server.pid)]
    assert len(family) > 3

    own_server.stop()

    assert [pid for pid in family if runs(pid)] == []
    assert not own_server.alive
    with pytest.raises(psycopg.OperationalError):
        ask(own_server.owner_url, "SELECT 1")
    with pytest.raises(EngineUnavailable, match="does not run"):
        _ = own_server.pid
    with pytest.raises(EngineUnavailable):
        own_server.create_database("nowhere")
    own_server.close()
    assert not own_server.folder.exists()


def test_a_restart_keeps_url_and_rows(own_server: Postgres) -> None:
    url, pid = own_server.create_database("kept"), own_server.pid
    run(url, "CREATE TABLE t AS SELECT generate_series(1, 10) AS x")

    own_server.restart()

    assert own_server.pid != pid
    assert ask(url, "SELECT sum(x) FROM t") == 55


def test_a_killed_server_recovers_what_was_committed(own_server: Postgres) -> None:
    url = own_server.create_database("crash")
    run(url, "CREATE TABLE t (x int)")
    family = [own_server.pid, *children(own_server.pid)]
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO t SELECT generate_series(1, 1000)")
        connection.commit()
        connection.execute("INSERT INTO t VALUES (0)")

        own_server.kill()

        assert [pid for pid in family if runs(pid)] == []
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    own_server.start()
    assert ask(url, "SELECT count(*) FROM t") == 1000
    assert "automatic recovery in progress" in (own_server.folder / "server.log").read_text()


def test_two_servers_do_not_know_each_other(postgres_server: Postgres, own_server: Postgres) -> None:
    own_server.create_database("mine")

    assert own_server.port != postgres_server.port
    assert ask(postgres_server.owner_url, "SELECT count(*) FROM pg_database WHERE datname = 'mine'") == 0


def test_a_server_started_in_a_thread_outlives_the_thread(postgres_server: Postgres) -> None:
    assert postgres_server.alive
    server = Postgres.temporary(fsync=False)
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()

    with server:
        assert ask(server.owner_url, "SELECT 1") == 1
        assert children(server.pid) != []


LAUNCH_AND_WAIT = """
import time
from deploy.local.postgres import Postgres
with Postgres.temporary(fsync=False) as server:
    print(server.pid, server.folder, flush=True)
    time.sleep(600)
"""


@contextmanager
def launched(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process in our tree that does not outlast the test, whatever the test finds.

    It heeds Ctrl-C however the tests were started: a shell's background job ignores it, and so would its children.
    """
    command = [sys.executable, *arguments]
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding,  # noqa: PLW1509 (it sets a disposition and takes no lock)
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def ended(pids: list[int]) -> Iterator[None]:
    """Whatever of these still runs afterwards is killed."""
    try:
        yield
    finally:
        for pid in filter(runs, pids):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("victim", ["launcher", "guard"])
def test_no_server_outlives_its_launcher_or_its_guard(postgres_server: Postgres, victim: str) -> None:
    assert postgres_server.alive
    with launched("-c", LAUNCH_AND_WAIT) as launcher:
        assert launcher.stdout is not None
        pid, folder = launcher.stdout.readline().split()
        (guard,) = children(launcher.pid)
        server = [int(pid), *children(int(pid))]
        with ended([guard, *server]):
            os.kill({"launcher": launcher.pid, "guard": guard}[victim], signal.SIGKILL)

            for one in [guard, *server]:
                wait_until_gone(one)
    assert Path(folder).exists() == (victim == "guard")
    shutil.rmtree(folder, ignore_errors=True)


def foreground(data: Path, *more: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return launched("-m", "deploy.local.postgres", "--data", str(data), *more)


def url_of(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return next(word for word in server.stdout.readline().split() if word.startswith("postgresql://"))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_told_to_stop_and_finds_its_data_again(
    postgres_server: Postgres, open_folder: Path, end: signal.Signals
) -> None:
    assert postgres_server.alive
    for expected in (None, "t"):
        with foreground(open_folder / "engine") as server:
            url = url_of(server)
            assert ask(url, "SELECT to_regclass('t')::text") == expected
            run(url, "CREATE TABLE IF NOT EXISTS t ()")
            server.send_signal(end)
            output, errors = server.communicate(timeout=20)
        assert (server.returncode, output, errors) == (0, "", "")


def test_a_taken_port_is_told_in_one_line(postgres_server: Postgres, open_folder: Path) -> None:
    with foreground(open_folder / "engine", "--port", str(postgres_server.port)) as server:
        output, errors = server.communicate(timeout=60)

    assert (server.returncode, output) == (1, "")
    assert errors.startswith("PostgreSQL did not start: ")
    assert errors.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another account")
def test_a_folder_that_the_servers_account_cannot_reach_is_refused(postgres_server: Postgres, tmp_path: Path) -> None:
    assert postgres_server.alive
    tmp_path.chmod(0o700)

    with pytest.raises(ConfigurationError, match="cannot be reached by 'nobody'"):
        Postgres.at(tmp_path / "engine")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another account")
def test_roots_programs_are_kept_where_the_servers_account_reaches_them(tmp_path: Path, open_folder: Path) -> None:
    tmp_path.chmod(0o700)
    account = server_account()

    closed, reachable = (engines_cache(account, {"XDG_CACHE_HOME": str(one)}) for one in (tmp_path, open_folder))

    assert closed.folder == Path("/var/cache/carillon/engines")
    assert reachable.folder == open_folder / "carillon/engines"


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package index that has nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


@pytest.mark.usefixtures("no_index")
def test_without_index_and_installation_one_line_says_what_is_missing(tmp_path: Path) -> None:
    old = tmp_path / "usr/lib/postgresql/14/bin"
    old.mkdir(parents=True)
    for program in ("postgres", "initdb"):
        (old / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (old / program).chmod(0o755)

    with pytest.raises(EngineUnavailable) as refusal:
        find_programs(Cache(tmp_path / "cache"), root=tmp_path)

    assert refusal.value.message.startswith("PostgreSQL cannot be had here: pip ")
    assert refusal.value.message.endswith("; nor is 15 or newer installed")
    assert "\n" not in refusal.value.message
    assert [one.suffix for one in (tmp_path / "cache").iterdir()] == [".lock"]


@pytest.mark.usefixtures("no_index")
def test_without_index_the_newest_installed_server_is_taken(postgres_server: Postgres, tmp_path: Path) -> None:
    installed = tmp_path / "usr/lib/postgresql/18/bin"
    installed.parent.mkdir(parents=True)
    installed.symlink_to(postgres_server.programs.folder)

    found = find_programs(Cache(tmp_path / "cache"), root=tmp_path)

    assert found == Programs(installed, postgres_server.programs.version, postgres_server.programs.major)


def test_programs_of_a_wheel_can_be_run_by_everyone_once_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = "engine_of_ours-1.0.dist-info"
    with zipfile.ZipFile(tmp_path / "engine_of_ours-1.0-py3-none-any.whl", "w") as archive:
        program = zipfile.ZipInfo("engine_of_ours/bin/engine")
        program.external_attr = 0o100700 << 16
        archive.writestr(program, "#!/bin/sh\necho ready\n")
        archive.writestr("engine_of_ours/share/words", "words")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: engine-of-ours\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    into = tmp_path / "into"
    into.mkdir()

    unpack(Wheel(package="engine-of-ours", version="1.0", size_mb=1), into)

    engine, words = into / "engine_of_ours/bin/engine", into / "engine_of_ours/share/words"
    assert subprocess.run([engine], capture_output=True, text=True, check=True).stdout == "ready\n"
    assert [one.stat().st_mode & 0o555 for one in (engine.parent, engine, words)] == [0o555, 0o555, 0o444]
    assert sorted(one.name for one in into.iterdir()) == sorted([about, "engine_of_ours"])


def test_a_cache_entry_is_filled_once_however_many_ask(tmp_path: Path) -> None:
    fillings: list[Path] = []

    def fill(into: Path) -> None:
        fillings.append(into)
        (into / "first").touch()
        time.sleep(0.1)
        (into / "last").touch()

    with ThreadPoolExecutor(8) as callers:
        entries = list(callers.map(lambda _: Cache(tmp_path).entry("thing", fill), range(8)))

    assert len(fillings) == 1
    assert set(entries) == {tmp_path / "thing"}
    assert sorted(one.name for one in entries[0].iterdir()) == ["first", "last"]


def test_a_cache_entry_left_half_filled_is_never_seen(tmp_path: Path) -> None:
    left_behind = tmp_path / "thing.partial"
    left_behind.mkdir()
    (left_behind / "rubbish").touch()

    def fail(into: Path) -> None:
        (into / "half").touch()
        raise EngineUnavailable("the index went away")

    with pytest.raises(EngineUnavailable):
        Cache(tmp_path).entry("thing", fail)
    entry = Cache(tmp_path).entry("thing", lambda into: (into / "whole").touch())

    assert [one.name for one in entry.iterdir()] == ["whole"]
