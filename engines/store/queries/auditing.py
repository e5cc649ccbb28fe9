"""The audit log."""

import msgspec

from engines.store.base import FromTenant, FromTenants
from engines.store.operations.auditing import AuditEntry
from models.vocabulary import AuditAction, Role


class AuditRow(msgspec.Struct, frozen=True):
    """An entry at its place in its tenant's chain."""

    tenant: bytes
    seq: int
    at: int
    actor_role: int
    actor: bytes
    actor_name: str
    action: int
    subject: str
    before: bytes | None
    after: bytes | None
    previous: bytes
    hash: bytes

    def entry(self) -> AuditEntry:
        """What was hashed.

        Raises:
            ValueError: a role or an action that nothing of ours has written.
        """
        return AuditEntry(
            Role(self.actor_role), self.actor, self.actor_name, AuditAction(self.action), self.subject, self.at,
            self.before, self.after,
        )  # fmt: skip


class AuditPage(FromTenant[AuditRow], frozen=True):
    """At most `limit` entries with numbers between two places, both left out; None filters nothing."""

    after_seq: int
    before_seq: int
    limit: int
    newest_first: bool
    action: int | None = None
    actor: bytes | None = None
    subject: str | None = None
    from_us: int | None = None
    until_us: int | None = None


class AuditEntries(FromTenant[AuditRow], frozen=True):
    """Just these entries, in any order."""

    seqs: tuple[int, ...]


class AuditHeadRow(msgspec.Struct, frozen=True):
    """The last entry of a chain."""

    tenant: bytes
    seq: int
    hash: bytes


class AuditHeads(FromTenants[AuditHeadRow], frozen=True):
    """Where the chains of these tenants end; who never changed anything has none."""
