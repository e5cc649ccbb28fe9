"""The REST contract: bodies as msgspec structs, the table of operations, and the OpenAPI document made from both."""
