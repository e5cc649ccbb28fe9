"""The simulated server's journal, and the simulator as a process of its own."""

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from errors import ConfigurationError, CorruptData
from simulator.journal import Journal, Line, read_journal
from simulator.scripts import Stage
from tests.simulators import Side, mail, starting

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[Side]:
    async with starting(tmp_path) as start:
        yield await start()


async def test_a_journal_line_tells_everything_about_an_outcome(side: Side) -> None:
    words = await side.send("ada@example.test", message=mail("Bestellung für Zoë"))

    assert json.loads(side.path.read_text()) == {
        "at": side.clock.us,
        "from": "bounces@carillon.test",
        "to": "ada@example.test",
        "stage": "DATA",
        "answer": f"250 {words}",
        "taken": True,
        "script": None,
        "message_id": "m1@carillon.test",
        "subject": "Bestellung für Zoë",
        "headers": {"X-Carillon-Delivery": "dlv_1"},
    }


async def test_a_line_is_in_the_file_before_the_sender_hears_the_answer(side: Side) -> None:
    async with side.client() as client:
        for count in range(1, 21):
            await client.send_message(mail(), sender="a@c.test", recipients=["ada@example.test"])
            assert len(side.lines()) == count


async def test_a_journal_grows_across_restarts_and_hides_an_unfinished_line(tmp_path: Path) -> None:
    line = Line(1, "a@c.test", "ada@example.test", Stage.DATA, None, True)
    path = tmp_path / "journal.jsonl"
    for _ in range(2):
        journal = Journal(path)
        journal.write([line])
        journal.close()
    with path.open("ab") as file:
        file.write(b'{"at":1,"fr')

    assert read_journal(path) == [line, line]


def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_text('{"at":"noon"}\n')

    with pytest.raises(CorruptData, match="foreign"):
        read_journal(foreign)
    with pytest.raises(ConfigurationError, match="absent"):
        Journal(tmp_path / "absent" / "journal.jsonl")


async def test_a_journal_that_cannot_be_written_defers_the_mail(side: Side) -> None:
    side.journal.close()
    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        await side.send("ada@example.test")

    assert (caught.value.code, len(side.mailbox)) == (451, 0)


# ── the process of its own ──────────────────────────────────────────────────


async def started(*words: str) -> tuple[asyncio.subprocess.Process, dict[str, int]]:
    command = (sys.executable, "-m", "simulator", *words)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 60))


async def test_the_process_answers_on_both_ports_and_stops_cleanly(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    process, ports = await started("--starttls", "--certificate", str(certificate), "--login", "ada:secret")
    try:
        trusting = ssl.create_default_context(cafile=certificate)
        smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=ports["smtp_port"], start_tls=True, tls_context=trusting)
        async with smtp:
            await smtp.login("ada", "secret")
            await smtp.send_message(mail(), sender="a@c.test", recipients=["ada@example.test"])
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports['http_port']}") as web:
                assert (await web.get("/simulator/mailbox.json")).json()["total"] == 1
                assert (await web.get("/", follow_redirects=True)).url.path == "/simulator/mailbox"
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_lines_outlive_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    process, ports = await started("--journal", str(path))
    try:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=ports["smtp_port"]) as smtp:
            for _ in range(50):
                await smtp.send_message(mail(), sender="a@c.test", recipients=["ada@example.test"])
            process.kill()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert len(read_journal(path)) == 50


async def test_a_process_that_cannot_listen_says_so(side: Side) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "--smtp-port", str(side.port)),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, problem = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 2
    assert problem.decode().startswith(f"cannot listen on 127.0.0.1:{side.port}")
