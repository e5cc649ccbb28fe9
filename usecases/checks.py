"""Checks of what callers ask for. Each names the field by its path in the API and says what was expected."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec

from errors import InvalidInput
from models.content import Content
from models.ids import USER, decode
from models.rules import Category, Rules
from models.vocabulary import Channel
from usecases.requests import Audience, SendRequest, TemplateUse, UserRequest

MAX_RECIPIENTS = 1_000
MAX_BODY_CHARACTERS = 65_536
MAX_HTML_CHARACTERS = 262_144
MAX_TITLE_CHARACTERS = 512
MAX_URL_CHARACTERS = 2_048
MAX_EXTERNAL_ID_CHARACTERS = 256
MAX_KEY_CHARACTERS = 255
MAX_NAME_CHARACTERS = 100
MAX_LABELS_BYTES = 2_048
MAX_DATA_BYTES = 16_384
MAX_EMAIL_CHARACTERS = 254
MAX_VERSION = (1 << 31) - 1
CATEGORIES_NAMED = 5
"""So many keys are named to who gave one that does not exist."""
HORIZON_US = 23 * 86_400 * 1_000_000
"""`sendAt` may lie so far ahead: the retention of 30 days less the week that partitions are made ahead."""

SENDABLE = (Channel.EMAIL, Channel.IN_APP)
_CATEGORY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_LOCAL_PART = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ENCODER = msgspec.json.Encoder(order="deterministic")


def check_request(request: SendRequest, now_us: int) -> None:
    """Return if everything but the existence of users holds.

    Raises:
        InvalidInput: the first field that does not.
    """
    check_audience(request.to)
    _check_message(request)
    _check_channels(request)
    _check_times(request, now_us)
    if request.idempotency_key is not None:
        check_text("idempotencyKey", request.idempotency_key, MAX_KEY_CHARACTERS)
    check_object("labels", request.labels, MAX_LABELS_BYTES)


def check_category_key(path: Sequence[str], key: str) -> None:
    """Up to 64 letters, digits and a few signs."""
    if not _CATEGORY.fullmatch(key):
        raise _wrong(path, "expected up to 64 of a-z, 0-9, '_', '.' and '-', the first a letter or digit", key)


def category_named(rules: Rules, path: Sequence[str], key: str) -> Category:
    """The category of a tenant that has this key.

    Raises:
        InvalidInput: there is none, or there can be none; the message names some that there are.
    """
    found = rules.categories.get(key)
    if found is None:
        check_category_key(path, key)
        known = ", ".join(sorted(rules.categories)[:CATEGORIES_NAMED])
        raise _wrong(path, f"expected the key of a category, such as {known}", key)
    return found


def check_audience(to: Audience) -> None:
    """Exactly one audience, of well-formed ids or addresses."""
    filled = [name for name in to.__struct_fields__ if getattr(to, name) is not None]
    if len(filled) != 1:
        raise InvalidInput(f"expected exactly one audience, got {len(filled)}", path=("to",))
    if to.email is not None:
        check_email(("to", "email"), to.email)
    for name, values in (("users", to.users), ("externalIds", to.external_ids)):
        if values is not None and not 1 <= len(values) <= MAX_RECIPIENTS:
            raise InvalidInput(f"expected 1 to {MAX_RECIPIENTS} recipients, got {len(values)}", path=("to", name))
    for place, external_id in enumerate(to.external_ids or ()):
        check_text(("to", "externalIds", str(place)), external_id, MAX_EXTERNAL_ID_CHARACTERS)
    if to.external_id is not None:
        check_text(("to", "externalId"), to.external_id, MAX_EXTERNAL_ID_CHARACTERS)


def user_ids(to: Audience) -> tuple[bytes, ...]:
    """The named users' ids, each once, in the caller's order.

    Raises:
        InvalidInput: something that is no user id; the path leads to it.
    """
    if to.user is not None:
        return (_user_id(("to", "user"), to.user),)
    ids = [_user_id(("to", "users", str(place)), text) for place, text in enumerate(to.users or ())]
    return tuple(dict.fromkeys(ids))


def _user_id(path: Sequence[str], text: str) -> bytes:
    try:
        return decode(USER, text)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=path) from error


def _check_message(request: SendRequest) -> None:
    if (request.content is None) == (request.template is None):
        raise InvalidInput("expected exactly one of template and content", path=("message",))
    if request.content is not None:
        check_content(request.content)
    if request.template is not None:
        _check_template_use(request.template)


def _check_template_use(use: TemplateUse) -> None:
    """As far as it can be judged without the template."""
    at = ("message", "template")
    check_category_key((*at, "key"), use.key)
    if use.version is not None and not 1 <= use.version <= MAX_VERSION:
        raise _wrong((*at, "version"), "expected the number of a version, from 1 up", str(use.version))
    if use.locale is not None:
        check_locale((*at, "locale"), use.locale)


def check_locale(path: str | Sequence[str], locale: str) -> None:
    """A language tag, as far as its form goes (BCP 47)."""
    if len(locale) > 35 or not _LOCALE.fullmatch(locale):
        raise _wrong(path, "expected a language tag like en or pt-BR (BCP 47)", locale)


def check_content(content: Content) -> None:
    """Texts within their limits, links that a browser may follow."""
    at = ("message", "content")
    check_text((*at, "body"), content.body, MAX_BODY_CHARACTERS)
    for path, title in (
        (("title",), content.title),
        (("email", "subject"), content.email_subject),
        (("inApp", "title"), content.in_app_title),
    ):
        if title is not None:
            check_text((*at, *path), title, MAX_TITLE_CHARACTERS)
    for path, text, most in (
        (("email", "text"), content.email_text, MAX_BODY_CHARACTERS),
        (("email", "html"), content.email_html, MAX_HTML_CHARACTERS),
        (("inApp", "body"), content.in_app_body, MAX_BODY_CHARACTERS),
    ):
        if text is not None:
            check_text((*at, *path), text, most)
    check_url((*at, "url"), content.url)
    check_url((*at, "inApp", "url"), content.in_app_url)
    check_object((*at, "inApp", "data"), content.in_app_data, MAX_DATA_BYTES)


def check_url(path: Sequence[str], url: str | None) -> None:
    """An absolute http or https address, or none."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", url)
    except ValueError:
        good = False
    if not good or len(url) > MAX_URL_CHARACTERS:
        raise _wrong(path, f"expected an http or https URL of at most {MAX_URL_CHARACTERS} characters", url)


def check_email(path: Sequence[str], address: str) -> None:
    """One mailbox, as RFC 5321 and RFC 6531 have it, without quoted local parts and address literals."""
    local, _, domain = address.rpartition("@")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    good = _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain) and not dots
    if not good or len(address) > MAX_EMAIL_CHARACTERS:
        raise _wrong(path, "expected an e-mail address like ada@example.org", address)


def check_user(request: UserRequest) -> None:
    """A user's fields; paths are relative to the input item."""
    check_text(("externalId",), request.external_id, MAX_EXTERNAL_ID_CHARACTERS)
    if request.email is not None:
        check_email(("email",), request.email)
    if request.locale is not None:
        check_locale("locale", request.locale)
    if request.time_zone is not None and request.time_zone not in available_timezones():
        raise _wrong("timeZone", "expected a time zone like Europe/Berlin (IANA)", request.time_zone)
    check_object("data", request.data, MAX_DATA_BYTES)


def check_name(path: str | Sequence[str], name: str) -> None:
    """A name that people read: one line of 1 to 100 characters."""
    check_text(path, name, MAX_NAME_CHARACTERS)
    if len(name.splitlines()) > 1 or name != name.strip():
        raise InvalidInput("expected one line without space around it", path=_path(path))


def check_object(path: str | Sequence[str], value: dict[str, object] | None, most_bytes: int) -> None:
    """A JSON object that is not too large."""
    if value is not None and (size := len(_ENCODER.encode(value))) > most_bytes:
        raise InvalidInput(f"expected at most {most_bytes} bytes of JSON, got {size}", path=_path(path))


def _check_channels(request: SendRequest) -> None:
    if request.channels is None:
        return
    names = ", ".join(channel.name for channel in SENDABLE)
    if not request.channels:
        raise InvalidInput(f"expected at least one of {names}, or no list at all", path=("channels",))
    for place, channel in enumerate(request.channels):
        if channel not in SENDABLE:
            raise _wrong(("channels", str(place)), f"expected one of {names}", channel.name)
    if len(set(request.channels)) < len(request.channels):
        raise InvalidInput("expected each channel at most once", path=("channels",))


def _check_times(request: SendRequest, now_us: int) -> None:
    if request.send_at is not None and request.send_at > now_us + HORIZON_US:
        raise InvalidInput("expected a time within the next 23 days", path=("sendAt",))
    if request.expires_at is None:
        return
    if request.expires_at <= now_us:
        raise InvalidInput("expected a time in the future", path=("expiresAt",))
    if request.send_at is not None and request.expires_at <= request.send_at:
        raise InvalidInput("expected a time after sendAt", path=("expiresAt",))


def check_text(path: str | Sequence[str], text: str, most: int) -> None:
    """Between one character and `most`, none of them a control character."""
    if not text.strip() or len(text) > most:
        raise InvalidInput(f"expected 1 to {most:,} characters, got {len(text):,}", path=_path(path))
    if _CONTROL.search(text):
        raise InvalidInput("expected text without control characters", path=_path(path))
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput("expected text without lone surrogates", path=_path(path))


def _path(path: str | Sequence[str]) -> tuple[str, ...]:
    return (path,) if isinstance(path, str) else tuple(path)


def _wrong(path: str | Sequence[str], expected: str, got: str) -> InvalidInput:
    return InvalidInput(f"{expected}, got {got[:80]!r}", path=_path(path))
