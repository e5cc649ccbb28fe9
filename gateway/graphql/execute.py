"""Runs operations over the schema with one context each; called by both transports."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from inspect import isawaitable
from typing import Generic, TypeGuard, TypeVar, cast

import msgspec
import strawberry
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    MiddlewareManager,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import create_source_event_stream, map_source_to_response_event
from strawberry.execution.is_awaitable import optimized_is_awaitable

from errors import ConfigurationError, ErrorCode
from gateway.graphql.documents import Document, Documents, Rejected, graphql_schema
from gateway.graphql.inputs import wrong_variables
from gateway.graphql.limits import Limits
from gateway.graphql.metrics import OK, UNKNOWN, Tally
from gateway.graphql.problems import Fault, Problems, refused
from gateway.graphql.request import Request

P = TypeVar("P")
C = TypeVar("C")


_is_awaitable = cast("Callable[[object], TypeGuard[Awaitable[object]]]", optimized_is_awaitable)


class Answer(msgspec.Struct, frozen=True):
    """One response. `data` is UNSET when nothing was executed: then the request itself is at fault."""

    faults: tuple[Fault, ...] = ()
    data: dict[str, object] | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def executed(self) -> bool:
        """Whether resolvers were asked."""
        return self.data is not msgspec.UNSET


class Begun(msgspec.Struct, frozen=True):
    """An operation that is ready to run, once."""

    kind: OperationType
    executor: Executor[object]
    trace_id: str


class Operations(Generic[P, C]):
    """From a request to its answers. Nothing here raises: what goes wrong is in the answer.

    Args:
        make_context: what `info.context` is; called once per operation with the principal and the trace id.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits,
        make_context: Callable[[P, str], C],
        problems: Problems,
        tally: Tally,
    ) -> None:
        if schema.extensions:
            raise ConfigurationError("Strawberry's schema extensions do not run on this endpoint: leave them out")
        self._schema = graphql_schema(schema)
        self._documents = Documents(schema, limits)
        self._limits = limits
        self._make_context = make_context
        self._problems = problems
        self._tally = tally
        # Strawberry runs a schema's own operation directives as a resolver middleware.
        directives = schema.get_extensions()
        self._middleware = MiddlewareManager(*directives) if directives else None
        self._executor_class = schema.execution_context_class

    def begin(self, request: Request, principal: P, trace_id: str) -> Begun | Answer:
        """Find the document, choose the operation, coerce the variables; an answer instead when that fails."""
        try:
            return self._begin(request, principal, trace_id)
        except Exception as error:  # noqa: BLE001 - the edge: anything is answered, masked unless it is ours
            return self._refuse(UNKNOWN, self._problems.of(error, trace_id))

    async def answer(self, begun: Begun) -> Answer:
        """Run a query or a mutation."""
        try:
            pending = begun.executor.execute_operation()
            result = await pending if isawaitable(pending) else pending
            answer = self._answer_of(cast("ExecutionResult", result), begun)
        except Exception as error:  # noqa: BLE001 - the edge: as above
            answer = Answer((self._problems.of(error, begun.trace_id),))
        self._tally.count(begun.kind.value, answer.faults[0].code if answer.faults else OK)
        return answer

    async def events(self, begun: Begun) -> AsyncGenerator[Answer, None]:
        """Run a subscription: an answer per event. One that was not executed is the last."""
        last = Answer(data=None)
        try:
            source = await self._source(begun)
            if isinstance(source, Answer):
                last = source
                yield last
                return
            async with aclosing(map_source_to_response_event(begun.executor, source)) as results:
                async for result in results:
                    yield self._answer_of(result, begun)
        except Exception as error:  # noqa: BLE001 - the edge: as above
            last = Answer((self._problems.of(error, begun.trace_id),))
            yield last
        finally:
            self._tally.count(begun.kind.value, OK if last.executed else last.faults[0].code)

    def _begin(self, request: Request, principal: P, trace_id: str) -> Begun | Answer:
        document = self._documents.get(request.query)
        if isinstance(document, Rejected):
            return self._refuse(UNKNOWN, *document.faults)
        operation = document.operation(request.operation_name)
        if isinstance(operation, Rejected):
            return self._refuse(UNKNOWN, *operation.faults)
        executor = self._executor(document, request, self._make_context(principal, trace_id))
        if isinstance(executor, list):
            return self._refuse(operation.operation.value, *self._wrong_input(operation, request, executor))
        return Begun(operation.operation, executor, trace_id)

    def _executor(self, document: Document, request: Request, context: C) -> Executor[object] | list[GraphQLError]:
        return self._executor_class.build(
            self._schema,
            document.node,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=self._limits.errors,
            middleware=self._middleware,
            is_awaitable=_is_awaitable,
        )

    def _wrong_input(
        self, operation: OperationDefinitionNode, request: Request, errors: list[GraphQLError]
    ) -> tuple[Fault, ...]:
        """Our own words with paths; graphql-core's where a type refuses what we find nothing wrong with."""
        faults = wrong_variables(self._schema, operation, request.variables, self._limits.errors)
        return faults or tuple([refused(error, ErrorCode.INVALID_INPUT) for error in errors])

    async def _source(self, begun: Begun) -> AsyncIterable[object] | Answer:
        pending = create_source_event_stream(begun.executor)
        source = await pending if isawaitable(pending) else pending
        if isinstance(source, ExecutionResult):
            return Answer(self._problems.of_execution(source.errors or (), begun.trace_id))
        return source

    def _answer_of(self, result: ExecutionResult, begun: Begun) -> Answer:
        faults = self._problems.of_execution(result.errors, begun.trace_id) if result.errors else ()
        return Answer(faults, result.data)

    def _refuse(self, kind: str, *faults: Fault) -> Answer:
        self._tally.count(kind, faults[0].code)
        return Answer(faults)
