"""Who changed what: carried by every operation that an administrator may want to look up, and chained by its hash."""

import hashlib
from datetime import datetime

import msgspec

from models.clock import to_datetime
from models.vocabulary import AuditAction, Role

GENESIS = bytes(32)
"""What the first entry of a chain follows."""
_FORM = msgspec.msgpack.Encoder()
_FACTS = msgspec.json.Encoder(order="sorted")


class AuditEntry(msgspec.Struct, frozen=True):
    """One administrative change, as its use case knows it; no personal data in any field.

    What was there before is added by the transaction where only that can know it.
    """

    actor_role: Role
    actor: bytes
    """The principal's id."""
    actor_name: str
    """The name of its key, or nothing for members, whose names are personal."""
    action: AuditAction
    subject: str
    """A public id, or the key of a category or template."""
    at_us: int
    before: bytes | None = None
    """JSON."""
    after: bytes | None = None
    """JSON."""


def chained(tenant: bytes, seq: int, previous: bytes, entry: AuditEntry) -> bytes:
    """An entry's hash: SHA-256 over its place, the hash before it, and all that it says; 32 bytes."""
    return hashlib.sha256(_FORM.encode((tenant, seq, previous, entry_values(entry)))).digest()


def entry_values(entry: AuditEntry) -> tuple[object, ...]:
    """As they are stored and hashed: the columns of `audit_log` from `at` to `after`."""
    return (
        entry.at_us, int(entry.actor_role), entry.actor, entry.actor_name, int(entry.action), entry.subject,
        entry.before, entry.after,
    )  # fmt: skip


def facts(**values: object) -> bytes:
    """What an entry says of before or after, as JSON; what is None is left out, and no value may be personal."""
    return _FACTS.encode({name: value for name, value in values.items() if value is not None})


def key_facts(name: str, role: Role, expires_at: int | None, quota_per_minute: int | None = None) -> bytes:
    """What is told of an API key."""
    return facts(name=name, role=role.name, expiresAt=moment(expires_at), quotaPerMinute=quota_per_minute)


def moment(at_us: int | None) -> datetime | None:
    """A time as facts have it."""
    return None if at_us is None else to_datetime(at_us)
