"""The Secrets port: where the master key material comes from. Opened once at start by `services` and `commands`."""

from typing import Protocol

import msgspec

from errors import ConfigurationError

KEY_BYTES = 32
HIGHEST_KEY_ID = 65_535


class KeyRing(msgspec.Struct, frozen=True):
    """Every key-encryption key that stored data may still need. Its text form shows ids, never keys.

    Raises:
        ConfigurationError: a key is not 32 bytes, an id is outside 1–65,535, or `current` or `lookup` has no key.
    """

    current: int
    """Id of the key that wraps new data keys and signs new cursors."""
    lookup: int
    """Id of the key behind blind indexes and idempotency hashes. It outlives `current` on a rotation, because these
    values are searched for: another key would find none of the stored ones."""
    keys: dict[int, bytes]
    """Key by id, the current one and all older ones."""

    def __post_init__(self) -> None:
        if not {self.current, self.lookup} <= self.keys.keys():
            raise ConfigurationError(f"no key-encryption key {self.current} or {self.lookup} among {sorted(self.keys)}")
        for key_id, key in self.keys.items():
            if len(key) != KEY_BYTES or not 1 <= key_id <= HIGHEST_KEY_ID:
                raise ConfigurationError(
                    f"key-encryption key {key_id} has {len(key)} bytes; expected {KEY_BYTES}, and an id from 1 to "
                    f"{HIGHEST_KEY_ID}"
                )

    def __repr__(self) -> str:
        return f"KeyRing(current={self.current}, lookup={self.lookup}, ids={sorted(self.keys)})"


class SigningKeys(msgspec.Struct, frozen=True):
    """RS256 keys for browser tokens. Its text form shows key ids only."""

    kid: str
    """Id of the current key: its RFC 7638 thumbprint."""
    private_pem: bytes
    """The current private key, PKCS #8 in PEM, not encrypted."""
    older: dict[str, bytes]
    """Public keys (SubjectPublicKeyInfo in PEM) by kid, whose tokens are still accepted."""

    def __repr__(self) -> str:
        return f"SigningKeys(kid={self.kid!r}, older={sorted(self.older)})"


class Secrets(Protocol):
    """Gives the master key material, the same to every process of an installation.

    Losing it loses every address, external id and content ever sealed: a backup of the store needs one of the secrets.
    """

    async def open(self, create: bool) -> None:
        """Read everything; with `create`, make it first where there is none at all.

        Durable on return. Of several first starts at once, one creates and all read what it made.

        Raises:
            ConfigurationError: absent without `create`, incomplete, damaged, or open to other users; names the cure.
        """

    def key_encryption_keys(self) -> KeyRing:
        """As read by `open`.

        Raises:
            ConfigurationError: not opened.
        """

    def signing_keys(self) -> SigningKeys:
        """As read by `open`.

        Raises:
            ConfigurationError: not opened.
        """
