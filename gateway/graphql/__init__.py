"""The GraphQL door: an ASGI endpoint over any Strawberry schema. `services` builds it; it knows no use case."""
