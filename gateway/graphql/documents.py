"""Documents, measured, parsed and validated once and then kept; called by `execute` with every request's text."""

from collections import OrderedDict

import msgspec
import strawberry
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ASTValidationRule, OverlappingFieldsCanBeMergedRule, ValidationContext
from graphql.validation.validate import ValidationAbortedError
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from errors import ErrorCode, QueryTooCostly
from gateway.graphql import expansion
from gateway.graphql.limits import Limits
from gateway.graphql.problems import Fault, refused, shown
from gateway.graphql.scanning import measure

BYTES_PER_TOKEN = 400
"""Memory that graphql-core 3.3 takes for a parsed token, nodes and locations included (measured: 360)."""
BYTES_PER_ENTRY = 1_000


class Rejected(msgspec.Struct, frozen=True):
    """Why a document cannot be used; never empty."""

    faults: tuple[Fault, ...]


class Document(msgspec.Struct, frozen=True):
    """A valid document and its operations by name; None is the name of one without."""

    node: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]

    def operation(self, name: str | None) -> OperationDefinitionNode | Rejected:
        """The operation to run (GraphQL specification, section 6.1)."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found is not None:
            return found
        names = ", ".join([f"{name:.80}" for name in self.operations if name is not None][:20])
        wanted = f"expected one of {names}" if names else "the document's operation has no name"
        message = f"operationName: {wanted}, got {'nothing' if name is None else f'{name:.80}'}"
        return Rejected((Fault(code=ErrorCode.QUERY_INVALID, message=message, path=("operationName",)),))


class Documents:
    """The cache. Parsing never waits, so of many requests with one new document the first parses it for all.

    Bounded by count and by estimated memory; the least recently used goes first. Refusals are kept as well: a client
    that repeats its mistake does not cost a validation each time.
    """

    def __init__(self, schema: strawberry.Schema, limits: Limits) -> None:
        self._schema = graphql_schema(schema)
        self._limits = limits
        self._rules = _rules(limits)
        self._entries: OrderedDict[str, tuple[Document | Rejected, int]] = OrderedDict()
        self._bytes = 0
        _know_one_of(self._schema)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, text: str) -> Document | Rejected:
        """The document of this text.

        Raises:
            QueryTooCostly: measured before parsing, over a limit of `Limits`; later limits answer `Rejected`.
        """
        entry = self._entries.get(text)
        if entry is None:
            tokens = measure(text, self._limits)
            return self._keep(text, self._prepare(text), tokens)
        self._entries.move_to_end(text)
        return entry[0]

    def _keep(self, text: str, document: Document | Rejected, tokens: int) -> Document | Rejected:
        parsed = tokens * BYTES_PER_TOKEN if isinstance(document, Document) else 0
        size = BYTES_PER_ENTRY + 4 * len(text) + parsed
        self._entries[text] = (document, size)
        self._bytes += size
        while len(self._entries) > self._limits.cached_documents or self._bytes > self._limits.cached_bytes:
            _, (_, freed) = self._entries.popitem(last=False)
            self._bytes -= freed
        return document

    def _prepare(self, text: str) -> Document | Rejected:
        try:
            node = parse(text, max_tokens=self._limits.tokens)
            expansion.check(node, self._limits)
        except QueryTooCostly as error:
            return Rejected((shown(error),))
        except GraphQLError as error:
            return Rejected((refused(error),))
        return self._validate(node)

    def _validate(self, node: DocumentNode) -> Document | Rejected:
        errors = validate(self._schema, node, self._rules, max_errors=self._limits.errors)
        if errors:
            return Rejected(tuple([_fault(error) for error in errors]))
        operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
        return Document(node, {one.name.value if one.name else None: one for one in operations})


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema that Strawberry built; there is no public way to it."""
    return schema._schema  # noqa: SLF001


def _fault(error: GraphQLError) -> Fault:
    if isinstance(error, ValidationAbortedError) and not error.message.startswith("Too many"):
        return shown(QueryTooCostly("too many fields of one response name to compare; give each its own alias"))
    return refused(error)


def _rules(limits: Limits) -> tuple[type[ASTValidationRule], ...]:
    """The specification's rules, the quadratic one bounded, and Strawberry's own about `Maybe`.

    Strawberry's rule about @oneOf is left out: it raises KeyError for an undefined variable (strawberry-graphql
    0.341.2; look again at the next version). graphql-core knows @oneOf too once it is told, see `_know_one_of`.
    """
    rules = [_bounded(limits) if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]
    hidden = [] if limits.introspection else [NoSchemaIntrospectionCustomRule]
    return (*rules, MaybeNullValidationRule, *hidden)


def _bounded(limits: Limits) -> type[ASTValidationRule]:
    class BoundedMerging(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = limits.merge_units

    return BoundedMerging


def _know_one_of(schema: GraphQLSchema) -> None:
    """Tell graphql-core which inputs are @oneOf; Strawberry keeps that to itself."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition = type_.extensions.get("strawberry-definition")
            type_.is_one_of = type_.is_one_of or bool(getattr(definition, "is_one_of", False))
