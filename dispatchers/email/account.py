"""What a provider of e-mail is made from, and what it is. Filled by services, read by each provider's module."""

from typing import Protocol

import msgspec

from dispatchers.provider import EmailMessage, Provider
from models.clock import Clock


class EmailAccount(msgspec.Struct, frozen=True, kw_only=True):
    """How the operator wants e-mail to be sent. Times in seconds."""

    url: str
    """Its scheme chose the provider; what else it holds is for the provider to read."""
    sender: str
    """`carillon@example.org` or `Carillon <carillon@example.org>`."""
    concurrency: int
    """Most calls at once."""
    timeout_s: float
    """For each answer but the last."""
    final_timeout_s: float
    """For the answer that says whether a mail was taken."""
    clock: Clock

    def __repr__(self) -> str:
        """Without the URL, which may hold a password."""
        return f"EmailAccount({self.sender!r})"


class EmailModule(Protocol):
    """What makes a module of this folder a provider, beside its `SCHEMES` and perhaps its `EXTRA`, both literals."""

    def provider(self, account: EmailAccount) -> Provider[EmailMessage]:
        """The provider, connected to nothing yet.

        Raises:
            ConfigurationError: the account cannot be used; InvalidSettings where its own texts are wrong.
        """
