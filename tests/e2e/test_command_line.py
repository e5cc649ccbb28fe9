"""The command line: starts that are refused say why, and keys and tokens are made and ended while the server runs."""

import asyncio
import re
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from tests.e2e.process import CarillonProcess
from tests.e2e.product import VIEWER, Product, close_code

TAKES_EFFECT_WITHIN_S = 1.0
CLOSES_WITHIN_S = 5.0
UNAUTHORIZED, FORBIDDEN = 4401, 4403


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_a_second_process_on_the_same_files_is_refused(product: Product) -> None:
    second = CarillonProcess(product.process.folder, {})
    refused = await asyncio.to_thread(second.command, "run")

    assert refused.returncode == 1 and refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert line.startswith("carillon run: ") and "carillon.db is served by another process" in line
    assert (await product.get("/health/ready")).status_code == 200


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = "{}:{}".format(*other.getsockname())
        refused = CarillonProcess(tmp_path, {"CARILLON_LISTEN": address}).command("run")

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(f"carillon run: cannot listen on {address}: ")
    assert "Traceback" not in refused.stderr


def test_all_wrong_settings_are_told_together_and_nothing_is_made(tmp_path: Path) -> None:
    wrong = {
        "CARILLON_LISTEN": "nowhere",
        "CARILLON_STORE": "mysql://root:secret@db/carillon",
        "CARILLON_EMAIL": "smtp://mail.example.org:25x",
        "CARILLON_EMAIL_TIMEOUT_S": "soon",
        "CARILLON_LOG_LEVEL": "loud",
        "CARILLON_COLOUR": "blue",
    }
    refused = CarillonProcess(tmp_path, wrong).command("run")
    told = [line.strip() for line in refused.stderr.splitlines()[1:]]

    assert refused.returncode == 1 and refused.stderr.startswith("carillon run: settings cannot be used:")
    assert sorted(line.partition("=")[0].partition(":")[0] for line in told) == sorted(wrong)
    assert all("expected" in line or "no such setting" in line for line in told)
    assert "secret" not in refused.stderr and not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CARILLON_EMAIL", "smtp://ada:secret@mail.example.org?tls=none", "would travel in clear"),
        ("CARILLON_EMAIL", "smtp://mail.example.org?tls=perhaps", "CARILLON_EMAIL"),
        ("CARILLON_EMAIL_FROM", "Ada <@>", "expected one like Carillon <carillon@example.org>"),
        ("CARILLON_STORE", "sqlite:////no/such/folder/carillon.db", "cannot be opened: No such file or directory"),
        ("CARILLON_FOLDER", "/dev/null", "CARILLON_FOLDER=/dev/null cannot be made"),
        ("CARILLON_STORE", "postgresql://ada:secret@127.0.0.1:1/carillon", "does not answer"),
    ],
)
def test_a_start_that_cannot_work_says_why(tmp_path: Path, variable: str, value: str, words: str) -> None:
    refused = CarillonProcess(tmp_path, {variable: value}).command("run")

    assert refused.returncode == 1 and words in refused.stderr and refused.stderr.startswith("carillon run: ")
    assert "Traceback" not in refused.stderr and "secret" not in refused.stderr


def test_config_shows_what_is_in_force_and_hides_passwords(tmp_path: Path) -> None:
    settings = {
        "CARILLON_STORE": "postgresql://ada:secret1@db.example.org/carillon",
        "CARILLON_STORE_OWNER": "postgresql://owner:secret2@db.example.org/carillon",
        "CARILLON_EMAIL": "smtp://ada:secret3@mail.example.org:587",
        "CARILLON_UNKNOWN_RESENDS": "7",
    }
    shown = CarillonProcess(tmp_path, settings).answer("config")

    assert "secret" not in shown
    assert "CARILLON_STORE=postgresql://ada:***@db.example.org/carillon\n" in shown
    assert "CARILLON_EMAIL=smtp://ada:***@mail.example.org:587\n" in shown
    assert "CARILLON_UNKNOWN_RESENDS=7\n" in shown and "CARILLON_WHEN_UNKNOWN=resend\n" in shown


def test_a_verb_that_is_none_shows_those_there_are(tmp_path: Path) -> None:
    unknown = CarillonProcess(tmp_path, {}).command("ring")
    asked = CarillonProcess(tmp_path, {}).command("help")

    assert (unknown.returncode, asked.returncode) == (2, 0)
    assert all(verb in unknown.stderr for verb in ("run", "migrate", "config", "keys", "token"))


async def test_a_key_works_at_once_and_is_refused_within_a_second_of_its_end(product: Product) -> None:
    key = await command(product, "keys", "create", "--name", "shop", "--role", "developer")
    viewer = (await product.data(VIEWER, key))["viewer"]
    listed = await command(product, "keys", "list")
    [line] = [line for line in listed.splitlines() if line.endswith("  shop")]
    async with product.socket(key) as live:
        ended = await command(product, "keys", "revoke", line.split()[0])
        took_s = await until_refused(product, key)
        code = await close_code(live, CLOSES_WITHIN_S)
    again = await asyncio.to_thread(product.process.command, "keys", "revoke", line.split()[0])
    [after] = [line for line in (await command(product, "keys", "list")).splitlines() if line.endswith("  shop")]

    assert (viewer["role"], viewer["name"]) == ("DEVELOPER", "shop")
    assert "in force" in line and "DEVELOPER" in line and ended == f"{line.split()[0]} is revoked"
    assert took_s < TAKES_EFFECT_WITHIN_S and code == FORBIDDEN
    assert "revoked" in after and again.returncode == 1 and "is in force" in again.stderr
    assert key not in listed and (await product.data(VIEWER))["viewer"]["role"] == "ADMIN"


async def test_a_key_is_rotated_while_the_server_runs(product: Product) -> None:
    key = await command(product, "keys", "create", "--name", "kiosk", "--role", "developer")
    [line] = [one for one in (await command(product, "keys", "list")).splitlines() if one.endswith("  kiosk")]
    text, told = (await command(product, "keys", "rotate", line.split()[0], "--grace", "0")).splitlines()

    assert (await product.data(VIEWER, text))["viewer"] == (await product.data(VIEWER, product.admin))["viewer"] | {
        "role": "DEVELOPER", "name": "kiosk",
    }  # fmt: skip
    assert told.startswith(f"{line.split()[0]} ends ") and await until_refused(product, key) < TAKES_EFFECT_WITHIN_S


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_the_audit_log_is_verified_and_tampering_is_told(product: Product) -> None:
    await command(product, "keys", "create", "--name", "shop", "--role", "developer")
    whole = await command(product, "audit", "verify")
    with sqlite3.connect(product.process.folder / "var" / "carillon.db") as database:
        database.execute("UPDATE audit_log SET actor_name = 'nobody' WHERE seq = 2")
    database.close()
    broken = await asyncio.to_thread(product.process.command, "audit", "verify")

    assert re.fullmatch(r"entries that hold: [0-9]+; hash of the last: [0-9a-f]{64}", whole), whole
    assert broken.returncode == 1 and broken.stderr == "carillon audit: entry 2 was changed\n"
    assert broken.stdout.startswith("entries that hold: 1; ")


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_a_token_that_has_expired_ends_its_socket(product: Product) -> None:
    token = await product.token("grace", seconds=3)
    async with product.following(token, None) as live:
        began_s = time.monotonic()
        code = await close_code(live.socket, CLOSES_WITHIN_S)
        took_s = time.monotonic() - began_s
    answer = await product.ask(VIEWER, token)

    assert code == UNAUTHORIZED and took_s < 3 + TAKES_EFFECT_WITHIN_S
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_token_for_nobody_is_not_made(product: Product) -> None:
    refused = await asyncio.to_thread(product.process.command, "token", "--user", "nobody-at-all")

    assert refused.returncode == 1 and "no user 'nobody-at-all'" in refused.stderr and refused.stdout == ""


async def command(product: Product, *words: str) -> str:
    """What another verb prints while the server runs."""
    return await asyncio.to_thread(product.process.answer, *words)


async def until_refused(product: Product, key: str) -> float:
    """Seconds until the key is refused."""
    began_s = time.monotonic()
    while "errors" not in (answer := await product.ask(VIEWER, key)):
        assert time.monotonic() - began_s < CLOSES_WITHIN_S, "the key still works"
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    return time.monotonic() - began_s
