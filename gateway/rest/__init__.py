"""The REST door: one file per resource, over the same use cases as GraphQL. `door` puts them together."""
