"""What one caller may ask of the GraphQL door before it is refused; set by `services`, read by every file here."""

import msgspec

from gateway.limits import BodyLimits


class SocketLimits(msgspec.Struct, frozen=True):
    """Bounds of one WebSocket. Times are seconds."""

    init_within_s: float = 5.0
    """From the open socket to an accepted `connection_init`."""
    operations: int = 100
    """At once on one socket."""
    message_bytes: int = 262_144
    waiting_bytes: int = 1_048_576
    """Of frames that the client has not taken yet. A frame may exceed it where less than `pause_bytes` wait."""
    pause_bytes: int = 65_536
    """From here on a subscription waits for the client before it asks its source for the next event."""
    ping_every_s: float = 12.0
    pong_within_s: float = 24.0
    """From the first ping that stays unanswered to the end of the socket."""
    beat_s: float = 0.5
    """Between two looks at heartbeats, and at which callers' tokens still stand."""
    close_within_s: float = 2.0
    """For the closing handshake, and for resolvers to let go."""


class Limits(BodyLimits, frozen=True):
    """Bounds of one request. With the defaults no document costs more than 100 ms before it is answered or run."""

    document_bytes: int = 65_536
    lines: int = 2_000
    """graphql-core looks for the line of each error from the document's start."""
    tokens: int = 2_000
    nesting: int = 48
    """Of braces, brackets and parentheses, before parsing."""
    definitions: int = 100
    fields: int = 500
    directives: int = 50
    depth: int = 24
    """Of selections, fragments followed."""
    expanded_fields: int = 2_000
    """Fields after every fragment is put in place of its spreads."""
    merge_units: int = 20_000
    """Work of the rule that compares fields of one response name, in graphql-core's units (about 1.5 µs each)."""
    errors: int = 10
    """Reported about one document or one set of variables."""
    cached_documents: int = 1_000
    cached_bytes: int = 33_554_432
    """Estimated memory of all cached documents."""
    introspection: bool = True
    sockets: SocketLimits = SocketLimits()
