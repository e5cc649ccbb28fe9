"""The attempts of a claim as bytes: tenant and attempt key, one after another. Used by claiming and by taking over."""

from collections.abc import Sequence

from models.ids import AttemptKey, attempt_bytes, attempt_key

TENANT_BYTES = 16
POINTER_BYTES = TENANT_BYTES + 36


def packed(attempts: Sequence[tuple[bytes, AttemptKey]]) -> bytes:
    """52 bytes each."""
    return b"".join([tenant + attempt_bytes(key) for tenant, key in attempts])


def unpacked(pointers: bytes) -> list[tuple[bytes, AttemptKey]]:
    """The reverse of `packed`."""
    pieces = [pointers[at : at + POINTER_BYTES] for at in range(0, len(pointers), POINTER_BYTES)]
    return [(piece[:TENANT_BYTES], attempt_key(piece[TENANT_BYTES:])) for piece in pieces]
