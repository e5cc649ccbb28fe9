"""The interface of everything that has an id. Implemented by the types, answered by `node` and `nodes`."""

import strawberry


@strawberry.interface(description="Something with an id that node finds again.")
class Node:
    """Relay's node; ids are prefixed and globally unique, so no other global id is needed."""

    id: strawberry.ID = strawberry.field(description="Opaque and globally unique; its prefix tells the type.")
