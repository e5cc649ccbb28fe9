"""The whole GraphQL schema, put together. Built by services for the endpoint, and by `resolvers.printing`."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.mutations import Mutation
from resolvers.queries import Query
from resolvers.subscriptions import Subscription
from schema.scalars import SCALARS


def build_schema() -> strawberry.Schema:
    """One schema; it holds no state and may serve any number of endpoints."""
    return strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS))
