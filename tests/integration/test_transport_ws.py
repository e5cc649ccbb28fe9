"""graphql-transport-ws as a client meets it: real server, real sockets, a schema of the test's own."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gateway.graphql.limits import Limits, SocketLimits
from gateway.graphql.live_socket import LiveSocket
from gateway.graphql.roster import Standing
from tests.integration.graphql_door import SECRET, Door, eventually, open_door

PROTOCOL = Subprotocol("graphql-transport-ws")
QUICK = Limits(sockets=SocketLimits(beat_s=0.01))
in_one_loop = pytest.mark.asyncio(loop_scope="module")


class Client:
    """One socket, spoken to by hand."""

    def __init__(self, socket_: ClientConnection) -> None:
        self.socket = socket_

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.socket.send(text)

    async def next(self) -> dict[str, Any]:
        """The next message, pings left out."""
        while True:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 5))
            if message["type"] != "ping":
                return message

    async def subscribe(self, id_: str, query: str, **more: object) -> None:
        await self.send({"id": id_, "type": "subscribe", "payload": {"query": query} | more})

    async def ask(self, id_: str, query: str, **more: object) -> dict[str, Any]:
        """The payload of an operation with one answer."""
        await self.subscribe(id_, query, **more)
        answer, end = await self.next(), await self.next()
        assert (answer["type"], answer["id"]) == ("next", id_)
        assert end == {"id": id_, "type": "complete"}
        payload: dict[str, Any] = answer["payload"]
        return payload

    async def stop_and_read_on(self, id_: str) -> None:
        """Stop an operation, and read what was on its way."""
        await self.send({"id": id_, "type": "complete"})
        await self.send({"type": "ping"})
        while (await self.next())["type"] != "pong":
            pass

    async def closed(self) -> tuple[int, str]:
        """Code and reason, once the server has closed; messages before are passed over."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(5):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""


@contextlib.asynccontextmanager
async def unknown_client(door: Door, **options: Any) -> AsyncIterator[Client]:  # noqa: ANN401 - passed on
    """An open socket that has not said who it is."""
    url = f"ws://{door.url}"
    async with connect(url, subprotocols=[PROTOCOL], compression=None, ping_interval=None, **options) as opened:
        yield Client(opened)


@contextlib.asynccontextmanager
async def admitted(door: Door, token: str = "ada") -> AsyncIterator[Client]:
    """An acknowledged socket."""
    async with unknown_client(door) as client:
        await client.send({"type": "connection_init", "payload": {"token": token}})
        assert await client.next() == {"type": "connection_ack"}
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Door]:
    """One door for all tests that leave nothing behind."""
    async with open_door() as opened:
        yield opened


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A door of the test's own, whose heart beats fast."""
    async with open_door(QUICK) as opened:
        yield opened


# --------------------------------------------------------------------------------------------------------- the greeting


@in_one_loop
@pytest.mark.parametrize(
    "payload",
    [{"token": "ada"}, {"Authorization": "Bearer ada"}, {"authorization": "bearer ada"}, {"Authorization": "ada"}],
)
async def test_the_token_comes_in_the_payload(shared: Door, payload: dict[str, str]) -> None:
    async with unknown_client(shared) as client:
        await client.send({"type": "connection_init", "payload": payload})
        assert await client.next() == {"type": "connection_ack"}
        assert await client.ask("1", "{ caller }") == {"data": {"caller": "ada"}}


@in_one_loop
async def test_the_token_may_come_in_the_upgrade_request_and_the_payloads_wins(shared: Door) -> None:
    header = {"authorization": "Bearer grace"}
    for payload, caller in (({}, "grace"), ({"token": "ada"}, "ada")):
        async with unknown_client(shared, additional_headers=header) as client:
            await client.send({"type": "connection_init", "payload": payload})
            assert await client.next() == {"type": "connection_ack"}
            assert await client.ask("1", "{ caller }") == {"data": {"caller": caller}}


@in_one_loop
@pytest.mark.parametrize(
    ("token", "code", "told"),
    [
        ("forged", 4403, "this token is not accepted"),
        (None, 4403, "a token is needed"),
        ("down", 1013, "the key store does not answer"),
        ("busy", 1013, "too many sign-ins"),
        ("bug", 4500, "internal error (trace "),
    ],
)
async def test_who_is_not_admitted_is_closed_with_the_reason(
    shared: Door, token: str | None, code: int, told: str
) -> None:
    async with unknown_client(shared) as client:
        await client.send({"type": "connection_init"} | ({"payload": {"token": token}} if token else {}))
        got = await client.closed()
        assert got[0] == code
        assert told in got[1]
        assert SECRET not in got[1]


@in_one_loop
@pytest.mark.parametrize("offered", [["graphql-ws"], ["soap", "graphql-ws"], None])
async def test_other_subprotocols_are_not_spoken(shared: Door, offered: list[Subprotocol] | None) -> None:
    async with connect(f"ws://{shared.url}", subprotocols=offered) as opened:
        assert opened.subprotocol is None
        assert await Client(opened).closed() == (4406, "Subprotocol not acceptable")


@in_one_loop
async def test_our_subprotocol_is_found_among_others(shared: Door) -> None:
    async with connect(f"ws://{shared.url}", subprotocols=[Subprotocol("graphql-ws"), PROTOCOL]) as opened:
        assert opened.subprotocol == PROTOCOL


@in_one_loop
async def test_a_second_greeting_closes(shared: Door) -> None:
    async with admitted(shared) as client:
        await client.send({"type": "connection_init"})
        assert await client.closed() == (4429, "Too many initialisation requests")


@in_one_loop
async def test_an_operation_before_the_acknowledgement_closes(shared: Door) -> None:
    async with unknown_client(shared) as client:
        await client.subscribe("1", "{ hello }")
        assert await client.closed() == (4401, "Unauthorized")


async def test_who_does_not_greet_in_time_is_closed() -> None:
    async with open_door(Limits(sockets=SocketLimits(init_within_s=0.1))) as door:
        async with unknown_client(door) as client:
            assert await client.closed() == (4408, "Connection initialisation timeout")
        async with admitted(door) as client:
            await asyncio.sleep(0.2)
            assert await client.ask("1", "{ hello }") == {"data": {"hello": "hello world"}}


@in_one_loop
async def test_a_ping_is_answered_before_and_after_the_greeting_with_its_payload(shared: Door) -> None:
    async with unknown_client(shared) as client:
        await client.send({"type": "ping"})
        assert await client.next() == {"type": "pong"}
    async with admitted(shared) as client:
        await client.send({"type": "ping", "payload": {"n": 1}})
        assert await client.next() == {"type": "pong", "payload": {"n": 1}}
        await client.send({"type": "pong"})
        await client.send({"type": "pong", "payload": {"n": 1}})
        assert (await client.ask("1", "{ hello }"))["data"]


# ----------------------------------------------------------------------------------------------------------- operations


@in_one_loop
async def test_queries_and_mutations_run_on_the_socket(shared: Door) -> None:
    async with admitted(shared) as client:
        query = "mutation M($i: Item!) { send(input: $i) { ... on Sent { count } } }"
        answer = await client.ask("m", query, variables={"i": {"to": {"email": "a"}, "count": 4}}, operationName="M")
        assert answer == {"data": {"send": {"count": 4}}}
        assert (await client.ask("q", "{ hello }"))["data"] == {"hello": "hello world"}


@in_one_loop
async def test_a_subscription_gives_its_events_in_order_and_then_completes(shared: Door) -> None:
    async with admitted(shared) as client:
        await client.subscribe("s", "subscription S($to: Int!) { count(to: $to) }", variables={"to": 500})
        messages = [await client.next() for _ in range(501)]

        assert [message["payload"] for message in messages[:-1]] == [{"data": {"count": n}} for n in range(500)]
        assert messages[-1] == {"id": "s", "type": "complete"}
        assert (await client.ask("s", "{ hello }"))["data"]


async def test_operations_run_beside_one_another_each_with_its_own_context(door: Door) -> None:
    async with admitted(door) as client:
        await client.subscribe("s", "subscription { events }")
        events = (await client.next())["payload"]["data"]["events"]
        await client.subscribe("w", "{ waits contextNumber }")
        fast = await client.ask("f", "{ contextNumber }")
        door.gate.set()
        slow = await client.next()

        assert slow["id"] == "w"
        assert len({events, fast["data"]["contextNumber"], slow["payload"]["data"]["contextNumber"]}) == 3


@in_one_loop
async def test_a_request_error_ends_the_operation_and_leaves_the_socket(shared: Door) -> None:
    async with admitted(shared) as client:
        for number, (query, code) in enumerate(
            [
                ("{", "QUERY_INVALID"),
                ("{ nothing }", "QUERY_INVALID"),
                ("subscription { count(to: 1) b: count(to: 2) }", "QUERY_INVALID"),
                ("query Q($n: Int!) { forest(size: $n) { depth } }", "INVALID_INPUT"),
                ("{" * 60, "QUERY_TOO_COSTLY"),
                ("subscription { refuses }", "FORBIDDEN"),
            ]
        ):
            await client.subscribe(str(number), query)
            answer = await client.next()
            assert (answer["id"], answer["type"]) == (str(number), "error")
            assert answer["payload"][0]["extensions"]["code"] == code
        assert (await client.ask("0", "{ hello }"))["data"]


@in_one_loop
async def test_a_field_error_comes_with_the_data(shared: Door) -> None:
    async with admitted(shared) as client:
        answer = await client.ask("1", "{ hello broken }")

        assert answer["data"] == {"hello": "hello world", "broken": None}
        assert answer["errors"][0]["message"] == "internal error"


async def test_a_source_that_breaks_ends_the_subscription_with_a_masked_error(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    async with admitted(door) as client:
        await client.subscribe("1", "subscription { breaks }")
        assert (await client.next())["payload"] == {"data": {"breaks": 1}}
        error = await client.next()

        assert error["type"] == "error"
        assert error["payload"][0]["message"] == "internal error"
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.__dict__["trace_id"] == error["payload"][0]["extensions"]["traceId"]
        assert (await client.ask("1", "{ hello }"))["data"]


@in_one_loop
async def test_what_json_cannot_hold_is_an_internal_error(shared: Door) -> None:
    async with admitted(shared) as client:
        for query in ("{ surrogate }", "subscription { surrogates }"):
            await client.subscribe("1", query)
            answer = await client.next()
            assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL")
            assert (await client.ask("1", "{ hello }"))["data"]


@in_one_loop
async def test_an_operation_continues_the_trace_it_names(shared: Door) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with admitted(shared) as client:
        named = await client.ask("1", "{ trace }", extensions={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
        unnamed = await client.ask("2", "{ trace }", extensions={"traceparent": 1})

        assert named == {"data": {"trace": trace_id}}
        assert len(unnamed["data"]["trace"]) == 32


async def test_a_stopped_subscription_is_silent_and_its_id_free(door: Door) -> None:
    async with admitted(door) as client:
        await client.subscribe("s", "subscription { events }")
        await client.next()
        await client.send({"id": "s", "type": "complete"})
        await client.send({"id": "never begun", "type": "complete"})
        await eventually(lambda: door.journal == ["events closed"])
        door.feed.put_nowait("late")

        assert (await client.ask("s", "{ hello }"))["data"]


@in_one_loop
async def test_an_id_in_use_closes(shared: Door) -> None:
    async with admitted(shared) as client:
        await client.subscribe("s", "subscription { events }")
        await client.subscribe("s", "{ hello }")
        assert await client.closed() == (4409, "Subscriber for s already exists")


async def test_more_operations_than_allowed_are_refused_one_by_one() -> None:
    async with open_door(Limits(sockets=SocketLimits(operations=3))) as door, admitted(door) as client:
        for number in range(4):
            await client.subscribe(str(number), "{ waits }")
        refused = await client.next()
        door.gate.set()
        done = {(await client.next())["id"] for _ in range(6)}

        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert done == {"0", "1", "2"}
        assert (await client.ask("3", "{ hello }"))["data"]


# --------------------------------------------------------------------------------------------------------- odd messages

ODD_MESSAGES: list[tuple[str | bytes, str]] = [
    ("", "expected JSON"),
    ("null", "message: expected an object"),
    ("1", "message: expected an object"),
    ("[]", "message: expected an object"),
    ('"x"', "message: expected an object"),
    ("true", "message: expected an object"),
    ("{}", "type: expected a message"),
    ("{", "expected JSON"),
    ("[" * 100_000, "nested deeper"),
    ("x" * 1_000, "expected JSON"),
    ('{"type":null}', "type: expected a message"),
    ('{"type":1}', "type: expected a message"),
    ('{"type":["ping"]}', "type: expected a message"),
    ('{"type":{}}', "type: expected a message"),
    ('{"type":"start","id":"1","payload":{"query":"{ hello }"}}', "type: expected a message"),
    ('{"type":"connection_terminate"}', "type: expected a message"),
    ('{"type":"connection_ack"}', "type: expected a message"),
    ('{"type":"next","id":"1","payload":{}}', "type: expected a message"),
    ('{"type":"error","id":"1","payload":[]}', "type: expected a message"),
    ('{"type":"PING"}', "type: expected a message"),
    ('{"type":"ping","type":"ping"}', "has the key 'type' twice"),
    ('{"type":"ping","payload":1}', "payload: expected an object"),
    ('{"type":"ping","payload":NaN}', "expected JSON"),
    ('{"type":"complete"}', "id: expected a string"),
    ('{"type":"complete","id":1}', "id: expected a string"),
    ('{"type":"subscribe"}', "id: expected a string"),
    ('{"type":"subscribe","id":null,"payload":{"query":"{ hello }"}}', "id: expected a string"),
    ('{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}', "id: expected a string"),
    ('{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}', "id: expected a string"),
    ('{"type":"subscribe","id":"' + "x" * 200 + '","payload":{"query":"{ hello }"}}', "id: expected a string"),
    ('{"type":"subscribe","id":"1"}', "payload: expected an object"),
    ('{"type":"subscribe","id":"1","payload":null}', "payload: expected an object"),
    ('{"type":"subscribe","id":"1","payload":[]}', "payload: expected an object"),
    ('{"type":"subscribe","id":"1","payload":"{ hello }"}', "payload: expected an object"),
    ('{"type":"subscribe","id":"1","payload":{}}', "payload.query: expected"),
    ('{"type":"subscribe","id":"1","payload":{"query":1}}', "payload.query: expected a string, got a number"),
    ('{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}', "payload.variables: expected"),
    ('{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":"x"}}', "payload.variables: expected"),
    ('{"type":"subscribe","id":"1","payload":{"query":"{ hello }","operationName":1}}', "payload.operationName:"),
    ('{"type":"subscribe","id":"1","payload":{"query":"{ hello }","extensions":1}}', "payload.extensions:"),
    (b"", "binary"),
    (b'{"type":"ping"}', "binary"),
    (b"\xff\xfe\x00", "binary"),
]


@in_one_loop
@pytest.mark.parametrize(("message", "told"), ODD_MESSAGES, ids=[str(message[:70]) for message, _ in ODD_MESSAGES])
async def test_an_odd_message_closes_with_4400_and_says_why(shared: Door, message: str | bytes, told: str) -> None:
    async with admitted(shared) as client:
        await client.send(message)
        code, reason = await client.closed()

        assert code == 4400
        assert told in reason
        assert len(reason.encode()) <= 123


@in_one_loop
@pytest.mark.parametrize(
    "message",
    [
        '{"type":"connection_init","payload":1}',
        '{"type":"connection_init","payload":[]}',
        '{"type":"connection_init","payload":{"token":1}}',
        '{"type":"connection_init","payload":{"Authorization":["Bearer ada"]}}',
        "null",
    ],
)
async def test_an_odd_greeting_closes_with_4400(shared: Door, message: str) -> None:
    async with unknown_client(shared) as client:
        await client.send(message)
        assert (await client.closed())[0] == 4400


@in_one_loop
async def test_a_text_frame_that_is_not_utf8_closes(shared: Door) -> None:
    async with admitted(shared) as client:
        await client.socket.send(b"\xff\xfe", text=True)
        assert (await client.closed())[0] in {1007, 4400}


@in_one_loop
async def test_a_message_over_the_limit_closes(shared: Door) -> None:
    async with admitted(shared) as client:
        await client.subscribe("1", "{ hello }", variables={"a": "x" * 270_000})
        assert (await client.closed())[0] == 1009


# ------------------------------------------------------------------------------------------------ who may stay, and end


async def test_a_token_that_expires_or_is_revoked_ends_its_sockets(door: Door) -> None:
    async with admitted(door, "ada") as ada, admitted(door, "bob") as bob, admitted(door, "eve") as eve:
        await bob.subscribe("s", "subscription { events }")
        await bob.next()
        door.standing |= {"ada": Standing.EXPIRED, "bob": Standing.REVOKED}

        assert await ada.closed() == (4401, "the token has expired")
        assert await bob.closed() == (4403, "the token was revoked")
        assert (await eve.ask("1", "{ hello }"))["data"]
        await eventually(lambda: door.journal == ["events closed"])


async def test_nobody_is_closed_while_it_cannot_be_told_who_may_stay(door: Door) -> None:
    async with admitted(door) as client:
        door.standings_down = True
        polls = door.polls
        await eventually(lambda: door.polls > polls + 3)
        assert (await client.ask("1", "{ hello }"))["data"]

        door.standing["ada"] = Standing.REVOKED
        door.standings_down = False
        assert (await client.closed())[0] == 4403


async def test_all_callers_are_looked_at_in_one_call_per_beat(door: Door) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in range(20):
            await stack.enter_async_context(admitted(door, f"caller {number}"))
        before, beats = door.polls, door.counts.calls
        await eventually(lambda: door.counts.calls > beats + 5)

        assert door.polls - before <= 8


async def test_the_server_pings_and_drops_who_does_not_answer(door: Door) -> None:
    async with admitted(door) as silent, admitted(door) as alive:
        for seconds in (12.0, 12.0, 11.9):
            door.clock.advance(seconds)
            if seconds == 12.0:
                assert json.loads(await asyncio.wait_for(alive.socket.recv(), 5)) == {"type": "ping"}
                await alive.send({"type": "pong"})
            assert (await alive.ask("1", "{ hello }"))["data"]
        assert silent.socket.close_code is None
        door.clock.advance(0.2)

        assert await silent.closed() == (1013, "no pong within 24 s")
        assert (await alive.ask("1", "{ hello }"))["data"]


@pytest.mark.parametrize("stuck", [False, True])
async def test_a_client_that_lets_too_much_wait_is_closed(stuck: bool) -> None:
    limits = Limits(sockets=SocketLimits(beat_s=0.01, waiting_bytes=200_000, pause_bytes=50_000, close_within_s=0.2))
    async with open_door(limits) as door:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        small.connect(("127.0.0.1", door.port))
        small.setblocking(False)
        async with unknown_client(door, sock=small) as client:
            await client.send({"type": "connection_init", "payload": {"token": "ada"}})
            await client.next()
            if stuck:
                client.socket.transport.pause_reading()
            for number in range(20):
                await client.subscribe(str(number), "subscription { flood(chunkBytes: 40000) }")
            await eventually(lambda: door.counts.operations == {("subscription", "OK"): 20})
            await eventually(lambda: door.counts.open_sockets == 0)
            if stuck:
                client.socket.transport.abort()
            else:
                assert await client.closed() == (1013, "slow: more than 200000 bytes are waiting to be read")


async def test_one_subscription_waits_for_a_client_that_reads_late() -> None:
    async with open_door(Limits(sockets=SocketLimits(waiting_bytes=300_000))) as door, admitted(door) as client:
        await client.subscribe("s", "subscription { flood(chunkBytes: 100000) }")
        await asyncio.sleep(0.3)

        for _ in range(100):
            assert len((await client.next())["payload"]["data"]["flood"]) == 100_000
        await client.stop_and_read_on("s")


async def test_a_message_larger_than_the_buffer_is_sent_when_nothing_else_waits() -> None:
    limits = Limits(sockets=SocketLimits(waiting_bytes=1_000, pause_bytes=500))
    async with open_door(limits) as door, admitted(door) as client:
        await client.subscribe("s", "subscription { flood(chunkBytes: 50000) }")
        for _ in range(5):
            assert len((await client.next())["payload"]["data"]["flood"]) == 50_000
        await client.stop_and_read_on("s")


async def test_a_client_that_leaves_ends_its_queries_and_subscriptions_but_never_a_mutation(door: Door) -> None:
    async with admitted(door) as client:
        await client.subscribe("s", "subscription { events }")
        await client.next()
        await client.subscribe("q", "{ waits }")
        await client.subscribe("m", "mutation { slow }")
        await eventually(lambda: "slow begins" in door.journal)
    await eventually(lambda: {"events closed", "query cancelled"} <= set(door.journal))
    assert "slow ends" not in door.journal
    door.gate.set()

    await eventually(lambda: "slow ends" in door.journal)


async def test_a_client_that_stops_a_mutation_does_not_undo_it(door: Door) -> None:
    async with admitted(door) as client:
        await client.subscribe("m", "mutation { slow }")
        await eventually(lambda: "slow begins" in door.journal)
        await client.send({"id": "m", "type": "complete"})
        assert (await client.ask("m", "{ hello }"))["data"]
        door.gate.set()
        await eventually(lambda: "slow ends" in door.journal)

        assert (await client.ask("n", "{ hello }"))["data"]


async def test_a_connection_that_breaks_off_leaves_nothing_behind(door: Door) -> None:
    async with admitted(door) as client:
        await client.subscribe("s", "subscription { events }")
        await client.next()
        await eventually(lambda: door.counts.open_sockets == 1)
        client.socket.transport.abort()

        await eventually(lambda: door.journal == ["events closed"] and door.counts.open_sockets == 0)


async def test_a_stopping_server_sends_everyone_away_to_come_back(door: Door) -> None:
    async with admitted(door) as one, admitted(door) as two:
        await one.subscribe("m", "mutation { slow }")
        await eventually(lambda: door.journal)
        stopping = asyncio.create_task(door.endpoint.stop(spread_s=0.2))
        async with unknown_client(door) as late:
            assert await late.closed() == (1012, "the server restarts")
        door.gate.set()

        assert [await one.next(), await one.next()] == [
            {"id": "m", "type": "next", "payload": {"data": {"slow": "done"}}},
            {"id": "m", "type": "complete"},
        ]
        assert await one.closed() == await two.closed() == (1012, "the server restarts")
        assert await stopping == 0


async def test_open_sockets_and_their_operations_are_counted(door: Door) -> None:
    async with admitted(door) as client:
        await client.ask("1", "{ hello }")
        await client.subscribe("2", "subscription { count(to: 1) }")
        await client.subscribe("3", "subscription { breaks }")
        await client.subscribe("4", "{ nothing }")
        expected = {
            ("query", "OK"): 1,
            ("subscription", "OK"): 1,
            ("subscription", "INTERNAL"): 1,
            ("unknown", "QUERY_INVALID"): 1,
        }

        await eventually(lambda: door.counts.operations == expected and door.counts.open_sockets == 1)
    await eventually(lambda: door.counts.open_sockets == 0)


async def test_idle_sockets_hold_no_task_but_the_servers_own(door: Door) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(50):
            await stack.enter_async_context(admitted(door))
        ours = [task for task in asyncio.all_tasks() if LiveSocket.__name__ in repr(task.get_coro())]

        assert ours == []
