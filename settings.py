"""Every setting: its variable, what it is for, its default and its bounds. Read once, by commands and services only.

All that is wrong is reported together: a process with a bad setting never starts half.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from errors import InvalidSettings

PREFIX = "CARILLON_"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The effective settings. `SETTINGS` says what each is for."""

    listen_host: str
    listen_port: int
    public_url: str
    folder: Path
    store: str
    store_owner: str | None
    issuers: Path | None
    email: str
    email_from: str
    email_concurrency: int
    email_timeout_s: int
    email_final_timeout_s: int
    when_unknown: str
    unknown_resends: int
    hourly_limit: int
    quota_per_minute: int
    log_level: str
    log_format: str

    @property
    def keys_folder(self) -> Path:
        """Where the key files are."""
        return self.folder / "keys"

    @property
    def uses_simulator(self) -> bool:
        """E-mail goes to the simulator that runs in the same process."""
        return self.email == SIMULATOR


SIMULATOR = "simulator:"
TLS = ("none", "opportunistic", "starttls", "implicit")


class Setting(msgspec.Struct, frozen=True):
    """One variable. `read` turns its text into fields of `Settings`, or raises ValueError saying what was expected."""

    name: str
    default: str
    example: str
    purpose: str
    read: Callable[[str], dict[str, Any]]
    show: Callable[[str], str] = str

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name


def load(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment, defaults for the rest.

    Raises:
        InvalidSettings: one or more cannot be used, or a variable with our prefix is unknown.
    """
    fields: dict[str, Any] = {}
    problems = [
        f"{name}: no such setting; `carillon config` lists them"
        for name in environment
        if name.startswith(PREFIX) and name not in {one.variable for one in SETTINGS}
    ]
    for one in SETTINGS:
        text = environment.get(one.variable, one.default)
        try:
            fields.update(one.read(text))
        except ValueError as error:
            problems.append(f"{one.variable}={one.show(text)!r}: {error}; for example {one.example}")
    if problems:
        raise InvalidSettings(problems)
    return _completed(fields)


def _completed(fields: dict[str, Any]) -> Settings:
    if not fields["store"]:
        fields["store"] = f"sqlite:///{fields['folder'] / 'carillon.db'}"
    return Settings(**fields)


def effective(environment: Mapping[str, str]) -> list[tuple[Setting, str]]:
    """Each setting with the text that is in force, secrets masked."""
    return [(one, one.show(environment.get(one.variable, one.default))) for one in SETTINGS]


def masked_url(url: str) -> str:
    """The URL with its password hidden."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return "(unreadable)"
    if password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))


def _listen(text: str) -> dict[str, Any]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not int(port) < 65_536:
        raise ValueError("expected host:port with a port from 0 to 65535")
    return {"listen_host": host.strip("[]"), "listen_port": int(port)}


def _public_url(text: str) -> dict[str, Any]:
    if text and not (text.startswith(("http://", "https://")) and _has_host(text)):
        raise ValueError("expected http(s)://host without a path, or nothing")
    return {"public_url": text.rstrip("/")}


def _folder(text: str) -> dict[str, Any]:
    if not text:
        raise ValueError("expected a folder")
    return {"folder": Path(text)}


def _issuers(text: str) -> dict[str, Any]:
    return {"issuers": Path(text) if text else None}


def _store(name: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if name == "store_owner":
            if text and not text.startswith("postgresql://"):
                raise ValueError("expected postgresql://login@host/database or nothing")
            return {"store_owner": text or None}
        if text and not re.match(r"sqlite:///.|postgresql://", text):
            raise ValueError("expected sqlite:///path or postgresql://login@host/database")
        return {"store": text}

    return read


def _email(text: str) -> dict[str, Any]:
    if text != SIMULATOR and not re.match(r"[a-z][a-z0-9+.-]*://", text):
        raise ValueError(f"expected {SIMULATOR} or smtp(s)://[user:password@]host:port[?tls={'|'.join(TLS)}]")
    if text != SIMULATOR and not _has_host(text):
        raise ValueError("expected a host, and a port from 0 to 65535 if any")
    if text.startswith(("smtp://", "smtps://")) and not _has_known_options(text):
        raise ValueError(f"expected no option but tls, one of {', '.join(TLS)}")
    return {"email": text}


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        return False


def _has_known_options(url: str) -> bool:
    options = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return all(name == "tls" and value in TLS for name, value in options)


def _sender(text: str) -> dict[str, Any]:
    if "@" not in text or "\n" in text:
        raise ValueError("expected an address, with or without a name")
    return {"email_from": text}


def _number(field: str, least: int, most: int) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"expected a whole number from {least} to {most}")
        return {field: int(text)}

    return read


def _choice(field: str, *choices: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return {field: text}

    return read


SETTINGS = (
    Setting("LISTEN", "127.0.0.1:8080", "[::1]:8080", "where the gateway listens; port 0 takes a free one", _listen),
    Setting(
        "PUBLIC_URL", "", "https://bells.example.org",
        "where callers reach the gateway, for links in answers; nothing means where it listens", _public_url,
    ),
    Setting("FOLDER", "var", "var", "where files live: database, keys", _folder),
    Setting(
        "STORE", "", "postgresql://carillon@127.0.0.1/carillon",
        "the relational store; nothing means SQLite in the folder", _store("store"), masked_url,
    ),
    Setting(
        "STORE_OWNER", "", "postgresql://owner@127.0.0.1/carillon",
        "the owner's login, with which PostgreSQL is migrated at start; nothing means `carillon migrate` did it",
        _store("store_owner"), masked_url,
    ),
    Setting(
        "ISSUERS", "", "issuers.json",
        "a JSON file that lists the identity providers whose tokens are accepted; nothing means none", _issuers,
    ),
    Setting(
        "EMAIL", SIMULATOR, "smtp://user:password@mail.example.org:587?tls=starttls",
        "the SMTP server that takes e-mail; simulator: runs one with a mailbox page in this process",
        _email, masked_url,
    ),
    Setting("EMAIL_FROM", "Carillon <bells@carillon.example>", "Acme <hello@acme.example>", "the sender", _sender),
    Setting(
        "EMAIL_CONCURRENCY", "20", "20", "connections to the SMTP server at once",
        _number("email_concurrency", 1, 500),
    ),
    Setting(
        "EMAIL_TIMEOUT_S", "10", "10", "seconds to wait for each answer but the last",
        _number("email_timeout_s", 1, 60),
    ),
    Setting(
        "EMAIL_FINAL_TIMEOUT_S", "60", "60", "seconds to wait for the answer that says a mail was taken",
        _number("email_final_timeout_s", 1, 600),
    ),
    Setting(
        "WHEN_UNKNOWN", "resend", "hold",
        "what to do when a message may or may not have been taken: resend it, or hold it for an operator",
        _choice("when_unknown", "resend", "hold"),
    ),
    Setting(
        "UNKNOWN_RESENDS", "2", "2", "how often at most to resend without knowing what became of the last attempt",
        _number("unknown_resends", 0, 20),
    ),
    Setting(
        "HOURLY_LIMIT", "150", "150", "most notifications an hour and recipient, where a tenant sets none; 0: no limit",
        _number("hourly_limit", 0, 10_000),
    ),
    Setting(
        "QUOTA_PER_MINUTE", "0", "6000",
        "most notifications a minute by an API key without a quota of its own; 0: no limit",
        _number("quota_per_minute", 0, 1_000_000),
    ),
    Setting(
        "LOG_LEVEL", "info", "warning", "debug, info, warning or error",
        _choice("log_level", "debug", "info", "warning", "error"),
    ),
    Setting(
        "LOG_FORMAT", "auto", "json",
        "json: a line is an object; text: for people; auto: text on a terminal, json elsewhere",
        _choice("log_format", "auto", "json", "text"),
    ),
)  # fmt: skip
