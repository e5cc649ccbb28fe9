"""The server's side of graphql-transport-ws without I/O: messages in, actions out; driven by `live_socket`.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. The older `graphql-ws` subprotocol is not spoken.

Close codes:
    1009 a message over the limit       4401 a subscribe before the acknowledgement, or the token expired
    1012 this server stops              4403 the token is not accepted, or was revoked
    1013 try again later: the client    4406 another subprotocol
         does not read, does not pong,  4408 no connection_init in time
         or an engine does not answer   4409 an operation's id is in use
    4400 a message that cannot be read  4429 a second connection_init
    4500 an internal error
"""

from enum import IntEnum

import msgspec

from errors import CallerError, MalformedRequest, RateLimited
from gateway.graphql.limits import Limits
from gateway.graphql.problems import ErrorEntry
from gateway.graphql.request import Request, optional, read_request, wrong
from gateway.json_text import read_json

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_REASON_BYTES = 123
"""RFC 6455 section 5.5: a control frame has 125 bytes, two of them are the code."""
LONGEST_ID = 128


class Code(IntEnum):
    """Why a socket is closed. After those below 2000 a client is expected to come back, after the others not."""

    TOO_LARGE = 1009
    RESTART = 1012
    LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ID_IN_USE = 4409
    TOO_MANY_INITS = 4429
    INTERNAL = 4500


class Initialise(msgspec.Struct, frozen=True):
    """Authenticate the socket, then call `acknowledge`; `token` is None when the payload names none."""

    token: str | None


class Start(msgspec.Struct, frozen=True):
    """Run an operation, then call `finish`."""

    id: str
    request: Request


class Stop(msgspec.Struct, frozen=True):
    """The client wants no more of this operation. Its id may be unknown: both sides may finish at once."""

    id: str


class Refuse(msgspec.Struct, frozen=True):
    """Answer one operation with an error; the socket stays."""

    id: str
    error: CallerError


class Reply(msgspec.Struct, frozen=True):
    """Send this message."""

    frame: bytes


class Close(msgspec.Struct, frozen=True):
    """Close the socket; nothing is to be sent any more."""

    code: Code
    reason: str


Action = Initialise | Start | Stop | Refuse | Reply | Close | None


class Connection:
    """What one client may say next. It never raises, and never looks at anything but the message."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._initialised = False
        self._acknowledged = False
        self._live: set[str] = set()

    def receive(self, message: str | bytes) -> Action:
        """What to do about one message; binary ones are not part of the protocol."""
        if len(message) > self._limits.sockets.message_bytes:
            return Close(Code.TOO_LARGE, f"a message has more than {self._limits.sockets.message_bytes} bytes")
        if isinstance(message, bytes):
            return Close(Code.BAD_MESSAGE, "expected a text message, got a binary one")
        try:
            return self._obey(message.encode())
        except MalformedRequest as error:
            return Close(Code.BAD_MESSAGE, error.message)

    def acknowledge(self) -> bytes:
        """The caller is known: from now on operations are taken. The message to send."""
        self._acknowledged = True
        return b'{"type":"connection_ack"}'

    def finish(self, id_: str) -> None:
        """An operation is over; its id may be used again."""
        self._live.discard(id_)

    def _obey(self, message: bytes) -> Action:
        value = read_json(message, self._limits)
        if not isinstance(value, dict):
            raise wrong(("message",), "an object", value)
        match value.get("type"):
            case "connection_init":
                return self._initialise(value)
            case "subscribe":
                return self._subscribe(value)
            case "complete":
                id_ = _id(value)
                self._live.discard(id_)
                return Stop(id_)
            case "ping":
                payload = optional(value, "payload", dict, ())
                return Reply(msgspec.json.encode({"type": "pong"} | ({"payload": payload} if payload else {})))
            case "pong":
                return None
            case other:
                raise MalformedRequest(f"type: expected a message of {SUBPROTOCOL}, got {other!r:.40}")

    def _initialise(self, message: dict[str, object]) -> Action:
        if self._initialised:
            return Close(Code.TOO_MANY_INITS, "Too many initialisation requests")
        self._initialised = True
        payload = optional(message, "payload", dict, ()) or {}
        return Initialise(_token(payload))

    def _subscribe(self, message: dict[str, object]) -> Action:
        if not self._acknowledged:
            return Close(Code.UNAUTHORIZED, "Unauthorized")
        id_ = _id(message)
        request = read_request(message.get("payload"), ("payload",))
        if id_ in self._live:
            return Close(Code.ID_IN_USE, f"Subscriber for {id_} already exists")
        if len(self._live) >= self._limits.sockets.operations:
            most = self._limits.sockets.operations
            return Refuse(id_, RateLimited(f"one socket runs at most {most} operations at once", retry_after_s=1.0))
        self._live.add(id_)
        return Start(id_, request)


def next_message(id_: str, response: object) -> bytes:
    """One response of an operation."""
    return msgspec.json.encode({"id": id_, "type": "next", "payload": response})


def error_message(id_: str, errors: tuple[ErrorEntry, ...]) -> bytes:
    """The end of an operation that could not be run, or not further; no `complete` follows."""
    return msgspec.json.encode({"id": id_, "type": "error", "payload": errors})


def complete_message(id_: str) -> bytes:
    """The end of an operation."""
    return msgspec.json.encode({"id": id_, "type": "complete"})


PING = b'{"type":"ping"}'


def short_reason(reason: str) -> str:
    """As much of a reason as a close frame holds."""
    return reason.encode()[:LONGEST_REASON_BYTES].decode(errors="ignore")


def _id(message: dict[str, object]) -> str:
    id_ = optional(message, "id", str, ())
    if not id_ or len(id_) > LONGEST_ID:
        raise MalformedRequest(f"id: expected a string of 1 to {LONGEST_ID} characters", path=("id",))
    return id_


def _token(payload: dict[str, object]) -> str | None:
    """From `token`, or from `Authorization` as it would stand in an HTTP header."""
    token = optional(payload, "token", str, ("payload",))
    if token is not None:
        return token
    for name in ("Authorization", "authorization"):
        value = optional(payload, name, str, ("payload",))
        if value is not None:
            scheme, _, rest = value.partition(" ")
            return rest.strip() if scheme.lower() == "bearer" else value
    return None
