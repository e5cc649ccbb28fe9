"""The product's GraphQL API over one connection, as feeds and drills call it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from bench import answers, documents
from bench.http_client import HttpClient
from bench.inbox_places import seq_of
from bench.journals import EMAIL, IN_APP, AttemptEntry, DeliveryEntry, InboxEntry, Person, Send

T = TypeVar("T")
UPSERT_AT_ONCE = 1_000
PAGE = 100


class Refused(Exception):
    """The API answered with an error; `later` says that the same call may succeed."""

    def __init__(self, message: str, *, later: bool = False) -> None:
        super().__init__(message)
        self.later = later


class Api:
    """One caller on one connection. Every method raises NotSent, Unanswered or Refused.

    What belongs to one user takes that user's token; the rest uses the caller's own.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self._http = HttpClient(url)
        self._token = token

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    async def ready(self) -> bool:
        """The server says that it is ready for work."""
        return (await self._http.get("/health/ready")).status == 200

    async def tenant(self) -> str:
        """ten_… of the caller."""
        return (await self._run(documents.VIEWER, {}, answers.ViewerData)).viewer.tenant_id

    async def upsert(self, people: Mapping[str, str | None]) -> list[Person]:
        """Make users from addresses by external id."""
        external_ids = list(people)
        made: list[Person] = []
        for at in range(0, len(external_ids), UPSERT_AT_ONCE):
            part = external_ids[at : at + UPSERT_AT_ONCE]
            inputs = [{"externalId": one, **({"email": people[one]} if people[one] else {})} for one in part]
            answer = (await self._run(documents.UPSERT, {"inputs": inputs}, answers.UpsertData)).upsert_users
            for one, result in zip(part, _results(answer), strict=True):
                if result.user is None:
                    raise Refused(f"user {one}: {result.fault}")
                made.append(Person(result.user.id, one, people[one]))
        return made

    async def put_categories(self, keys: Iterable[str]) -> None:
        """Make categories that notifications can be sent with."""
        for key in keys:
            await self._lay_down(documents.PUT_CATEGORY, {"key": key, "name": key}, "CategoryPut")

    async def set_hourly_limit(self, deliveries: int) -> None:
        """How many of them each user gets within an hour."""
        wanted = {"channels": [EMAIL, IN_APP], "hourlyLimit": deliveries}
        await self._lay_down(documents.SET_RULES, wanted, "TenantRulesSet")

    async def publish_template(self, draft: Mapping[str, object]) -> None:
        """Draft it and put it in force."""
        await self._lay_down(documents.DRAFT, draft, "TemplateDrafted")
        await self._lay_down(documents.PUBLISH, {"key": draft["key"]}, "TemplatePublished")

    async def decline(self, user: str, declined: Iterable[tuple[str, str]]) -> None:
        """A user does not want these (category, channel), where nothing means every one."""
        choices = [
            {"category": category or None, "channel": channel or None, "enabled": False}
            for category, channel in declined
        ]
        await self._lay_down(documents.DECLINE, {"user": user, "choices": choices}, "PreferencesSet")

    async def _lay_down(self, document: str, wanted: Mapping[str, object], expected: str) -> None:
        answer = (await self._run(document, {"input": wanted}, answers.RulesData)).result
        if answer.typename != expected:
            raise Refused(answer.fault, later=answer.retryable)

    async def send(self, sends: Sequence[Send], ids: Mapping[str, str]) -> list[answers.Result]:
        """One answer for each, in order; a single one goes out by `sendNotification`.

        Args:
            sends: what to send.
            ids: usr_… by external id, for those that are sent by id.
        """
        inputs = [_input(one, ids) for one in sends]
        if len(sends) == 1:
            return [(await self._run(documents.SEND_ONE, {"input": inputs[0]}, answers.SendOneData)).send_notification]
        data = await self._run(documents.SEND_MANY, {"inputs": inputs}, answers.SendManyData)
        return list(_results(data.send_notifications))

    async def deliveries(self, notifications: Sequence[str]) -> dict[str, list[DeliveryEntry]]:
        """What became of these (at most 50), by ntf_…; one that is not known is left out."""
        data = await self._run(documents.DELIVERIES, {"ids": list(notifications)}, answers.NodesData)
        return {node.id: _deliveries(node) for node in data.nodes if node is not None}

    async def inbox(self, token: str) -> list[InboxEntry]:
        """All items of the user that the token speaks for, oldest first."""
        newest_first: list[InboxEntry] = []
        after: str | None = None
        while True:
            data = await self._run(documents.INBOX, {"first": PAGE, "after": after}, answers.InboxData, token)
            if data.inbox is None:
                raise Refused("the inbox is null")
            newest_first += [
                InboxEntry(seq_of(edge.cursor), edge.node.id, edge.node.title) for edge in data.inbox.edges
            ]
            if not data.inbox.page_info.has_next_page:
                return newest_first[::-1]
            after = data.inbox.page_info.end_cursor

    async def live_cursor(self, token: str) -> str:
        """From where to follow the inbox of the user that the token speaks for."""
        data = await self._run(documents.INBOX, {"first": 1, "after": None}, answers.InboxData, token)
        if data.inbox is None:
            raise Refused("the inbox is null")
        return data.inbox.live_cursor

    async def _run(self, document: str, variables: Mapping[str, object], data: type[T], token: str | None = None) -> T:
        body = msgspec.json.encode({"query": document, "variables": variables})
        answer = await self._http.post("/graphql", body, token or self._token)
        try:
            reply: answers.Reply[T] = msgspec.json.decode(answer.body, type=answers.Reply[data])  # type: ignore[valid-type]
        except msgspec.DecodeError as error:
            raise Refused(f"HTTP {answer.status}: {error}: {answer.body[:300]!r}") from error
        if reply.errors or reply.data is None:
            words = "; ".join([fault.message for fault in reply.errors])
            later = any(fault.extensions.get("retryable") is True for fault in reply.errors)
            raise Refused(f"HTTP {answer.status}: {words}", later=later)
        return reply.data


def key_of(send: Send) -> str:
    """The idempotency key of a keyed send."""
    return f"send-{send.number}"


def _input(send: Send, ids: Mapping[str, str]) -> dict[str, object]:
    made: dict[str, object] = {
        "to": _audience(send, ids),
        "message": _message(send),
        "category": send.category,
        "channels": list(send.channels),
        "labels": {"number": send.number},
    }
    return made | {"idempotencyKey": key_of(send)} if send.keyed else made


def _message(send: Send) -> dict[str, object]:
    if send.template is not None:
        return {"template": {"key": send.template, "data": {"event": {"title": send.title, "body": send.body}}}}
    content = {"title": send.title, "body": send.body}
    return {"content": content if send.url is None else {**content, "url": send.url}}


def _audience(send: Send, ids: Mapping[str, str]) -> dict[str, object]:
    """Each way to name people takes its turn."""
    by_id = send.number % 2 == 0
    names = [ids[one] for one in send.audience] if by_id else list(send.audience)
    if len(names) == 1 and send.number % 3:
        return {"user" if by_id else "externalId": names[0]}
    return {"users" if by_id else "externalIds": names}


def _results(answer: answers.Result) -> tuple[answers.Result, ...]:
    if not answer.results:
        raise Refused(answer.fault, later=answer.retryable)
    return answer.results


def _deliveries(node: answers.NotificationNode) -> list[DeliveryEntry]:
    if node.deliveries is None or node.deliveries.page_info.has_next_page:
        raise Refused(f"the deliveries of {node.id} do not fit one page")
    return [_delivery(edge.node) for edge in node.deliveries.edges]


def _delivery(node: answers.DeliveryNode) -> DeliveryEntry:
    attempts = node.attempts.edges if node.attempts is not None else ()
    return DeliveryEntry(
        id=node.id,
        channel=node.channel,
        state=node.state,
        reason=node.reason,
        created_at=node.created_at.timestamp(),
        next_attempt_at=_seconds(node.next_attempt_at),
        attempts=tuple([_attempt(edge.node) for edge in attempts]),
    )


def _attempt(node: answers.AttemptNode) -> AttemptEntry:
    started_at = node.started_at.timestamp()
    return AttemptEntry(node.id, node.number, node.outcome, started_at, _seconds(node.settled_at))


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at is not None else None
