"""What the use cases ask of those who make credentials: the doors know their forms, services pass them in."""

from collections.abc import Callable
from typing import Protocol

from models.vocabulary import TenantKind


class KeyText(Protocol):
    """A new API key: the text for its holder, the hash for the store."""

    @property
    def text(self) -> str:
        """Given once, kept nowhere."""

    @property
    def hash(self) -> bytes:
        """32 bytes."""


NewKeyText = Callable[[bytes, bytes, TenantKind], KeyText]
"""Makes the text of a key from tenant id, key id, and the tenant's kind."""


class UserTokens(Protocol):
    """Makes the tokens with which browsers speak for one user."""

    def issue(self, tenant_id: bytes, user_id: bytes, lifetime_s: int) -> str:
        """A token that counts from now.

        Raises:
            InvalidInput: a lifetime outside 1 s to 24 h.
        """
