"""What every source of key material promises, then what the key files promise beside it."""

import asyncio
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from engines.secrets.base import KeyRing, Secrets, SigningKeys
from engines.secrets.file import FileSecrets
from errors import ConfigurationError

Source = Callable[[], Secrets]
ADAPTERS: dict[str, Callable[[Path], Secrets]] = {"file": FileSecrets}
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=ADAPTERS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """Makes one more process's view of the same, still empty, place."""
    return lambda: ADAPTERS[request.param](tmp_path / "keys")


async def opened(secrets: Secrets, create: bool = True) -> tuple[KeyRing, SigningKeys]:
    await secrets.open(create)
    return secrets.key_encryption_keys(), secrets.signing_keys()


async def test_the_first_open_makes_key_material_that_works(source: Source) -> None:
    ring, signing = await opened(source())
    private = load_pem_private_key(signing.private_pem, None)

    assert (len(ring.keys[ring.current]), ring.lookup) == (32, ring.current)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert (private.key_size, signing.older) == (2048, {})
    assert re.fullmatch(r"[\w-]{43}", signing.kid)


async def test_later_opens_read_the_same(source: Source) -> None:
    first = await opened(source())

    assert await opened(source()) == first
    assert await opened(source(), create=False) == first


async def test_without_create_nothing_is_made(source: Source) -> None:
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"no keys in .*carillon run"):
            await source().open(create=False)


async def test_two_installations_share_no_key(tmp_path: Path) -> None:
    one, other = await opened(FileSecrets(tmp_path / "one")), await opened(FileSecrets(tmp_path / "other"))

    assert one[0].keys[1] != other[0].keys[1]
    assert one[1].kid != other[1].kid


async def test_first_starts_at_once_in_one_process_end_with_one_set_of_keys(source: Source) -> None:
    several = await asyncio.gather(*[opened(source()) for _ in range(8)])

    assert all(each == several[0] for each in several)


def test_keys_are_not_there_before_open(source: Source) -> None:
    for read in (source().key_encryption_keys, source().signing_keys):
        with pytest.raises(ConfigurationError, match="not open"):
            read()


async def test_the_text_of_what_is_read_shows_no_key(source: Source) -> None:
    ring, signing = await opened(source())

    assert "PRIVATE" not in f"{signing!r}{signing}"
    assert repr(ring.keys[1])[2:-1] not in f"{ring!r}{ring}"


# The key files


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder with the key files of a first start."""
    await FileSecrets(tmp_path / "keys").open(create=True)
    return tmp_path / "keys"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def refusal(folder: Path, create: bool = True) -> str:
    before = contents(folder)
    with pytest.raises(ConfigurationError) as caught:
        await FileSecrets(folder).open(create)
    assert contents(folder) == before
    return caught.value.message


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_processes_that_start_first_at_once_end_with_one_set_of_keys(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from engines.secrets.file import FileSecrets\n"
        "secrets = FileSecrets(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(secrets.open(create=True))\n"
        "print(secrets.key_encryption_keys().keys[1].hex(), secrets.signing_keys().kid)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "var" / "keys")]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    answers = [process.communicate(timeout=60)[0] for process in started]

    assert {process.returncode for process in started} == {0}
    assert re.fullmatch(r"[0-9a-f]{64} [\w-]{43}\n", answers[0])
    assert len(set(answers)) == 1
    assert sorted(contents(tmp_path / "var" / "keys")) == ["encryption.keys", "signing.pem"]


def test_only_the_owner_can_read_them(folder: Path) -> None:
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {"encryption.keys": 0o600, "signing.pem": 0o600}


@pytest.mark.parametrize("name", ["encryption.keys", "signing.pem"])
@pytest.mark.parametrize("wide", [0o640, 0o604, 0o644, 0o660, 0o666, 0o700, 0o610])
async def test_a_file_that_others_can_read_is_refused(folder: Path, name: str, wide: int) -> None:
    (folder / name).chmod(wide)
    message = await refusal(folder)

    assert f"{folder / name} has mode {wide:04o}" in message
    assert f"chmod 600 {folder / name}" in message


@pytest.mark.parametrize("name", ["encryption.keys", "signing.pem"])
async def test_a_file_that_can_only_be_read_is_accepted(folder: Path, name: str) -> None:
    (folder / name).chmod(0o400)

    assert (await opened(FileSecrets(folder), create=False))[0].current == 1


@pytest.mark.parametrize("wide", [0o720, 0o702, 0o777])
async def test_a_folder_that_others_can_write_to_is_refused(folder: Path, wide: int) -> None:
    os.chmod(folder, wide)  # noqa: PTH101 the rule against waiting for files in coroutines knows no fixtures

    assert f"chmod 700 {folder}" in await refusal(folder)


@pytest.mark.parametrize(
    ("lost", "cure"),
    [
        ("encryption.keys", "restore it from a backup: nothing sealed"),
        ("signing.pem", "write a new RSA key of 2048 bits"),
    ],
)
@pytest.mark.parametrize("create", [True, False])
async def test_one_file_without_the_other_is_refused(folder: Path, lost: str, cure: str, create: bool) -> None:
    (folder / lost).unlink()
    message = await refusal(folder, create)

    assert f"{folder / lost} is missing" in message
    assert cure in message


async def test_a_first_start_that_died_between_its_two_files_is_completed_by_the_next(folder: Path) -> None:
    first = await opened(FileSecrets(folder))
    (folder / "signing.pem").rename(folder / "signing.pem.new")

    assert "signing.pem is missing" in await refusal(folder, create=False)
    assert await opened(FileSecrets(folder)) == first
    assert sorted(contents(folder)) == ["encryption.keys", "signing.pem"]


async def test_a_first_start_that_died_before_its_first_file_leaves_nothing_that_counts(folder: Path) -> None:
    first = await opened(FileSecrets(folder))
    for name in ("encryption.keys", "signing.pem"):
        (folder / name).rename(folder / f"{name}.new")
        (folder / f"{name}.new").write_bytes(b"cut")

    second = await opened(FileSecrets(folder))
    assert second[0].keys[1] != first[0].keys[1]
    assert sorted(contents(folder)) == ["encryption.keys", "signing.pem"]


async def test_a_left_over_encryption_key_is_never_taken_for_the_lost_one(folder: Path) -> None:
    (folder / "encryption.keys").rename(folder / "encryption.keys.new")

    assert "encryption.keys is missing" in await refusal(folder)


async def test_an_encryption_file_cut_or_changed_anywhere_is_refused(folder: Path) -> None:
    path = folder / "encryption.keys"
    whole, ring = path.read_bytes(), (await opened(FileSecrets(folder)))[0]
    for at in range(len(whole) - 1):
        for bad in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            path.write_bytes(bad)
            try:
                await FileSecrets(folder).open(create=True)
            except ConfigurationError as error:
                assert f"{path} is damaged" in error.message  # noqa: PT017 a change without a meaning may be accepted
            else:
                assert (await opened(FileSecrets(folder)))[0] == ring, bad


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"\0" * 300,
        b'{"format":1,"current":1,"lookup":1,"keys":[]}',
        b'{"format":1,"current":1,"lookup":1,"keys":[{"id":1,"secret":"AA==","check":"00"}]}',
        b'{"format":1,"current":1,"lookup":1,"keys":[],"more":1}',
        b"[" * 60_000,
    ],
)
async def test_an_encryption_file_of_something_else_is_refused(folder: Path, content: bytes) -> None:
    (folder / "encryption.keys").write_bytes(content)

    assert "encryption.keys is damaged" in await refusal(folder)


@pytest.mark.parametrize(
    ("whole", "bad"),
    [
        (b'"format":1', b'"format":2'),
        (b'"current":1', b'"current":2'),
        (b'"lookup":1', b'"lookup":2'),
        (b'"keys":[', b'"keys":[{"id":2,"secret":"%s","check":"0123456789abcdef"},' % (b"A" * 43 + b"=")),
    ],
    ids=["another format", "no current key", "no lookup key", "an older key that fails its check"],
)
async def test_an_encryption_file_that_does_not_fit_together_is_refused(folder: Path, whole: bytes, bad: bytes) -> None:
    path = folder / "encryption.keys"
    path.write_bytes(path.read_bytes().replace(whole, bad))

    assert f"{path} is damaged" in await refusal(folder)


async def test_a_key_that_is_there_twice_is_refused(folder: Path) -> None:
    path = folder / "encryption.keys"
    path.write_bytes(re.sub(rb"\[(.+)\]", rb"[\1,\1]", path.read_bytes()))

    assert f"{path} is damaged" in await refusal(folder)


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def public_pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


GOOD = rsa.generate_private_key(65_537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
NOT_SIGNING_FILES = {
    "empty": b"",
    "zeros": bytes(1_700),
    "text": b"key",
    "cut": pem_of(GOOD)[:-40],
    "cut inside": pem_of(GOOD)[:400] + pem_of(GOOD)[500:],
    "a text before": b"x\n" + pem_of(GOOD),
    "another key's number": pem_of(GOOD)[:300] + bytes([pem_of(GOOD)[300] ^ 3]) + pem_of(GOOD)[301:],
    "1024 bits": pem_of(rsa.generate_private_key(65_537, 1024)),
    "a curve": pem_of(CURVE),
    "encrypted": pem_of(GOOD, b"word"),
    "public only": public_pem_of(GOOD),
    "two private keys": pem_of(GOOD) * 2,
    "an older curve": pem_of(GOOD) + public_pem_of(CURVE),
}


@pytest.mark.parametrize("content", NOT_SIGNING_FILES.values(), ids=NOT_SIGNING_FILES.keys())
async def test_a_signing_file_of_something_else_is_refused(folder: Path, content: bytes) -> None:
    (folder / "signing.pem").write_bytes(content)

    assert f"{folder / 'signing.pem'} is damaged" in await refusal(folder)


async def test_a_new_signing_key_put_first_keeps_the_older_public_one(folder: Path) -> None:
    before = await opened(FileSecrets(folder))
    old = load_pem_private_key(before[1].private_pem, None)
    assert isinstance(old, rsa.RSAPrivateKey)
    (folder / "signing.pem").write_bytes(pem_of(GOOD) + public_pem_of(old))

    ring, signing = await opened(FileSecrets(folder))

    assert (ring, signing.private_pem) == (before[0], pem_of(GOOD))
    kept = load_pem_public_key(signing.older[before[1].kid])
    assert isinstance(kept, rsa.RSAPublicKey)
    kept.verify(old.sign(b"x", padding.PKCS1v15(), SHA256()), b"x", padding.PKCS1v15(), SHA256())


async def test_something_that_is_no_file_is_refused_without_waiting(folder: Path) -> None:
    (folder / "signing.pem").unlink()
    os.mkfifo(folder / "signing.pem", 0o600)

    assert "signing.pem is no regular file" in await asyncio.wait_for(refusal(folder), 10)


async def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("not a folder")

    with pytest.raises(ConfigurationError, match="cannot use the keys in"):
        await FileSecrets(tmp_path / "keys").open(create=True)
