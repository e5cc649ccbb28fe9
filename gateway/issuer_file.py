"""Reads the operator's list of identity providers from its JSON file. Called by services at start."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from errors import InvalidSettings, MalformedRequest, Unavailable
from gateway.external_token import IssuerSettings
from gateway.json_text import read_json
from gateway.jwks import read_keys
from gateway.key_sets import FileSource
from gateway.limits import BodyLimits
from gateway.tokens import ISSUER
from models import ids

MOST_BYTES = 1_048_576
MOST_TEXT = 255
OWN_TYPES = "carillon-"

_TEXT = f"1 to {MOST_TEXT} printable ASCII characters"
_REQUIRED = ("issuer", "audience", "jwks")
_FIELDS = (*_REQUIRED, "tenant", "tenant_claim", "role_claim", "token_type")

Entry = Mapping[str, object]


class ListedIssuer(msgspec.Struct, frozen=True):
    """An entry of the list."""

    settings: IssuerSettings
    jwks: str | Path
    """Where its keys are: a URL, or a file."""


def read_issuers(path: Path) -> list[ListedIssuer]:
    """The issuers in the file, in order; file names in it are relative to its folder.

    Raises:
        InvalidSettings: all that is wrong with it, each with the entry and the field.
    """
    entries = _entries(path)
    problems = [f"entry {at}: {said}" for at, one in enumerate(entries, 1) for said in _problems(one, path.parent)]
    problems += _doubles(entries)
    if problems:
        raise InvalidSettings(problems)
    return [_listed(one, path.parent) for one in entries]


def _entries(path: Path) -> list[Entry]:
    try:
        content = path.read_bytes()
        found = read_json(content[:MOST_BYTES], BodyLimits())
    except OSError as error:
        raise InvalidSettings([f"{path} cannot be read: {error.strerror}"]) from error
    except MalformedRequest as error:
        raise InvalidSettings([f"{path}: {error.message}"]) from error
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise InvalidSettings([f'{path}: expected a list of issuers: [{{"issuer": …, "audience": …, "jwks": …}}]'])
    return found


def _problems(one: Entry, folder: Path) -> list[str]:
    """Each begins with the field that it is about."""
    found = [f"{name}: no such field; there are {', '.join(_FIELDS)}" for name in one if name not in _FIELDS]
    found += [f"{name}: it is missing" for name in _REQUIRED if name not in one]
    found += [
        f"{name}: {said}" for name in one if name in _FIELDS and (said := _fault(name, one[name], folder)) is not None
    ]
    if ("tenant" in one) == ("tenant_claim" in one):
        found.append("tenant: expected either tenant or tenant_claim")
    return found


def _fault(name: str, value: object, folder: Path) -> str | None:
    if not isinstance(value, str) or not _is_text(value):
        return f"expected {_TEXT}"
    checks: Mapping[str, Callable[[str], str | None]] = {
        "issuer": _issuer_fault,
        "jwks": lambda jwks: _url_fault(jwks) if _is_url(jwks) else _file_fault(folder / jwks),
        "tenant": _tenant_fault,
        "token_type": _type_fault,
    }
    return checks[name](value) if name in checks else None


def _is_text(value: str) -> bool:
    return 1 <= len(value) <= MOST_TEXT and value.isascii() and value.isprintable()


def _issuer_fault(text: str) -> str | None:
    return f"{ISSUER} is the name of our own tokens' issuer" if text == ISSUER else None


def _tenant_fault(text: str) -> str | None:
    return None if ids.try_decode(ids.TENANT, text) is not None else "expected a tenant's id like ten_…"


def _type_fault(text: str) -> str | None:
    return "carillon-… are the types of our own tokens" if _short_type(text).startswith(OWN_TYPES) else None


def _is_url(text: str) -> bool:
    return "://" in text


def _url_fault(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        is_plain = parts.port is None or parts.port > 0
    except ValueError:
        return "expected a URL"
    if not host or not is_plain or parts.username is not None or parts.fragment or " " in text:
        return "expected a URL with a host, and without login or fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return None
    return "expected https://, http:// on this machine only, or the name of a file"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _file_fault(path: Path) -> str | None:
    """Of a file that must be good at the start; later it may be wrong for a while."""
    try:
        read_keys(FileSource(path).read_now())
    except Unavailable as error:
        return error.message
    except ValueError as error:
        return f"{path}: {error}"
    return None


def _doubles(entries: Sequence[Entry]) -> list[str]:
    names = [one.get("issuer") for one in entries]
    return [
        f"entry {at}: issuer: it is in entry {names.index(name) + 1} too"
        for at, name in enumerate(names, 1)
        if name is not None and names.index(name) + 1 != at
    ]


def _listed(one: Entry, folder: Path) -> ListedIssuer:
    texts = {name: str(value) for name, value in one.items()}
    jwks, tenant, token_type = texts["jwks"], texts.get("tenant"), texts.get("token_type")
    settings = IssuerSettings(
        issuer=texts["issuer"],
        audience=texts["audience"],
        tenant=ids.decode(ids.TENANT, tenant) if tenant is not None else None,
        tenant_claim=texts.get("tenant_claim"),
        role_claim=texts.get("role_claim"),
        token_type=_short_type(token_type) if token_type is not None else None,
    )
    return ListedIssuer(settings, jwks if _is_url(jwks) else folder / jwks)


def _short_type(text: str) -> str:
    return text.lower().removeprefix("application/")
