"""Checks of who is given access, and to what. Used by the use cases about keys, members and tenants."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from engines.store.operations import LastAdmin
from errors import Conflict, Forbidden, InvalidInput, NotFound
from models.ids import decode
from models.principal import PERMISSIONS, Principal
from models.vocabulary import Role

MAX_SUBJECT_CHARACTERS = 255
MAX_ISSUER_CHARACTERS = 2_048
LONGEST_GRACE_S = 30 * 86_400
MAX_QUOTA = 10_000_000
T = TypeVar("T")


def check_role(caller: Principal, role: Role) -> None:
    """A role that a key or a member can have, and that gives nothing which the caller does not have.

    Raises:
        InvalidInput: END_USER, which is for browser tokens.
        Forbidden: it gives more than the caller has.
    """
    if role is Role.END_USER:
        raise InvalidInput("expected any role but END_USER, which only browser tokens have", path=("role",))
    if not PERMISSIONS[role] <= caller.permissions:
        raise Forbidden(f"role {caller.role.name} cannot give role {role.name}: it has more permissions")


def check_expiry(expires_at: int | None, now_us: int) -> None:
    """A time that lies ahead, or none."""
    if expires_at is not None and expires_at <= now_us:
        raise InvalidInput("expected a time in the future", path=("expiresAt",))


def check_quota(quota_per_minute: int | None) -> None:
    """At least one call a minute, or no quota."""
    if quota_per_minute is not None and not 1 <= quota_per_minute <= MAX_QUOTA:
        raise InvalidInput(f"expected 1 to {MAX_QUOTA:,}, got {quota_per_minute}", path=("quotaPerMinute",))


def check_grace(grace_s: int) -> None:
    """From at once to 30 days."""
    if not 0 <= grace_s <= LONGEST_GRACE_S:
        raise InvalidInput(f"expected 0 to {LONGEST_GRACE_S:,} seconds, got {grace_s}", path=("graceSeconds",))


def check_identity(issuer: str, subject: str) -> None:
    """As an identity provider writes them into its tokens: printable ASCII."""
    for name, text, most in (("issuer", issuer, MAX_ISSUER_CHARACTERS), ("subject", subject, MAX_SUBJECT_CHARACTERS)):
        if not 1 <= len(text) <= most or not (text.isascii() and text.isprintable()):
            raise InvalidInput(f"expected 1 to {most:,} printable ASCII characters", path=(name,))


def read_id(prefix: str, text: str, path: Sequence[str] = ("id",)) -> bytes:
    """The bytes of an id that a caller wrote.

    Raises:
        InvalidInput: no id of this kind.
    """
    try:
        return decode(prefix, text)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=path) from error


def ended(answer: bool | LastAdmin, absent: Callable[[], NotFound]) -> None:
    """Return where the change was made.

    Raises:
        NotFound: there was nothing to change.
        Conflict: it would have taken the last administrator away.
    """
    if isinstance(answer, LastAdmin):
        raise Conflict("it is the last administrator of this tenant: make another key or member in role ADMIN first")
    if not answer:
        raise absent()


def no_key() -> NotFound:
    """The answer about a key that is absent, someone else's, or has ended."""
    return NotFound("no such key is in force", path=("id",))


def no_member() -> NotFound:
    """The answer about a member who is absent, or someone else's."""
    return NotFound("there is no such member", path=("id",))
