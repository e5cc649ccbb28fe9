"""Short-lived tickets that open one kind of thing, the live inbox: a browser's EventSource can send no header.

Issued for whoever holds a browser token, and accepted by `gateway.rest.stream` alone.
"""

import os
from collections.abc import Callable

import msgspec

from errors import Unauthenticated
from gateway.signatures import MOST_TOKEN_BYTES, OwnSignatures
from models import ids
from models.clock import Clock
from models.principal import Principal
from models.vocabulary import Role

TYPE = "carillon-stream+jwt"
AUDIENCE = "carillon-stream"
LIFETIME_S = 60
_SECOND_US = 1_000_000


class _Claims(msgspec.Struct, forbid_unknown_fields=True):
    aud: str
    sub: str
    tid: str
    exp: int
    end_us: int
    """When the token ends by which the ticket was got; 0: never."""
    jti: str


class StreamTickets:
    """Issues and verifies tickets. One may be used again while it counts: a connection that is cut comes back.

    Args:
        entropy: n random bytes for `jti`.
    """

    def __init__(self, signatures: OwnSignatures, clock: Clock, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._signatures = signatures
        self._clock = clock
        self._entropy = entropy

    def issue(self, caller: Principal) -> tuple[str, int]:
        """A ticket for a caller who speaks for a user, and when it ends (µs since 1970 UTC): never after the caller."""
        end_us = caller.expires_at or 0
        exp = self._clock.now_us() // _SECOND_US + LIFETIME_S
        if end_us:
            exp = min(exp, end_us // _SECOND_US)
        claims = _Claims(
            aud=AUDIENCE,
            sub=ids.encode(ids.USER, caller.user or b""),
            tid=ids.encode(ids.TENANT, caller.tenant),
            exp=exp,
            end_us=end_us,
            jti=self._entropy(16).hex(),
        )
        return self._signatures.sign(TYPE, msgspec.json.encode(claims)), exp * _SECOND_US

    def verify(self, ticket: str) -> Principal:
        """The caller for whom it was issued, until that caller's own token ends.

        Raises:
            Unauthenticated: no ticket of ours, or one that has expired; the message is for the caller.
        """
        claims = self._claims(ticket)
        tenant, user = ids.try_decode(ids.TENANT, claims.tid), ids.try_decode(ids.USER, claims.sub)
        if tenant is None or user is None or claims.aud != AUDIENCE:
            raise Unauthenticated("the ticket is not accepted")
        if claims.exp * _SECOND_US <= self._clock.now_us():
            raise Unauthenticated("the ticket has expired: get a new one, and pass lastEventId to go on without a gap")
        return Principal(tenant, user, Role.END_USER, "", claims.end_us or None, user)

    def _claims(self, ticket: str) -> _Claims:
        if len(ticket) > MOST_TOKEN_BYTES or not ticket.isascii():
            raise Unauthenticated("the ticket is not accepted")
        try:
            return msgspec.json.decode(self._signatures.open(TYPE, ticket), type=_Claims)
        except (Unauthenticated, msgspec.MsgspecError) as error:
            raise Unauthenticated("the ticket is not accepted") from error
