"""What lets a browser's EventSource in: a ticket for its address, or a cookie. Mounted by the door."""

import math
from urllib.parse import urlencode, urlsplit

from errors import InvalidInput
from gateway.heads import Head
from gateway.rest.asked import Asked, Handler
from gateway.rest.replies import Reply, json_reply
from gateway.tickets import StreamTickets
from models.clock import Clock
from models.principal import Principal
from schema.rest.inbox import StreamTicket
from schema.rest.operations import COOKIE, SIGN_IN, STREAM, TICKET, RestCall
from schema.scalars import write_time

LONGEST_COOKIE = 3_800
"""Bytes of a token; browsers drop cookies of more than 4,096 with their name and attributes."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LONGEST_SESSION_S = 86_400
_SECOND_US = 1_000_000


class Sessions:
    """The handlers."""

    def __init__(self, tickets: StreamTickets, clock: Clock) -> None:
        self._tickets = tickets
        self._clock = clock

    def handlers(self) -> dict[RestCall, Handler]:
        """By operation."""
        return {TICKET: self.ticket, SIGN_IN: self.sign_in}

    async def ticket(self, asked: Asked) -> Reply:
        """A ticket."""
        text, ends_us = self._tickets.issue(asked.caller)
        href = f"{STREAM}?{urlencode({'ticket': text})}"
        return json_reply(201, StreamTicket(text, write_time(ends_us), href))

    async def sign_in(self, asked: Asked) -> Reply:
        """The token that was shown, as a cookie that scripts cannot read and other sites cannot send."""
        if len(asked.token) > LONGEST_COOKIE:
            raise InvalidInput(f"the token has more than {LONGEST_COOKIE} bytes, too long for a cookie: use a ticket")
        return _cookie(asked.head, asked.token, self._left_s(asked.caller))

    def _left_s(self, caller: Principal) -> int:
        if caller.expires_at is None:
            return LONGEST_SESSION_S
        return max(0, math.floor((caller.expires_at - self._clock.now_us()) / _SECOND_US))


def sign_out(head: Head) -> Reply:
    """Nothing in the cookie's place."""
    return _cookie(head, "", 0)


def _cookie(head: Head, value: str, max_age_s: int) -> Reply:
    attributes = [f"{COOKIE}={value}", f"Path={STREAM}", f"Max-Age={max_age_s}", "HttpOnly", "SameSite=Strict"]
    if not is_loopback(head.host):
        attributes.append("Secure")
    return Reply(204, headers=((b"set-cookie", "; ".join(attributes).encode()),))


def is_loopback(host: str) -> bool:
    """Whether a Host header names this very machine, where no TLS is to be expected."""
    try:
        return (urlsplit(f"//{host}").hostname or "") in LOOPBACK
    except ValueError:
        return False


def cookie_of(header: str) -> str | None:
    """The stream's cookie in a Cookie header."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value or None
    return None
