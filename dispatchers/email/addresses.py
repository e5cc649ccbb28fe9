"""E-mail addresses as headers and SMTP commands need them. Used by channel, MIME writer and SMTP provider."""

import re

import msgspec

from errors import CorruptData

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Everything that could end or split a line on the way, somewhere."""

_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a0-\U0010ffff-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile('"(?:[ !#-\\[\\]-~\u00a0-\U0010ffff]|\\\\[ -~])*"')
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[A-Za-z0-9.:]+\]")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")
_NOT_IN_IDNA_2003 = re.compile("[\u00df\u03c2\u200c\u200d]")
_LONGEST = 254


class Mailbox(msgspec.Struct, frozen=True):
    """A display name, perhaps empty, and an address in wire form."""

    name: str
    address: str


def mailbox(text: str) -> Mailbox:
    """Read `ada@example.org` or `Ada <ada@example.org>`.

    Raises:
        CorruptData: no such thing.
    """
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return Mailbox("", wire_address(text.strip()))
    return Mailbox(_unquoted(named["name"].strip()), wire_address(named["address"].strip()))


def wire_address(address: str) -> str:
    """The address for headers and envelope: domain in ASCII, local part quoted where RFC 5321 wants it.

    Raises:
        CorruptData: control characters, no local part or domain, or one that no mail system could be given.
    """
    refuse_controls(address)
    local, _, domain = address.rpartition("@")
    if not local:
        raise CorruptData("an e-mail address without a local part, expected local@domain")
    wire = f"{_wire_local(local)}@{ascii_domain(domain)}"
    if len(wire.encode()) > _LONGEST:
        raise CorruptData(f"an e-mail address of {len(wire)} characters, expected at most {_LONGEST}")
    return wire


def refuse_controls(address: str) -> None:
    """Raise CorruptData where an address holds control characters or half a character."""
    if CONTROL.search(address) or not _is_encodable(address):
        raise CorruptData("an e-mail address with control characters, expected one that was checked on acceptance")


def needs_smtputf8(address: str) -> bool:
    """Whether only a server with SMTPUTF8 (RFC 6531) can take this address: its local part is not ASCII."""
    return not address.rpartition("@")[0].isascii()


def domain_of(address: str) -> str:
    """The ASCII form of an address's domain."""
    return ascii_domain(address.rpartition("@")[2])


def ascii_domain(domain: str) -> str:
    """The domain as DNS has it.

    Raises:
        CorruptData: no domain.
    """
    try:
        encoded = domain if domain.isascii() else ".".join(map(_ascii_label, re.split("[.\u3002\uff0e\uff61]", domain)))
    except UnicodeError as error:
        raise CorruptData("an e-mail address with a domain that cannot be written in ASCII") from error
    if not _DOMAIN.fullmatch(encoded):
        raise CorruptData("an e-mail address without a usable domain, expected local@domain")
    return encoded


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if _QUOTED.fullmatch(name) else name


def _ascii_label(label: str) -> str:
    # IDNA 2008 keeps these four apart where the standard library's IDNA 2003 would write to somebody else's domain.
    if _NOT_IN_IDNA_2003.search(label):
        return "xn--" + label.lower().encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


def _wire_local(local: str) -> str:
    if _DOT_ATOM.fullmatch(local) or _QUOTED.fullmatch(local):
        return local
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
