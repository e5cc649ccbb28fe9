"""Which filters history answers, and the checks of them. Used by the use cases that list, and by nested lists.

An index serves some filters by themselves. The others are tests of single rows: they are allowed only beside a filter
that bounds how many rows there are to test.

| list | bounded by | an index serves | a test, only beside a bound |
|---|---|---|---|
| notifications | user, externalId | createdAt | categories, priorities, template, labels |
| deliveries | notification, user, externalId | acceptedAt | states, reasons, channels, provider, and those above |
| deadLetters | (the list itself is short) | all | none |
"""

from collections.abc import Sequence

import msgspec

from errors import FilterNotIndexed, Forbidden, InvalidInput
from models import ids
from models.history import DeadLetterFilter, DeliveryFilter, NotificationFilter, Span, Tests
from models.ids import DeliveryKey
from models.principal import Permission, Principal

MAX_VALUES = 100
MAX_DELIVERIES = 1_000
MAX_CHARACTERS = 255
MAX_LABELS = 20


class Rule(msgspec.Struct, frozen=True):
    """A row of the table above: names of `Tests` with their names in the API."""

    bounds: tuple[str, ...]
    tests: dict[str, str]


_OF_NOTIFICATION = {
    "categories": "categories",
    "priorities": "priorities",
    "template": "template",
    "labels": "labels",
}
_OF_DELIVERY = {"states": "states", "reasons": "reasons", "channels": "channels", "provider": "provider"}
NOTIFICATIONS = Rule(("user", "externalId"), _OF_NOTIFICATION)
DELIVERIES = Rule(("notification", "user", "externalId"), _OF_DELIVERY | _OF_NOTIFICATION)


def check_notifications(wanted: NotificationFilter) -> None:
    """Return if an index serves the filter.

    Raises:
        FilterNotIndexed: a test without a bound; the message names the bounds.
        InvalidInput: a value that cannot be.
    """
    _check_user(wanted)
    _check_tests(wanted.tests, "createdAt")
    if wanted.user is None and wanted.external_id is None:
        _require_no_tests(wanted.tests, NOTIFICATIONS)


def check_deliveries(wanted: DeliveryFilter) -> None:
    """As `check_notifications`."""
    _check_user(wanted)
    _check_tests(wanted.tests, "acceptedAt")
    if wanted.notification is None and wanted.user is None and wanted.external_id is None:
        _require_no_tests(wanted.tests, DELIVERIES)


def check_dead_letters(wanted: DeadLetterFilter) -> None:
    """Return if every value can be.

    Raises:
        InvalidInput: one cannot.
    """
    _check_user(wanted)
    _check_span(wanted.created, "createdAt")
    _check_list(wanted.reasons, "reasons", MAX_VALUES)
    _check_list(wanted.deliveries, "deliveries", MAX_DELIVERIES)


def _require_no_tests(tests: Tests, rule: Rule) -> None:
    for field, name in rule.tests.items():
        if getattr(tests, field) is not None:
            raise FilterNotIndexed(
                f"no index serves {name} alone: add {' or '.join(rule.bounds)} to the filter", path=("filter", name)
            )


def _check_user(wanted: NotificationFilter | DeliveryFilter | DeadLetterFilter) -> None:
    if wanted.user is not None and wanted.external_id is not None:
        raise InvalidInput("expected user or externalId, not both", path=("filter", "externalId"))
    _check_text(wanted.external_id, "externalId")


def _check_tests(tests: Tests, time: str) -> None:
    for name in ("states", "reasons", "channels", "categories", "priorities"):
        _check_list(getattr(tests, name), name, MAX_VALUES)
    for name in ("provider", "template"):
        _check_text(getattr(tests, name), name)
    if tests.labels is not None and not 1 <= len(tests.labels) <= MAX_LABELS:
        raise InvalidInput(f"expected 1 to {MAX_LABELS} labels, got {len(tests.labels)}", path=("filter", "labels"))
    _check_span(tests.accepted, time)


def _check_list(values: Sequence[object] | None, name: str, most: int) -> None:
    if values is not None and not 1 <= len(values) <= most:
        raise InvalidInput(f"expected 1 to {most:,} values, got {len(values):,}", path=("filter", name))
    for place, value in enumerate(values or ()):
        if isinstance(value, str):
            _check_text(value, name, str(place))


def _check_text(text: str | None, *path: str) -> None:
    if text is None:
        return
    if not 1 <= len(text) <= MAX_CHARACTERS or "\x00" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise InvalidInput(f"expected 1 to {MAX_CHARACTERS} characters of plain text", path=("filter", *path))


def _check_span(span: Span | None, name: str) -> None:
    if span is not None and span.from_us >= span.until_us:
        raise InvalidInput("expected a beginning before the end", path=("filter", name))


def notification_of(text: str, path: Sequence[str]) -> bytes:
    """The bytes of a notification's id.

    Raises:
        InvalidInput: no such id.
    """
    return _decoded(ids.NOTIFICATION, text, path)


def user_of(text: str, path: Sequence[str]) -> bytes:
    """The bytes of a user's id.

    Raises:
        InvalidInput: no such id.
    """
    return _decoded(ids.USER, text, path)


def deliveries_of(wanted: DeadLetterFilter) -> tuple[DeliveryKey, ...] | None:
    """The named deliveries, each once.

    Raises:
        InvalidInput: something that is no delivery's id.
    """
    if wanted.deliveries is None:
        return None
    named = enumerate(wanted.deliveries)
    raws = [_decoded(ids.DELIVERY, text, ("filter", "deliveries", str(place))) for place, text in named]
    return tuple(dict.fromkeys([ids.delivery_key(raw) for raw in raws]))


def _decoded(prefix: str, text: str, path: Sequence[str]) -> bytes:
    try:
        return ids.decode(prefix, text)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=path) from error


def require_external_ids(caller: Principal) -> None:
    """Return if the caller may know whose external id is whose.

    Raises:
        Forbidden: to find a user by it would tell.
    """
    if Permission.MANAGE_USERS not in caller.permissions:
        raise Forbidden(f"role {caller.role.name} may not look for users by externalId", path=("externalId",))
