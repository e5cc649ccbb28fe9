"""What sealed records are for: a record opens under its own purpose only. Used by everything that seals or opens."""

HANDLE = b"handle"
"""What a tenant knows a user by."""
ADDRESS = b"address"
DATA = b"data"
"""A tenant's own facts about a user."""
