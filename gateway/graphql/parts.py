"""What both transports of an endpoint share; put together by `endpoint`."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from gateway.graphql.execute import Operations
from gateway.graphql.limits import Limits
from gateway.graphql.problems import Problems
from gateway.submitted import Submitted
from gateway.trace import Traces

P = TypeVar("P")
C = TypeVar("C")


class Parts(msgspec.Struct, Generic[P, C], frozen=True):
    """One of each per endpoint."""

    operations: Operations[P, C]
    authenticate: Callable[[str | None], Awaitable[P]]
    problems: Problems
    traces: Traces
    limits: Limits
    submitted: Submitted
