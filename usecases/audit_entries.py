"""Audit entries as a caller's change leaves them. Used by every use case that changes what administrators guard."""

from engines.store.operations import AuditEntry
from models.principal import Principal
from models.vocabulary import AuditAction, Role

COMMAND_LINE = bytes(16)
"""The actor behind the command line, and behind what an installation makes by itself at its first start."""


def command_line(tenant: bytes) -> Principal:
    """The caller that stands for whoever may run commands on the machine itself."""
    return Principal(tenant, COMMAND_LINE, Role.ADMIN, "command line")


def audit_entry(
    caller: Principal, action: AuditAction, subject: str, at_us: int, after: bytes | None = None
) -> AuditEntry:
    """By a caller. The names of those who sign in elsewhere are personal, so these stay out."""
    name = "" if caller.identity is not None else caller.name
    return AuditEntry(caller.role, caller.id, name, action, subject, at_us, after=after)
