"""The settings of the SMTP provider, free of its library: read by the settings module, used by the provider."""

import ipaddress
import re
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from dispatchers.email.account import EmailAccount
from dispatchers.email.addresses import mailbox, needs_smtputf8
from errors import CorruptData, InvalidSettings

Tls = Literal["none", "starttls", "implicit", "opportunistic"]
"""`starttls` and `implicit` insist on a valid certificate; `opportunistic` takes any, or none if none is offered."""

TLS: Mapping[str, Tls] = MappingProxyType(
    {"none": "none", "starttls": "starttls", "implicit": "implicit", "opportunistic": "opportunistic"}
)

_HOST_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[A-Za-z0-9.:]+\]")


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one SMTP server. Times in seconds."""

    host: str
    port: int
    sender: str
    """`carillon@example.org` or `Carillon <carillon@example.org>`: the From header and the envelope's sender."""
    tls: Tls = "starttls"
    ca_file: str | None = None
    """Certificates to trust instead of the system's, for a server with a private authority."""
    username: str | None = None
    password: str | None = None
    connect_timeout_s: float = 10.0
    """For all of connecting, encrypting and logging in; once more for waiting on a free connection before it."""
    command_timeout_s: float = 10.0
    """For the answer to each command up to DATA."""
    final_timeout_s: float = 60.0
    """For sending the content and the answer to it."""
    max_connections: int = 8
    max_messages_per_connection: int = 100
    idle_timeout_s: float = 30.0
    client_hostname: str | None = None
    """What EHLO says; None is this machine's name."""

    @property
    def longest_call_s(self) -> float:
        """No call takes longer: a free connection, a dead one, a fresh one, three commands, the content."""
        return 2 * self.connect_timeout_s + 5 * self.command_timeout_s + self.final_timeout_s

    @property
    def ehlo_name(self) -> str:
        """The configured client name, else this machine's name if it can be one, else localhost."""
        name = self.client_hostname or socket.gethostname()
        return name if _HOST_NAME.fullmatch(name) else "localhost"

    def check(self) -> None:
        """Raise InvalidSettings, a ConfigurationError, with every problem."""
        problems = [*_number_problems(self), *_name_problems(self), *_login_problems(self)]
        if problems:
            raise InvalidSettings(problems)

    def __repr__(self) -> str:
        """Without the password."""
        return f"SmtpSettings({self.host}:{self.port}, tls={self.tls}, username={self.username!r})"


def smtp_settings(account: EmailAccount) -> SmtpSettings:
    """What `smtp(s)://[user:password@]host[:port][?tls=…]` says, checked.

    Raises:
        InvalidSettings: its parts cannot be used together.
    """
    parts = urlsplit(account.url)
    tls = parse_qs(parts.query).get("tls", ["implicit" if parts.scheme == "smtps" else "starttls"])[0]
    if tls not in TLS:
        raise InvalidSettings([f"tls={tls}: expected one of {', '.join(TLS)}"])
    found = SmtpSettings(
        host=parts.hostname or "",
        port=parts.port or {"implicit": 465}.get(tls, 587),
        sender=account.sender,
        tls=TLS[tls],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        connect_timeout_s=account.timeout_s,
        command_timeout_s=account.timeout_s,
        final_timeout_s=account.final_timeout_s,
        max_connections=account.concurrency,
    )
    found.check()
    return found


def _number_problems(settings: SmtpSettings) -> list[str]:
    problems = [] if 1 <= settings.port <= 65535 else [f"port is {settings.port}, expected 1 to 65535"]
    for name in ("connect_timeout_s", "command_timeout_s", "final_timeout_s", "idle_timeout_s"):
        value: float = getattr(settings, name)
        if not 0 < value <= 600:
            problems.append(f"{name} is {value}, expected more than 0 and at most 600 seconds")
    for name in ("max_connections", "max_messages_per_connection"):
        count: int = getattr(settings, name)
        if count < 1:
            problems.append(f"{name} is {count}, expected at least 1")
    return problems


def _name_problems(settings: SmtpSettings) -> list[str]:
    problems = []
    if not _is_host(settings.host):
        problems.append(f"host is {settings.host!r}, expected a host name or an IP address, like smtp.example.org")
    if settings.client_hostname is not None and not _HOST_NAME.fullmatch(settings.client_hostname):
        problems.append(f"client_hostname is {settings.client_hostname!r}, expected a name like mail.example.org")
    try:
        if needs_smtputf8(mailbox(settings.sender).address):
            problems.append("sender has letters outside ASCII before the @, expected an address any server can answer")
    except CorruptData:
        problems.append(f"sender is {settings.sender!r}, expected one like Carillon <carillon@example.org>")
    return problems


def _login_problems(settings: SmtpSettings) -> list[str]:
    if (settings.username is None) != (settings.password is None):
        return ["username and password are needed together, or neither"]
    if settings.username is None or settings.tls in ("starttls", "implicit"):
        return []
    if settings.tls == "none" and _is_loopback(settings.host):
        return []
    problem = f"tls is {settings.tls!r} with a password, which would travel in clear; expected starttls or implicit"
    return [f"{problem} (none only for a server on this machine)"]


def _is_host(host: str) -> bool:
    return bool(_HOST_NAME.fullmatch(host)) or _is_ip(host)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)
