"""The parameters of REST operations: in paths, query strings and headers. Used by the table of operations."""

from msgspec import Struct

from models import ids
from models.paging import DEFAULT_SIZE, LARGEST_SIZE
from schema.rest.words import id_pattern

Schema = dict[str, object]


class Parameter(Struct, frozen=True, kw_only=True):
    """One parameter, as OpenAPI has them."""

    name: str
    place: str
    description: str
    schema: Schema
    required: bool = False


_TEXT: Schema = {"type": "string", "minLength": 1}


def _id(prefix: str, description: str) -> Parameter:
    schema: Schema = {"type": "string", "pattern": id_pattern(prefix)}
    return Parameter(name="id", place="path", description=description, schema=schema, required=True)


NOTIFICATION_ID = _id(ids.NOTIFICATION, "A notification's id.")
LIMIT = Parameter(
    name="limit",
    place="query",
    description="How many to give.",
    schema={"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": DEFAULT_SIZE},
)
AFTER = Parameter(
    name="after",
    place="query",
    description="Only what follows this cursor, which an earlier page gave.",
    schema={"type": "string", "minLength": 1},
)
BEFORE = Parameter(
    name="before",
    place="query",
    description="Only what stands before this cursor: newer ones. Not together with after.",
    schema=_TEXT,
)
_BESIDE_USER = "Only together with user or externalId."
FILTER = (
    Parameter(
        name="user",
        place="query",
        description="For this user, by usr_… id.",
        schema={"type": "string", "pattern": id_pattern(ids.USER)},
    ),
    Parameter(
        name="externalId",
        place="query",
        description="For this user by your own id; for callers who may manage users. Not together with user.",
        schema={"type": "string", "minLength": 1, "maxLength": 255},
    ),
    Parameter(
        name="category",
        place="query",
        description=f"Of one of these categories, by key, with commas between them. {_BESIDE_USER}",
        schema=_TEXT,
    ),
    Parameter(
        name="priority",
        place="query",
        description=f"Of one of these priorities, with commas between them. {_BESIDE_USER}",
        schema={"type": "string", "pattern": "^(CRITICAL|HIGH|NORMAL|BULK)(,(CRITICAL|HIGH|NORMAL|BULK))*$"},
    ),
    Parameter(
        name="template",
        place="query",
        description=f"Made from this template, by key, of any version. {_BESIDE_USER}",
        schema={"type": "string", "minLength": 1, "maxLength": 255},
    ),
    Parameter(
        name="createdFrom",
        place="query",
        description="Accepted at this time or later.",
        schema={"type": "string", "format": "date-time"},
    ),
    Parameter(
        name="createdUntil",
        place="query",
        description="Accepted before this time.",
        schema={"type": "string", "format": "date-time"},
    ),
)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    description="Within 24 hours the same key with the same input is answered as the first call was; with another "
    "input it is a conflict. 1 to 255 characters, as a structured-field string or as they are.",
    schema={
        "type": "string",
        "minLength": 1,
        "maxLength": 257,
        "pattern": r'^("[ !#-\[\]-~]{1,255}"|[!#-+\--:<-\[\]-~]{1,255})$',
    },
)
IF_NONE_MATCH = Parameter(
    name="If-None-Match",
    place="header",
    description="An ETag of an earlier answer: 304 where nothing has changed.",
    schema={"type": "string"},
)
TICKET_TEXT = Parameter(
    name="ticket",
    place="query",
    description="A stream ticket, instead of a token.",
    schema={"type": "string", "minLength": 1},
)
LAST_EVENT_ID = Parameter(
    name="Last-Event-ID",
    place="header",
    description="The id of the last event seen; EventSource sends it when it comes back. It wins over lastEventId.",
    schema={"type": "string"},
)
LAST_EVENT_ID_QUERY = Parameter(
    name="lastEventId",
    place="query",
    description="The same for a first connection: the liveCursor of the inbox page, or the id of the last event seen.",
    schema={"type": "string", "minLength": 1},
)
