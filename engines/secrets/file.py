"""Secrets in two files of one folder. Chosen by `services` and `commands` unless another adapter is set.

`encryption.keys` is JSON: `{"format": 1, "current": id, "lookup": id, "keys": [{"id", "secret": base64, "check"}]}`.
`signing.pem` holds the current private key first, then the public keys that are still accepted; kids are thumbprints.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from joserfc.jwk import RSAKey

from engines.secrets.base import KEY_BYTES, KeyRing, SigningKeys
from errors import ConfigurationError

SIGNING_FILE = "signing.pem"
ENCRYPTION_FILE = "encryption.keys"
STAGED = ".new"
RSA_BITS = 2048
MOST_BYTES = 65_536
_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)

_LOST_ENCRYPTION = (
    "restore it from a backup: nothing sealed before can be opened without it. If nothing was ever stored, move the "
    "other key file away and start again"
)
_LOST_SIGNING = (
    "restore it from a backup, or write a new RSA key of 2048 bits there in PEM, mode 0600: browser tokens issued "
    "before are then refused, and nothing else is lost"
)
_CURES = {ENCRYPTION_FILE: _LOST_ENCRYPTION, SIGNING_FILE: _LOST_SIGNING}


class FileSecrets:
    """Key files that only their owner can read (0600, folder 0700). Implements `Secrets`.

    Args:
        folder: made by the first `open(create=True)`; an existing one must not be writable by others.
        entropy: n random bytes for the key-encryption key.
    """

    def __init__(self, folder: Path, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._folder = folder
        self._entropy = entropy
        self._ring: KeyRing | None = None
        self._signing: SigningKeys | None = None

    async def open(self, create: bool) -> None:
        """As the port says. Takes about 0.1 s when it creates; file work runs on a thread."""
        await asyncio.to_thread(self._open, create)

    def key_encryption_keys(self) -> KeyRing:
        """As the port says."""
        if self._ring is None:
            raise ConfigurationError(f"the keys in {self._folder} are not open yet")
        return self._ring

    def signing_keys(self) -> SigningKeys:
        """As the port says."""
        if self._signing is None:
            raise ConfigurationError(f"the keys in {self._folder} are not open yet")
        return self._signing

    def _open(self, create: bool) -> None:
        try:
            if create:
                _make_folder(self._folder, 0o700)
            with _locked(self._folder) as folder_fd:
                if create:
                    self._complete(folder_fd)
                self._require_both()
                self._ring = _ring(self._path(ENCRYPTION_FILE))
                self._signing = _signing_keys(self._path(SIGNING_FILE))
        except FileNotFoundError as error:
            raise self._absent() from error
        except OSError as error:
            reason = f"cannot use the keys in {self._folder}: {error.strerror or error}"
            raise ConfigurationError(f"{reason}; give this process's user read and write access to it") from error

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _absent(self) -> ConfigurationError:
        return ConfigurationError(f"no keys in {self._folder}: the first `carillon run` makes them")

    def _require_both(self) -> None:
        missing = [name for name in _CURES if not self._path(name).exists()]
        if len(missing) == len(_CURES):
            raise self._absent()
        if missing:
            raise ConfigurationError(
                f"{self._path(missing[0])} is missing beside the other key file: {_CURES[missing[0]]}"
            )

    def _complete(self, folder_fd: int) -> None:
        """Make the pair visible as one: both are durable under other names before the first gets its own.

        A crash between the two renames leaves the staged signing key, which the next start moves into place. The
        encryption key is never moved up that way: with a stale one, stored data could not be opened.
        """
        encryption, signing = self._path(ENCRYPTION_FILE), self._path(SIGNING_FILE)
        if not encryption.exists() and not signing.exists():
            _write(_staged(encryption), _new_ring(self._entropy(KEY_BYTES)))
            _write(_staged(signing), _new_private_pem())
            os.fsync(folder_fd)
            _staged(encryption).rename(encryption)
            os.fsync(folder_fd)
        if encryption.exists() and not signing.exists() and _staged(signing).exists():
            _staged(signing).rename(signing)
            os.fsync(folder_fd)


class _StoredKey(msgspec.Struct, forbid_unknown_fields=True):
    id: int
    secret: bytes
    check: str


class _StoredRing(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    current: int
    lookup: int
    keys: list[_StoredKey]


def _staged(path: Path) -> Path:
    return path.with_name(path.name + STAGED)


def _make_folder(folder: Path, mode: int) -> None:
    """Make it with its parents, each entry durable: a folder that power loss takes away takes all keys along."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, 0o777)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode)
    parent_fd = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent_fd)
    finally:
        os.close(parent_fd)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Hold the folder against other starting processes; closing the descriptor, or dying, lets go."""
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        mode = os.fstat(folder_fd).st_mode
        if mode & 0o022 and not mode & stat.S_ISVTX:
            raise ConfigurationError(f"others can replace the keys in {folder}: chmod 700 {folder}")
        fcntl.flock(folder_fd, fcntl.LOCK_EX)
        yield folder_fd
    finally:
        os.close(folder_fd)


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    # Without O_NONBLOCK a named pipe in the file's place would stop the start for ever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{path} is no regular file: put the key file itself there")
        if mode & 0o177:
            raise ConfigurationError(
                f"{path} has mode {stat.S_IMODE(mode):04o}, so others may have read it; expected 0600: chmod 600 {path}"
            )
        return file.read(MOST_BYTES)


def _damaged(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(f"{path} is damaged ({what}): {_CURES[path.name]}")


def _check(key_id: int, secret: bytes) -> str:
    """Sixteen hex digits that tell a damaged key from the one that was written."""
    return hashlib.sha256(b"carillon key-encryption key %d %b" % (key_id, secret)).hexdigest()[:16]


def _new_ring(secret: bytes) -> bytes:
    ring = _StoredRing(format=1, current=1, lookup=1, keys=[_StoredKey(1, secret, _check(1, secret))])
    return msgspec.json.encode(ring) + b"\n"


def _ring(path: Path) -> KeyRing:
    try:
        stored = msgspec.json.decode(_read(path), type=_StoredRing)
    except ValueError as error:
        raise _damaged(path, "not the JSON that was written") from error
    keys = {key.id: key.secret for key in stored.keys if key.check == _check(key.id, key.secret)}
    if stored.format != 1 or len(keys) != len(stored.keys):
        raise _damaged(path, "a key does not match its check, an id is there twice, or the format is not 1")
    try:
        return KeyRing(stored.current, stored.lookup, keys)
    except ConfigurationError as error:
        raise _damaged(path, error.message) from error


def _new_private_pem() -> bytes:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _signing_keys(path: Path) -> SigningKeys:
    content = _read(path)
    blocks = [(block.group(1), block.group(0)) for block in _PEM_BLOCK.finditer(content)]
    if not blocks or _PEM_BLOCK.sub(b"", content).strip():
        raise _damaged(path, "not whole PEM blocks")
    try:
        _require_rsa(load_pem_private_key(blocks[0][1], password=None))
        for _, pem in blocks[1:]:
            _require_rsa(load_pem_public_key(pem))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _damaged(path, "expected a plain RSA private key, then public ones, all of 2048 bits or more") from error
    older = {RSAKey.import_key(pem).thumbprint(): pem for _, pem in blocks[1:]}
    return SigningKeys(RSAKey.import_key(blocks[0][1]).thumbprint(), blocks[0][1], older)


def _require_rsa(key: object) -> None:
    if not isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) or key.key_size < RSA_BITS:
        raise ValueError("not an RSA key of 2048 bits or more")
