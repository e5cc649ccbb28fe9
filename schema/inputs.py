"""The decorator of input types: `strawberry.input`, with the way to build a value worked out once for all values."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar, dataclass_transform

import strawberry
from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)

T = TypeVar("T")


class _Field(NamedTuple):
    graphql_name: str
    python_name: str
    nested: StrawberryObjectDefinition | None
    """The input type to build; None for what graphql-core has made ready: scalars, enums, and lists of them."""


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def input_type(*, description: str, one_of: bool = False) -> Callable[[type[T]], type[T]]:
    """An input type of the API. Its fields are leaves, other input types of this decorator, or lists of either.

    Strawberry 0.341.2 looks up the type and the name of every field again for every value, which takes longer than
    all else about a mutation's arguments; its hook for other ways of building is used instead.
    """

    def decorate(class_: type[T]) -> type[T]:
        made: type[T] = strawberry.input(class_, description=description, one_of=one_of)
        definition = get_object_definition(made, strict=True)
        definition.from_input = _builder(definition)
        return made

    return decorate


def _builder(
    definition: StrawberryObjectDefinition,
) -> Callable[[type, Mapping[str, object], InputContext], object]:
    fields: list[_Field] = []

    def build(type_: type, value: Mapping[str, object], context: InputContext) -> object:
        if not fields:
            fields.extend(_fields(definition, context))
        return type_(
            **{
                name: _value(value[graphql_name], nested, context)
                for graphql_name, name, nested in fields
                if graphql_name in value
            }
        )

    return build


def _fields(definition: StrawberryObjectDefinition, context: InputContext) -> list[_Field]:
    name_of = context.config.name_converter.from_field
    found = []
    for field in definition.fields:
        type_ = field.resolve_type(type_definition=definition)
        inner = type_
        while isinstance(inner, (StrawberryOptional, StrawberryList)):
            inner = inner.of_type
        found.append(_Field(name_of(field), field.python_name, get_object_definition(inner)))
    return found


def _value(value: object, nested: StrawberryObjectDefinition | None, context: InputContext) -> object:
    if nested is None or nested.from_input is None:
        return value
    if isinstance(value, list):
        return [_value(one, nested, context) for one in value]
    return nested.from_input(nested.origin, value, context) if isinstance(value, Mapping) else value
