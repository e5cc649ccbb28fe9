"""Leases of workers, and the work of dead ones."""

import msgspec

from engines.store.base import Operation
from models.ids import AttemptKey


class Beat(Operation[None], frozen=True):
    """Says that a worker lives; the first one introduces it. Judged by the database's clock."""

    worker: bytes
    service: str
    lease_us: int


class OrphanClaim(msgspec.Struct, frozen=True):
    """A dead worker's claim: its attempts may be open."""

    id: bytes
    worker: bytes
    attempts: tuple[tuple[bytes, AttemptKey], ...]


class TakeOver(Operation[list[OrphanClaim]], frozen=True):
    """Frees the outbox rows of workers that are dead, forgets those without claims, and answers the others' claims.

    Dead: older than its lease by the database's clock, or holding something without being known (what was under way
    when it retired may be committed later); with `everyone_else`, every worker but `survivor`.
    """

    survivor: bytes
    everyone_else: bool


class Retire(Operation[None], frozen=True):
    """A worker stops in good order: its outbox rows are free again, and its row is gone."""

    worker: bytes
