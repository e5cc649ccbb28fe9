"""What the REST door is made of: the same use cases as GraphQL's. Called by the gateway's service."""

from gateway.auth import Authenticator
from gateway.rest.door import RestDoor
from gateway.rest.inbox import Inbox
from gateway.rest.live import StreamLimits
from gateway.rest.notifications import Notifications
from gateway.rest.open_streams import OpenStreams
from gateway.rest.sending import Sending
from gateway.rest.sessions import Sessions
from gateway.rest.stream import Stream
from gateway.rest.told import Told
from gateway.tickets import StreamTickets
from resolvers.context import Backing
from services.foundation import Foundation
from usecases.read_notification import ReadNotification


def rest_door(
    base: Foundation, backing: Backing, authenticator: Authenticator, limits: StreamLimits | None = None
) -> RestDoor:
    """The door, with its handlers.

    Args:
        backing: the use cases that it shares with GraphQL.
        limits: of live streams.
    """
    tickets = StreamTickets(base.tokens.signatures, base.clock)
    streams = OpenStreams(authenticator.standings)
    told = Told(backing.follow, backing.read_inbox, base.clock)
    read = ReadNotification(base.store, base.sealer, base.clock)
    resources = (
        Sending(backing.send, read),
        Notifications(read, backing.history.notifications, backing.history.cancel),
        Inbox(backing.read_inbox, backing.mark),
        Sessions(tickets, base.clock),
    )
    return RestDoor(
        authenticate=authenticator,
        handlers={operation: handler for one in resources for operation, handler in one.handlers().items()},
        stream=Stream(authenticator, tickets, told, streams, limits or StreamLimits()),
        streams=streams,
        standing=base.quotas.standing,
        documentation=backing.documentation,
    )
