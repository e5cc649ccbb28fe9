"""The REST operations: what each takes and answers. Mounted by `gateway.rest`, printed by `schema.rest.openapi`."""

from enum import Enum
from functools import cached_property

from msgspec import Struct

from schema.rest import examples, inbox, notifications, sending
from schema.rest.parameters import (
    AFTER,
    BEFORE,
    FILTER,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    LAST_EVENT_ID,
    LAST_EVENT_ID_QUERY,
    LIMIT,
    NOTIFICATION_ID,
    TICKET_TEXT,
    Parameter,
    Schema,
)

ROOT = "/api/v1"
DESCRIPTION = "/openapi.json"
STREAM = f"{ROOT}/inbox/stream"
COOKIE = "carillon_stream"
REPLAYED = "Idempotency-Replayed"


class Signed(Enum):
    """What a caller shows to be let in."""

    NOTHING = 1
    CALLER = 2
    """A token in the Authorization header."""
    STREAM = 3
    """A token, a ticket or the cookie."""


QUOTA = ("RateLimit-Policy", "RateLimit")
"""Headers of answers to callers that have an allowance."""


class Answer(Struct, frozen=True, kw_only=True):
    """One answer that is no problem."""

    status: int
    description: str
    body: type | None = None
    media_type: str = "application/json"
    example: object = None
    headers: tuple[str, ...] = ()
    """Names in `HEADERS`."""


class RestCall(Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """One method of one path."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    signed: Signed = Signed.CALLER
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    body_examples: dict[str, object] = {}
    answers: tuple[Answer, ...]
    problems: tuple[int, ...] = ()
    """Statuses beyond those that every operation of its kind may answer with."""

    @property
    def key(self) -> str:
        """Its key in schema.access.ROUTES."""
        return f"{self.method} {self.path}"

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The parameters that its query string may have."""
        return frozenset([one.name for one in self.parameters if one.place == "query"])


HEADERS: dict[str, tuple[str, Schema]] = {
    "Location": ("Where the new thing is read.", {"type": "string", "format": "uri-reference"}),
    REPLAYED: ("true where an earlier call with the same key did it.", {"type": "string", "enum": ["true"]}),
    "Link": ("The pages next to this one, rel=next and rel=prev (RFC 8288).", {"type": "string"}),
    "ETag": ("The answer's version; pass it as If-None-Match.", {"type": "string"}),
    "Set-Cookie": ("The cookie that the live stream takes.", {"type": "string"}),
    "Retry-After": ("Wait so many seconds before the next try.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("How to sign in (RFC 6750).", {"type": "string"}),
    "RateLimit-Policy": ("The allowance: q notifications in w seconds.", {"type": "string"}),
    "RateLimit": ("What is left of it: r now, all of it in t seconds.", {"type": "string"}),
    "Allow": ("The methods that this path takes.", {"type": "string"}),
}


SEND = RestCall(
    id="sendNotification",
    method="POST",
    path=f"{ROOT}/notifications",
    tag="Notifications",
    summary="Send one notification",
    description="201 when it is due at once, 202 when it waits for its sendAt.",
    parameters=(IDEMPOTENCY_KEY,),
    body=sending.SendNotification,
    body_examples=examples.SENDS,
    answers=(
        Answer(
            status=201,
            description="It is stored and on its way.",
            body=sending.NotificationAccepted,
            example=examples.ACCEPTED,
            headers=("Location", REPLAYED),
        ),
        Answer(
            status=202,
            description="It is stored, and goes out at its sendAt.",
            body=sending.NotificationAccepted,
            example=examples.ACCEPTED,
            headers=("Location", REPLAYED),
        ),
    ),
    problems=(409,),
)
READ = RestCall(
    id="getNotification",
    method="GET",
    path=f"{ROOT}/notifications/{{id}}",
    tag="Notifications",
    summary="One notification with its deliveries",
    description="State and counts are of this moment. Deliveries come a page at a time.",
    parameters=(NOTIFICATION_ID, LIMIT, AFTER, IF_NONE_MATCH),
    answers=(
        Answer(
            status=200,
            description="The notification.",
            body=notifications.Notification,
            example=examples.NOTIFICATION,
            headers=("ETag", "Link"),
        ),
        Answer(status=304, description="Nothing has changed since that ETag.", headers=("ETag",)),
    ),
    problems=(404,),
)
LIST = RestCall(
    id="listNotifications",
    method="GET",
    path=f"{ROOT}/notifications",
    tag="Notifications",
    summary="Notifications, newest first",
    description="Of the tenant by the time of acceptance; with user or externalId those of one user, as soon as they "
    "are worked out. What comes in while you page forward does not move the pages.",
    parameters=(LIMIT, AFTER, BEFORE, *FILTER),
    answers=(
        Answer(
            status=200,
            description="A page of notifications.",
            body=notifications.NotificationPage,
            example=examples.PAGE,
            headers=("Link",),
        ),
    ),
)
CANCEL = RestCall(
    id="cancelNotification",
    method="POST",
    path=f"{ROOT}/notifications/{{id}}/cancel",
    tag="Notifications",
    summary="Take a notification back",
    description="What has not left is not sent. 409 where every delivery has reached a final state already. To repeat "
    "the call changes nothing.",
    parameters=(NOTIFICATION_ID,),
    answers=(
        Answer(
            status=200,
            description="It is taken back.",
            body=notifications.NotificationCancelled,
            example=examples.CANCELLED,
        ),
    ),
    problems=(404, 409),
)
INBOX = RestCall(
    id="getInbox",
    method="GET",
    path=f"{ROOT}/inbox",
    tag="Inbox",
    summary="The inbox of the user that the token speaks for",
    description="Newest first, without what is archived.",
    parameters=(LIMIT, AFTER),
    answers=(
        Answer(
            status=200,
            description="A page of the inbox.",
            body=inbox.InboxPage,
            example=examples.INBOX,
            headers=("Link",),
        ),
    ),
)
MARK = RestCall(
    id="markInbox",
    method="POST",
    path=f"{ROOT}/inbox/marks",
    tag="Inbox",
    summary="Mark items of the own inbox",
    description="Seen, read, archived, and back. Marking twice changes nothing the second time.",
    body=inbox.MarkInbox,
    body_examples=examples.MARKS,
    answers=(Answer(status=200, description="The items are marked.", body=inbox.InboxMarked, example=examples.MARKED),),
)
FOLLOW = RestCall(
    id="followInbox",
    method="GET",
    path=STREAM,
    tag="Inbox",
    summary="The inbox live, as server-sent events",
    description="For a browser's EventSource, which comes back by itself and loses nothing: each event's id is a "
    "cursor. Events: ready (first, where no cursor was given), added, changed, removed, reset (the cursor cannot be "
    "followed: load the inbox again; the stream ends) and end (the token has expired or was revoked). The data of each "
    "is the JSON of StreamReady, InboxItemTold, InboxItemRemoved, InboxReset or StreamEnd.",
    signed=Signed.STREAM,
    parameters=(TICKET_TEXT, LAST_EVENT_ID, LAST_EVENT_ID_QUERY),
    answers=(
        Answer(
            status=200,
            description="The stream. It ends when the server restarts; come back with the last id.",
            body=inbox.StreamEvent,
            media_type="text/event-stream",
            example=examples.STREAM,
        ),
    ),
    problems=(406,),
)
TICKET = RestCall(
    id="createStreamTicket",
    method="POST",
    path=f"{STREAM}/tickets",
    tag="Inbox",
    summary="A ticket that opens the live stream",
    description="For EventSource, which cannot send a token in a header. Good for 60 seconds, for the stream only.",
    answers=(Answer(status=201, description="The ticket.", body=inbox.StreamTicket, example=examples.TICKET),),
)
SIGN_IN = RestCall(
    id="openSession",
    method="PUT",
    path=f"{ROOT}/session",
    tag="Session",
    summary="Keep the browser token in a cookie for the live stream",
    description="The cookie is HttpOnly and SameSite=Strict, lives as long as the token, and opens only the stream.",
    answers=(Answer(status=204, description="The cookie is set.", headers=("Set-Cookie",)),),
)
SIGN_OUT = RestCall(
    id="closeSession",
    method="DELETE",
    path=f"{ROOT}/session",
    tag="Session",
    summary="Forget the cookie",
    description="Needs no token, so that it works when the token has ended.",
    signed=Signed.NOTHING,
    answers=(Answer(status=204, description="The cookie is gone.", headers=("Set-Cookie",)),),
)
DESCRIBE = RestCall(
    id="getDescription",
    method="GET",
    path=DESCRIPTION,
    tag="Description",
    summary="This description",
    description="OpenAPI 3.1.",
    signed=Signed.NOTHING,
    answers=(Answer(status=200, description="The OpenAPI document.", body=dict),),
)

OPERATIONS = (SEND, LIST, READ, CANCEL, INBOX, MARK, FOLLOW, TICKET, SIGN_IN, SIGN_OUT, DESCRIBE)
"""Every operation; `gateway.rest` has a handler for each."""
