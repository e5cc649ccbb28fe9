"""What a running process writes down: one trace from the door to the provider, and nobody's data."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.process import running
from tests.e2e.product import Json, Product, reached

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
EXTERNAL_ID, ADDRESS, TITLE, BODY = "potter-of-volterra", "valeria@volterra.test", "The kiln is open", "Come and see."
SEND = """mutation ($input: SendNotificationInput!) {
  sendNotification(input: $input) { ... on NotificationAccepted { notification { id } } ... on Failure { message } }
}"""


@pytest.fixture
async def talkative(settings: dict[str, str], tmp_path: Path) -> AsyncIterator[Product]:
    """A process that says all it can, in JSON."""
    with running(tmp_path, {**settings, "CARILLON_LOG_FORMAT": "json", "CARILLON_LOG_LEVEL": "debug"}) as process:
        async with reached(process) as one:
            yield one
            process.stop()


def said(product: Product) -> list[Json]:
    """Its log lines; what it prints for people is left out."""
    lines = product.process.said.read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


async def send(product: Product, **headers: str) -> str:
    content = {"title": TITLE, "body": BODY}
    variables = {"input": {"to": {"externalId": EXTERNAL_ID}, "message": {"content": content}}}
    body = json.dumps({"query": SEND, "variables": variables}).encode()
    answer = await product.post(body, product.admin, **headers)
    id_: str = answer.json()["data"]["sendNotification"]["notification"]["id"]
    return id_


async def test_one_trace_leads_from_the_door_to_the_provider(talkative: Product) -> None:
    await talkative.user(EXTERNAL_ID, email=ADDRESS)
    id_ = await send(talkative, traceparent=TRACEPARENT)
    await talkative.completed(id_)
    other = await send(talkative)
    await talkative.completed(other)
    lines = [line for line in said(talkative) if line.get("trace_id") == TRACE_ID]

    assert [(line["logger"], line["message"], line.get("topic")) for line in lines] == [
        ("usecases.send_notifications", "accepted", None),
        ("dispatchers.consumer", "taken from the bus", "notification.created"),
        ("dispatchers.orchestrator", "expanded into deliveries", None),
        ("dispatchers.consumer", "taken from the bus", "channel.email.queued"),
        ("dispatchers.delivery", "settled", None),
    ]
    assert all(line["notifications"] == [id_] and line["items"] == 1 for line in lines)
    assert lines[2]["states"] == {"QUEUED": 1, "DELIVERED": 1} and lines[-1]["states"] == {"SENT": 1}


async def test_a_log_names_nobody_and_quotes_nothing(talkative: Product) -> None:
    await talkative.user(EXTERNAL_ID, email=ADDRESS)
    await talkative.completed(await send(talkative))
    refused = await talkative.try_to_send({"externalId": f"{EXTERNAL_ID}-unknown"}, TITLE)
    [mail] = await talkative.mails(ADDRESS)
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in said(talkative))

    assert refused["__typename"] == "InvalidInput"
    assert '"logger": "dispatchers.delivery"' in text
    private = (EXTERNAL_ID, ADDRESS, "valeria", "volterra", TITLE, BODY, mail["messageId"])
    assert [one for one in private if one in text] == []
    assert "250 2.0.0" not in text and "@" not in text


async def test_a_burst_has_lines_by_the_batch_and_not_by_the_item(talkative: Product) -> None:
    people = [f"{EXTERNAL_ID}-{n}" for n in range(10)]
    for name in people:
        await talkative.user(name, email=f"{name}@volterra.test")
    inputs = [
        {"to": {"externalId": one}, "message": {"content": {"body": f"{n}"}}} for one in people for n in range(30)
    ]
    before = len(said(talkative))
    accepted = await talkative.send_many(inputs)
    for one in accepted:
        await talkative.completed(one["notification"]["id"])
    lines = said(talkative)[before:]

    assert sum(line["items"] for line in lines if line["logger"] == "dispatchers.delivery") == 300
    assert all(len(line["notifications"]) <= 5 for line in lines if "notifications" in line)
    assert len(lines) < 60, [line["message"] for line in lines]
