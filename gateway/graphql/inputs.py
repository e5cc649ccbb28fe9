"""Says which variables are not what the schema wants, field by field; called by `execute` once coercion failed."""

from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    type_from_ast,
)

from errors import CallerError, ErrorCode
from gateway.graphql.problems import Fault

_SHOWN_CHARACTERS = 80
_SHOWN_NAMES = 20

_Wrong = tuple[tuple[str, ...], str]
"""The path to a value, and what was expected there."""


def wrong_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, object], most: int
) -> tuple[Fault, ...]:
    """The first `most` values that do not fit, in the order of the schema; empty when all do."""
    return tuple(
        [
            Fault(code=ErrorCode.INVALID_INPUT, message=f"{'.'.join(path)}: {message}", path=path)
            for path, message in islice(_in_variables(schema, operation, variables), most)
        ]
    )


def _in_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, object]
) -> Iterator[_Wrong]:
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        type_ = type_from_ast(schema, definition.type)
        if name in variables:
            yield from _in_value(variables[name], type_, (name,))
        elif isinstance(type_, GraphQLNonNull) and definition.default_value is None:
            yield (name,), f"expected {type_.of_type}, got nothing"


def _in_value(value: object, type_: object, path: tuple[str, ...]) -> Iterator[_Wrong]:
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            yield path, f"expected {type_.of_type}, got null"
        else:
            yield from _in_value(value, type_.of_type, path)
    elif value is None:
        return
    elif isinstance(type_, GraphQLList):
        if isinstance(value, list):
            for place, item in enumerate(value):
                yield from _in_value(item, type_.of_type, (*path, str(place)))
        else:
            yield from _in_value(value, type_.of_type, path)
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _in_object(value, type_, path)
    elif isinstance(type_, GraphQLScalarType | GraphQLEnumType):
        yield from _in_leaf(value, type_, path)


def _in_object(value: object, type_: GraphQLInputObjectType, path: tuple[str, ...]) -> Iterator[_Wrong]:
    if not isinstance(value, dict):
        yield path, f"expected an object of type {type_.name}, got {_show(value)}"
        return
    for name, field in type_.fields.items():
        if name in value:
            yield from _in_value(value[name], field.type, (*path, name))
        elif isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined:
            yield (*path, name), f"expected {field.type.of_type}, got nothing"
    for name in value:
        if name not in type_.fields:
            yield (*path, f"{name:.80}"), f"unknown field; {type_.name} has {_list(type_.fields)}"
    if type_.is_one_of and (len(value) != 1 or None in value.values()):
        yield path, f"expected exactly one of {_list(type_.fields)}, got {_list(value) or 'none'}"


def _in_leaf(value: object, type_: GraphQLScalarType | GraphQLEnumType, path: tuple[str, ...]) -> Iterator[_Wrong]:
    reason = _refusal(value, type_)
    if reason is None:
        return
    if isinstance(type_, GraphQLEnumType):
        yield path, f"expected one of {_list(type_.values)}, got {_show(value)}"
    else:
        yield path, f"expected {type_.name}, got {_show(value)}{reason}"


def _refusal(value: object, type_: GraphQLScalarType | GraphQLEnumType) -> str | None:
    """Why a leaf does not take a value: text to append, None when it takes it."""
    if isinstance(type_, GraphQLEnumType):
        return None if value in type_.values else ""
    try:
        return "" if type_.coerce_input_value(value) is Undefined else None
    except CallerError as error:
        return f": {error.message}"
    except (GraphQLError, ValueError, TypeError):
        return ""


def _show(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _list(names: Mapping[str, object]) -> str:
    first = [f"{name:.80}" for name in islice(names, _SHOWN_NAMES)]
    return ", ".join(first) + (" …" if len(names) > _SHOWN_NAMES else "")
