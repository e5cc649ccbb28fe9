"""What a repeated key came to the first time, where its input would be refused by now. Used by `send_notifications`.

A time passes, a template's new version wants other data: a caller who got no answer and sends the same again is told
what became of it, whatever has changed since.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from engines.store.operations import Accepted
from engines.store.queries import SendRecords
from usecases.requests import SendRequest

SEND = "send"
"""The operation that idempotency keys of sending belong to."""
_CANONICAL = msgspec.json.Encoder(order="sorted")


class EarlierOutcomes:
    """Asks the records of idempotency keys."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def find(self, tenant: bytes, requests: Sequence[SendRequest], now_us: int) -> list[Accepted | None]:
        """For each request, in order: what the same input with the same key was answered within the last day.

        Raises:
            Unavailable: the store does not answer.
        """
        marks = [self._mark(tenant, request) for request in requests]
        hashes = tuple({mark[0] for mark in marks if mark is not None})
        rows = await self._store.read(SendRecords(tenant, hashes, now_us)) if hashes else ()
        outcomes = {(row.key_hash, row.fingerprint): Accepted(row.outcome, duplicate=True) for row in rows}
        return [outcomes.get(mark) if mark is not None else None for mark in marks]

    def _mark(self, tenant: bytes, request: SendRequest) -> tuple[bytes, bytes] | None:
        if request.idempotency_key is None:
            return None
        try:
            return self._sealer.hash_key(tenant, SEND, request.idempotency_key), fingerprint(request)
        except UnicodeEncodeError:
            # lone surrogates: nothing like it was ever accepted
            return None


def fingerprint(request: SendRequest) -> bytes:
    """SHA-256 of the request with its defaults filled and its key left out."""
    fields = msgspec.structs.asdict(request) | {"idempotency_key": None}
    if request.template is None:
        # as it was before there were templates: a key's day may span the change
        del fields["template"]
    return hashlib.sha256(_CANONICAL.encode(fields)).digest()
