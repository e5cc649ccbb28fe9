"""Categories, tenants' defaults, and users' preferences."""

import msgspec

from engines.store.base import OfTenant
from engines.store.operations.auditing import AuditEntry
from models.preferences import Choice
from models.rules import Category, TenantRules


class NewCategory(msgspec.Struct, frozen=True):
    """A category as it shall stand."""

    id: bytes
    """For one whose key is new."""
    category: Category
    entry: AuditEntry


class CategoryPut(msgspec.Struct, frozen=True):
    """It stands as asked."""

    id: bytes
    created: bool


class TooManyCategories(msgspec.Struct, frozen=True):
    """Nothing was written: the tenant would have more categories than it may."""


class PutCategories(OfTenant[tuple[CategoryPut, ...] | TooManyCategories], frozen=True):
    """Makes or changes categories by key, all or none; keys must be distinct. One answer for each, in order."""

    categories: tuple[NewCategory, ...]
    most: int
    """How many categories the tenant may have."""
    at_us: int

    def size(self) -> int:
        return 2 * len(self.categories)


class SetTenantRules(OfTenant[None], frozen=True):
    """Sets a tenant's defaults."""

    rules: TenantRules
    entry: AuditEntry
    at_us: int


class UserChoices(msgspec.Struct, frozen=True):
    """What one user chooses; None forgets what was chosen. Choices must be distinct."""

    user: bytes
    choices: tuple[tuple[Choice, bool | None], ...]
    entry: AuditEntry | None = None
    """Filled where somebody else than the user changes it."""


class SetPreferences(OfTenant[frozenset[bytes]], frozen=True):
    """Changes users' preferences. Answers the users who do not exist: nothing is written for them."""

    users: tuple[UserChoices, ...]
    at_us: int

    def size(self) -> int:
        return sum([1 + len(one.choices) for one in self.users])
