"""Write a template, or write it anew: as a draft, which nothing is sent from until it is published."""

from collections.abc import Sequence

import msgspec

from engines.store.base import Store
from engines.store.operations import DraftTemplate as Write
from engines.store.operations import TooManyTemplates
from errors import InvalidInput
from models import ids
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.rendering import MOST_BODY, MOST_HTML, MOST_TITLE, MOST_URL
from models.template import EmailParts, InAppParts, TemplateBody, encode
from models.vocabulary import AuditAction
from usecases.audit_entries import audit_entry
from usecases.checks import MAX_DATA_BYTES, check_category_key, check_locale, check_name, check_object, check_text
from usecases.data_schemas import DataSchema
from usecases.template_directory import TemplateDirectory, Version

MOST_TEMPLATES = 1_000
MOST_LOCALES = 50
MOST_BODY_BYTES = 524_288


class LocaleContents(msgspec.Struct, frozen=True):
    """What is said in one language; at least one channel is filled."""

    locale: str
    email: EmailParts | None = None
    in_app: InAppParts | None = None


class Draft(msgspec.Struct, frozen=True):
    """A template as its writer wants it."""

    key: str
    default_locale: str
    contents: tuple[LocaleContents, ...]
    name: str | None = None
    """None leaves the name that it has; a new template is named like its key."""
    data_schema: dict[str, object] | None = None


class DraftStands(msgspec.Struct, frozen=True):
    """The draft, with all that keeps it from being published."""

    template: bytes
    version: bytes
    created: bool
    problems: tuple[InvalidInput, ...]


class DraftTemplate:
    """Makes the template by its key, or replaces the one draft that it has."""

    def __init__(self, store: Store, templates: TemplateDirectory, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._templates = templates
        self._clock = clock
        self._ids = ids

    async def __call__(self, caller: Principal, draft: Draft) -> DraftStands:
        """Store it.

        Texts may be unfinished: what is wrong with their placeholders is told, and refused only at publishing.

        Raises:
            Forbidden: the caller may not manage templates.
            InvalidInput: a field is wrong, or the tenant would have more than 1,000 templates.
            Unavailable: nothing was stored, or it is unknown: repeat it.
        """
        caller.require(Permission.MANAGE_TEMPLATES)
        body = checked(draft)
        version = self._ids.new()
        stored = await self._store.write(self._operation(caller, draft, version, _encoded(body)))
        if isinstance(stored, TooManyTemplates):
            raise InvalidInput(f"a tenant has at most {MOST_TEMPLATES:,} templates", path=("key",))
        self._templates.forget(caller.tenant)
        return DraftStands(stored.template, version, stored.created, Version.problems_of(body))

    def _operation(self, caller: Principal, draft: Draft, version: bytes, body: bytes) -> Write:
        now_us = self._clock.now_us()
        after = msgspec.json.encode({"version": ids.encode(ids.TEMPLATE_VERSION, version), "name": draft.name})
        return Write(
            tenant=caller.tenant,
            key=draft.key,
            name=draft.name,
            id=self._ids.new(),
            version=version,
            body=body,
            most=MOST_TEMPLATES,
            created_by=caller.id,
            at_us=now_us,
            entry=audit_entry(caller, AuditAction.TEMPLATE_DRAFTED, draft.key, now_us, after),
        )


def checked(draft: Draft) -> TemplateBody:
    """What it says, every text within its limit and every language once.

    Raises:
        InvalidInput: the first field that is wrong.
    """
    check_category_key(("key",), draft.key)
    if draft.name is not None:
        check_name(("name",), draft.name)
    check_locale(("defaultLocale",), draft.default_locale)
    if not 1 <= len(draft.contents) <= MOST_LOCALES:
        raise InvalidInput(f"expected 1 to {MOST_LOCALES} languages, got {len(draft.contents)}", path=("contents",))
    _check_contents(draft.contents)
    if draft.data_schema is not None:
        DataSchema(draft.data_schema)
    return TemplateBody(
        default_locale=_spelling(draft),
        email={one.locale: one.email for one in draft.contents if one.email is not None},
        in_app={one.locale: one.in_app for one in draft.contents if one.in_app is not None},
        data_schema=draft.data_schema,
    )


def _check_contents(contents: Sequence[LocaleContents]) -> None:
    seen: set[str] = set()
    for place, one in enumerate(contents):
        at = ("contents", str(place))
        check_locale((*at, "locale"), one.locale)
        if one.locale.lower() in seen:
            raise InvalidInput(f"expected each language once, got {one.locale} again", path=(*at, "locale"))
        seen.add(one.locale.lower())
        if one.email is None and one.in_app is None:
            raise InvalidInput("expected email, inApp or both", path=at)
        if one.email is not None:
            _check_email((*at, "email"), one.email)
        if one.in_app is not None:
            _check_in_app((*at, "inApp"), one.in_app)


def _check_email(at: tuple[str, ...], parts: EmailParts) -> None:
    _check_line((*at, "subject"), parts.subject, MOST_TITLE)
    check_text((*at, "text"), parts.text, MOST_BODY)
    if parts.html is not None:
        check_text((*at, "html"), parts.html, MOST_HTML)
    if parts.url is not None:
        _check_line((*at, "url"), parts.url, MOST_URL)


def _check_in_app(at: tuple[str, ...], parts: InAppParts) -> None:
    check_text((*at, "body"), parts.body, MOST_BODY)
    for name, text, most in (("title", parts.title, MOST_TITLE), ("url", parts.url, MOST_URL)):
        if text is not None:
            _check_line((*at, name), text, most)
    check_object((*at, "data"), parts.data, MAX_DATA_BYTES)


def _check_line(path: tuple[str, ...], text: str, most: int) -> None:
    check_text(path, text, most)
    if len(text.splitlines()) > 1:
        raise InvalidInput("expected one line", path=path)


def _spelling(draft: Draft) -> str:
    """The default language as its contents spell it."""
    wanted = draft.default_locale.lower()
    return next((one.locale for one in draft.contents if one.locale.lower() == wanted), draft.default_locale)


def _encoded(body: TemplateBody) -> bytes:
    try:
        encoded = encode(body)
    except UnicodeEncodeError as error:
        raise InvalidInput("expected text without lone surrogates", path=("contents",)) from error
    if len(encoded) > MOST_BODY_BYTES:
        raise InvalidInput(
            f"expected at most {MOST_BODY_BYTES:,} bytes in all, got {len(encoded):,}", path=("contents",)
        )
    return encoded
