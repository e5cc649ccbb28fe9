"""Somebody who signs in elsewhere, opened: made by `usecases.member_directory`, shown by doors."""

import msgspec

from models.vocabulary import Role


class Member(msgspec.Struct, frozen=True):
    """A line of a tenant's list of members; issuer and subject as the identity provider's tokens have them."""

    tenant: bytes
    id: bytes
    issuer: str
    subject: str
    name: str
    role: Role
    created_at: int
    updated_at: int
