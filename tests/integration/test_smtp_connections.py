"""Connections are kept, counted, replaced when dead and left politely; no mail is sent twice or lost over it."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from dispatchers.email.smtp import SmtpProvider, SmtpSettings
from models.states import Outcome, ReasonCode
from tests.integration.scripted_smtp import CLOSE, SILENCE
from tests.integration.smtp_parts import (
    ADA,
    BIG,
    BUSY,
    IMPATIENT,
    NOT_CALLED,
    REFUSED,
    UNKNOWN,
    Connect,
    FixedClock,
    R,
    Start,
    message,
    providers,
    send,
    servers,
    verdict,
)


@pytest.fixture
async def serve() -> AsyncIterator[Start]:
    async with servers() as start:
        yield start


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with providers() as build:
        yield build


async def test_one_connection_carries_many_mails(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port)

    answers = [await send(provider) for _ in range(20)]

    assert {answer.outcome for answer in answers} == {Outcome.SENT}
    assert (server.connections, len(server.mails)) == (1, 20)


async def test_a_batch_is_answered_in_order(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": ["250 Ok", "550 5.1.1 Unknown", "250 Ok"]})

    answers = await connect(server.port).send([message(number=n) for n in range(3)])

    assert [answer.outcome for answer in answers] == [Outcome.SENT, REFUSED, Outcome.SENT]


async def test_no_more_connections_than_allowed_are_opened_at_once(serve: Start, connect: Connect) -> None:
    server = await serve(pause_s=0.005)
    provider = connect(server.port, max_connections=3)

    await asyncio.gather(*[send(provider) for _ in range(30)])

    assert provider.limits.concurrency == server.most_at_once == server.connections == 3
    assert (provider.limits.bulk, len(server.mails)) == (1, 30)


async def test_who_finds_every_connection_taken_is_told_before_anything_leaves(serve: Start, connect: Connect) -> None:
    server = await serve({".": SILENCE})
    provider = connect(server.port, max_connections=1, connect_timeout_s=0.2, final_timeout_s=1.0)

    first, second = await asyncio.gather(send(provider), send(provider))

    assert verdict(first) == (UNKNOWN, R.ANSWER_TIMED_OUT)
    assert verdict(second) == (NOT_CALLED, R.PROVIDER_BUSY)
    assert server.connections == 1


async def test_a_connection_is_left_after_its_share_of_mails(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port, max_messages_per_connection=3)

    for _ in range(7):
        await send(provider)

    assert (server.connections, len(server.mails)) == (3, 7)
    await server.heard("QUIT", 2)


async def test_an_idle_connection_is_left_politely(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port, idle_timeout_s=0.05)

    await send(provider)
    await server.everyone_left()

    assert server.commands[-1] == "QUIT"


async def test_closing_leaves_every_connection_politely(serve: Start, connect: Connect) -> None:
    server = await serve(pause_s=0.005)
    provider = connect(server.port)
    await asyncio.gather(*[send(provider) for _ in range(4)])

    await provider.aclose()
    await server.everyone_left()

    assert (server.connections, server.commands.count("QUIT")) == (4, 4)


async def test_closing_does_not_wait_for_a_server_that_ignores_it(serve: Start, connect: Connect) -> None:
    server = await serve({"QUIT": SILENCE})
    provider = connect(server.port)
    await send(provider)

    async with asyncio.timeout(5):
        await provider.aclose()
        await server.everyone_left()


async def test_after_a_refusal_the_connection_starts_anew(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": ["550 5.1.1 Unknown", "250 Ok", "250 Ok"]})
    provider = connect(server.port)

    answers = [await send(provider) for _ in range(3)]

    assert [answer.outcome for answer in answers] == [REFUSED, Outcome.SENT, Outcome.SENT]
    assert (server.connections, server.commands.count("RSET")) == (1, 1)


@pytest.mark.parametrize("death", [CLOSE, SILENCE, "421 4.4.2 Idle too long", "503 Who are you", "nonsense"])
async def test_a_kept_connection_that_died_is_replaced_within_the_call(
    serve: Start, connect: Connect, death: object
) -> None:
    server = await serve({"MAIL": ["250 Ok", death, "250 Ok"]})
    provider = connect(server.port, **IMPATIENT)
    await send(provider)

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert (server.connections, len(server.mails)) == (2, 2)


async def test_a_connection_that_the_server_closed_while_idle_is_not_used(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port)
    await send(provider)
    server.hang_up()
    await server.everyone_left()

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert (server.connections, len(server.mails)) == (2, 2)


@pytest.mark.parametrize("which", [0, 1])
async def test_where_one_kept_connection_is_closed_another_is_used(serve: Start, connect: Connect, which: int) -> None:
    server = await serve(pause_s=0.005)
    provider = connect(server.port)
    await asyncio.gather(send(provider), send(provider))
    server.hang_up(which)
    await server.left(1)
    await asyncio.sleep(0.02)

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert (server.connections, len(server.mails)) == (2, 3)


async def test_a_connection_that_cannot_be_reset_is_replaced(serve: Start, connect: Connect) -> None:
    server = await serve({"RCPT": ["550 5.1.1 Unknown", "250 Ok"], "RSET": "502 Not implemented"})
    provider = connect(server.port)
    await send(provider)

    assert verdict(await send(provider)) == (Outcome.SENT, None)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("RCPT", (BUSY, R.CONNECTION_LOST)), ("DATA", (BUSY, R.CONNECTION_LOST)), (".", (UNKNOWN, R.CONNECTION_LOST))],
)
async def test_a_kept_connection_that_dies_later_is_the_callers_to_judge(
    serve: Start, connect: Connect, stage: str, expected: tuple[Outcome, ReasonCode]
) -> None:
    server = await serve({stage: ["354 Go" if stage == "DATA" else "250 Ok", CLOSE]})
    provider = connect(server.port)
    await send(provider)

    assert verdict(await send(provider)) == expected
    assert server.connections == 1


async def test_a_fresh_connection_is_not_tried_twice(serve: Start, connect: Connect) -> None:
    server = await serve({"MAIL": CLOSE})

    assert verdict(await send(connect(server.port))) == (BUSY, R.CONNECTION_LOST)
    assert server.connections == 1


@pytest.mark.parametrize("stage", [" ", "EHLO", "MAIL", "DATA", "content", "."])
async def test_a_cancelled_call_closes_its_connection(serve: Start, connect: Connect, stage: str) -> None:
    server = await serve({stage: SILENCE})
    provider = connect(server.port, max_connections=1)
    call = asyncio.create_task(send(provider, text=BIG))
    await server.silent()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    await server.everyone_left()
    assert server.mails == []
    server.script.clear()
    assert (await send(provider)).outcome is Outcome.SENT


async def test_a_cancellation_is_never_lost_whenever_it_comes(serve: Start, connect: Connect) -> None:
    server = await serve()
    provider = connect(server.port)

    for turns in range(200):
        call = asyncio.create_task(send(provider))
        for _ in range(turns):
            await asyncio.sleep(0)
        if call.cancel():
            with pytest.raises(asyncio.CancelledError):
                await call

    assert len(server.mails) > 20, "no call came to its end, so not every moment was tried"


async def test_no_server_is_not_a_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    provider = SmtpProvider(SmtpSettings(host="127.0.0.1", port=port, sender=ADA, tls="none"), FixedClock())

    assert verdict(await send(provider)) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)


async def test_a_host_without_an_address_is_not_a_call(connect: Connect) -> None:
    sent = await send(connect(25, host="mail.invalid"))

    assert verdict(sent) == (NOT_CALLED, R.PROVIDER_UNREACHABLE)


async def test_a_server_of_the_old_kind_is_spoken_to_in_its_words(serve: Start, connect: Connect) -> None:
    server = await serve({"EHLO": "502 What"})

    assert (await send(connect(server.port))).outcome is Outcome.SENT
    assert server.commands[:3] == ["EHLO", "HELO", "MAIL"]
