"""Encodes and decodes work batches. Called by transactions that write the outbox and by the consumer loop."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from google.protobuf.message import DecodeError

from errors import CorruptData
from models.events.work_pb2 import TenantWork, Work

VERSION = b"\x01"
TENANT_BYTES = 16


def encode(pointers: Iterable[tuple[bytes, bytes]], at_us: int, traceparent: str = "") -> bytes:
    """(tenant, pointer bytes) pairs as one batch; runs of one tenant share a group, and order is kept."""
    work = Work(at_us=at_us, traceparent=traceparent)
    for tenant, run in groupby(pointers, itemgetter(0)):
        work.tenants.append(TenantWork(tenant_id=tenant, pointers=b"".join([pointer for _, pointer in run])))
    return VERSION + work.SerializeToString()


def traceparent_of(payload: bytes) -> str:
    """The trace context of the first pointer's request, or nothing, of a payload that `decode` can read."""
    return Work.FromString(payload[1:]).traceparent


def decode(payload: bytes, pointer_bytes: int) -> Sequence[tuple[bytes, bytes]]:
    """The reverse of `encode`, for pointers of a known size.

    Raises:
        CorruptData: an unknown version, no such message, or pointers of another size.
    """
    if payload[:1] != VERSION:
        raise CorruptData(f"an event starts with version byte {payload[:1].hex() or 'none'}, expected {VERSION.hex()}")
    try:
        work = Work.FromString(payload[1:])
    except DecodeError as error:
        raise CorruptData(f"an event of {len(payload)} bytes is no work batch: {error}") from error
    found: list[tuple[bytes, bytes]] = []
    for group in work.tenants:
        packed = group.pointers
        if len(packed) % pointer_bytes or len(group.tenant_id) != TENANT_BYTES:
            raise CorruptData(
                f"an event carries {len(packed)} bytes of pointers, expected multiples of {pointer_bytes}"
            )
        tenant = group.tenant_id
        found += [(tenant, packed[at : at + pointer_bytes]) for at in range(0, len(packed), pointer_bytes)]
    return found
