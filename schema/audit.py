"""The audit log, as administrators see it."""

import msgspec
import strawberry

from engines.store.queries import AuditRow
from models import ids
from models.paging import Page
from models.vocabulary import Role as ModelRole
from schema.enums import AuditAction, Role
from schema.inputs import input_type
from schema.node import Node
from schema.pages import PageInfo
from schema.scalars import DateTime, JSONObject

_FACTS = msgspec.json.Decoder(dict)
_COMMAND_LINE = bytes(16)


def _facts(said: bytes | None) -> JSONObject | None:
    return None if said is None else JSONObject(_FACTS.decode(said))


@strawberry.type(
    description="One administrative change: who did what to what, without personal data. Each entry holds the hash of "
    "the one before it, so none can be changed or taken out unseen."
)
class AuditEntry(Node):
    """A row of audit_log."""

    number: int = strawberry.field(description="Its place in the tenant's log: 1, 2, 3 …, without a gap.")
    at: DateTime = strawberry.field(description="When it happened.")
    actor_id: strawberry.ID | None = strawberry.field(
        description="Who did it: key_…, mem_… or usr_…; null for commands on the machine itself."
    )
    actor_role: Role = strawberry.field(description="The actor's role at that time.")
    actor_name: str | None = strawberry.field(description="The name of the actor's key; null for people.")
    action: AuditAction = strawberry.field(description="What was done.")
    subject: str = strawberry.field(description="To what: an id, or the key of a category or template.")
    before: JSONObject | None = strawberry.field(description="How it was; null where there was nothing, or all is new.")
    after: JSONObject | None = strawberry.field(description="How it is since; null where nothing is left.")
    previous: str = strawberry.field(description="The hash of the entry before it: SHA-256 in hexadecimal digits.")
    hash: str = strawberry.field(description="Its own hash, over previous and all that it says.")

    @classmethod
    def of(cls, row: AuditRow) -> "AuditEntry":
        """From its row."""
        return cls(
            id=strawberry.ID(ids.encode(ids.AUDIT_ENTRY, row.tenant + row.seq.to_bytes(8))),
            number=row.seq,
            at=DateTime(row.at),
            actor_id=_actor(row),
            actor_role=Role(row.actor_role),
            actor_name=row.actor_name or None,
            action=AuditAction(row.action),
            subject=row.subject,
            before=_facts(row.before),
            after=_facts(row.after),
            previous=row.previous.hex(),
            hash=row.hash.hex(),
        )


def _actor(row: AuditRow) -> strawberry.ID | None:
    """Keys have names, people have none here."""
    if row.actor == _COMMAND_LINE:
        return None
    person = ids.USER if row.actor_role == ModelRole.END_USER else ids.MEMBER
    return strawberry.ID(ids.encode(ids.KEY if row.actor_name else person, row.actor))


@strawberry.type(description="An audit entry at its place in the list.")
class AuditEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(
        description="The place of this entry: pass it as after or before to go on from here."
    )
    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of the audit log, newest first.")
class AuditConnection:
    """Relay's connection."""

    edges: list[AuditEdge] = strawberry.field(description="The entries with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")

    @classmethod
    def of(cls, page: Page[AuditRow]) -> "AuditConnection":
        """From a page of rows."""
        edges = [
            AuditEdge(cursor=cursor, node=AuditEntry.of(row))
            for cursor, row in zip(page.cursors, page.items, strict=True)
        ]
        return cls(edges=edges, page_info=PageInfo.of(page))


@input_type(description="Which entries of the audit log: those for which all of this holds.")
class AuditFilter:
    """usecases.read_audit_log.AuditFilter."""

    action: AuditAction | None = strawberry.field(default=strawberry.UNSET, description="What was done.")
    actor: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who did it: key_…, mem_… or usr_…."
    )
    subject: str | None = strawberry.field(
        default=strawberry.UNSET, description="To what: an id, or the key of a category or template."
    )
    from_: DateTime | None = strawberry.field(name="from", default=strawberry.UNSET, description="Not before this.")
    to: DateTime | None = strawberry.field(default=strawberry.UNSET, description="Before this.")
