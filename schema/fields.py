"""Decorators for fields that a method answers: `strawberry.field` with arguments, with its types kept."""

from collections.abc import Callable
from typing import TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., object])


def answered(*, description: str, graphql_type: object = None) -> Callable[[F], F]:
    """A field of a type, a query or a mutation.

    Args:
        graphql_type: the type as GraphQL shows it, where the method's annotation says something narrower or wider.
    """
    return cast("Callable[[F], F]", strawberry.field(description=description, graphql_type=graphql_type))


def followed(*, description: str) -> Callable[[F], F]:
    """A subscription, answered by an async generator."""
    return cast("Callable[[F], F]", strawberry.field(description=description, is_subscription=True))
