"""The printed schema is the one that is served, every part of it is explained, and its closed lists are the models'."""

from collections.abc import Iterator
from enum import Enum

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql import (
    build_schema as read_schema,
)

from errors import ErrorCode
from models.principal import Permission
from models.states import DeliveryState, NotificationState, Outcome, ReasonCode
from models.vocabulary import AuditAction, Channel, InboxMark, Priority, Role, TenantKind
from resolvers.printing import PRINTED, print_schema

PRINTED_ENUMS = (
    AuditAction, Channel, DeliveryState, ErrorCode, InboxMark, NotificationState, Outcome, Permission, Priority,
    ReasonCode, Role, TenantKind,
)  # fmt: skip


def types() -> list[GraphQLNamedType]:
    """Every type of ours, as the printed schema has it."""
    schema = read_schema(PRINTED.read_text(encoding="utf-8"))
    return [
        type_
        for type_ in schema.type_map.values()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    ]


def unexplained(type_: GraphQLNamedType) -> Iterator[str]:
    """The parts of a type that have no description."""
    if not type_.description:
        yield type_.name
    if isinstance(type_, GraphQLEnumType):
        yield from (f"{type_.name}.{name}" for name, value in type_.values.items() if not value.description)
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        yield from (f"{type_.name}.{name}" for name, field in type_.fields.items() if not field.description)
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in type_.fields.items():
            yield from (f"{type_.name}.{name}({key})" for key, one in field.args.items() if not one.description)


def test_the_printed_schema_is_the_one_that_is_served() -> None:
    assert PRINTED.read_text(encoding="utf-8") == print_schema(), "run: python -m resolvers.printing"


def test_everything_in_the_schema_is_explained_to_its_callers() -> None:
    assert [name for type_ in types() for name in unexplained(type_)] == []


def test_a_missing_explanation_is_found() -> None:
    planted = read_schema('"A." type Query { a(b: Int): E } "E." enum E { ONE }')

    found = [name for name in ("Query", "E") for name in unexplained(planted.type_map[name])]
    assert found == ["Query.a", "Query.a(b)", "E.ONE"]


@pytest.mark.parametrize("enum", PRINTED_ENUMS)
def test_a_closed_list_is_printed_as_the_models_have_it(enum: type[Enum]) -> None:
    [printed] = [type_ for type_ in types() if type_.name == enum.__name__]

    assert isinstance(printed, GraphQLEnumType) and list(printed.values) == [one.name for one in enum]


def test_every_failure_can_be_treated_alike() -> None:
    schema = read_schema(PRINTED.read_text(encoding="utf-8"))
    failure = schema.type_map["Failure"]
    assert isinstance(failure, GraphQLInterfaceType)

    names = {type_.name for type_ in schema.get_possible_types(failure)}
    assert names == {
        "InvalidInput", "Forbidden", "NotFound", "Conflict", "IdempotencyConflict", "RateLimited", "Unavailable",
    }  # fmt: skip
    assert list(failure.fields) == ["code", "message", "path", "retryable", "documentation", "traceId"]
