"""Where the pipeline meets what should not be: work that cannot be read, a stop at a bad moment, half a request."""

import asyncio

import pytest

from dispatchers.consumer import Consumer
from engines.broadcast.base import Bell
from engines.bus.outbox import OutboxBus
from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from errors import InvalidInput
from models.content import Content
from models.events.codec import encode
from models.ids import INBOX_ITEM, delivery_bytes
from models.ids import encode as encoded
from models.principal import Principal
from models.states import Outcome, ReasonCode
from models.topics import BusTopic
from models.vocabulary import Channel, HandleKind, InboxMark, Role
from services.access import FIRST_TENANT
from services.metrics import Metrics
from tests.integration.test_consumer import Handler, ids
from tests.pipelines import Pipeline
from tests.simulators import Side
from usecases.inbox_cursor import InboxCursors
from usecases.mark_inbox import MarkInbox, Selection
from usecases.requests import Audience, SendRequest, UserRequest

CONTENT = Content(body="Order 17 is packed.", title="Packed")
TOPIC = BusTopic.NOTIFICATION_CREATED


async def damaged_user(pipeline: Pipeline, name: str) -> None:
    """A user whose address no key of ours opens."""
    base = pipeline.base
    blind = base.sealer.blind(FIRST_TENANT, HandleKind.EXTERNAL_ID, name)
    row = op.UserRow(base.ids.new(), blind, b"?", b"?", None, None, None, ((Channel.EMAIL, blind, b"?"),))
    await base.store.write(op.UpsertUsers(FIRST_TENANT, (row,), base.clock.now_us()))


async def test_an_address_that_cannot_be_read_stops_none_of_its_neighbours(pipeline: Pipeline, side: Side) -> None:
    people = [f"user-{n}" for n in range(7)]
    await pipeline.upsert(pipeline.caller, [UserRequest(name, email=f"{name}@example.test") for name in people])
    await damaged_user(pipeline, "damaged")
    everyone = Audience(external_ids=(*people, "damaged"))
    [answer] = await pipeline.send(pipeline.caller, [SendRequest(everyone, CONTENT, channels=(Channel.EMAIL,))])
    assert isinstance(answer, op.Accepted)

    rows = await pipeline.settled(answer.id, 8)

    assert len(await side.shown()) == 7
    [waiting] = [row for row in rows if row.reason is not None]
    assert (waiting.reason, waiting.next_attempt_at is not None) == (ReasonCode.UNDECODABLE, True)
    [attempt] = await pipeline.attempts(waiting)
    assert (attempt.outcome, attempt.reason) == (Outcome.NOT_CALLED, ReasonCode.UNDECODABLE)


async def test_a_consumer_that_is_stopped_while_it_waits_takes_nothing_new(store: Store) -> None:
    free = asyncio.Event()

    async def ready() -> None:
        await free.wait()

    handler, worker = Handler(), ids.new()
    consumer = Consumer(OutboxBus(store, worker), TOPIC, handler, Metrics(), limit=100, at_once=1, ready=ready)
    running = asyncio.create_task(consumer.run())
    await store.write(op.SetAside(-TOPIC, (encode([(bytes(16), b"p" * 16)], 1),)))  # type: ignore[arg-type]
    consumer.stop()
    free.set()
    await running

    assert handler.handled == []
    left = await store.write(op.TakeOutbox(TOPIC, ids.new(), 10))
    assert len(left) == 1


async def test_marks_that_are_made_are_told_even_where_another_id_is_wrong(pipeline: Pipeline) -> None:
    [ada] = await pipeline.upsert(pipeline.caller, [UserRequest("ada")])
    assert isinstance(ada, op.Upserted)
    to_ada = SendRequest(Audience(external_id="ada"), CONTENT, channels=(Channel.IN_APP,))
    [answer] = await pipeline.send(pipeline.caller, [to_ada])
    assert isinstance(answer, op.Accepted)
    [row] = await pipeline.settled(answer.id)
    base, rung = pipeline.base, list[Bell]()
    pipeline.broadcast.listen(rung.extend)
    mark = MarkInbox(base.store, pipeline.broadcast, InboxCursors(base.sealer), base.clock)
    items = [row.key, (base.ids.new(), ada.id, row.step)]
    chosen = Selection(ids=tuple([encoded(INBOX_ITEM, delivery_bytes(item)) for item in items]))

    with pytest.raises(InvalidInput):
        await mark(Principal(FIRST_TENANT, ada.id, Role.END_USER, "ada", user=ada.id), chosen, InboxMark.READ)

    assert rung == [(FIRST_TENANT, ada.id)]
    [head] = await base.store.read(q.Heads((FIRST_TENANT,), (ada.id,)))
    assert (head.seq, head.unread) == (2, 0)
