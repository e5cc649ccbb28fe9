"""Make or change a tenant's categories, by key."""

from collections.abc import Sequence

from engines.store.base import Store
from engines.store.operations import CategoryPut, NewCategory, TooManyCategories
from engines.store.operations import PutCategories as Write
from errors import InvalidInput
from models.clock import Clock
from models.ids import Ids
from models.principal import Permission, Principal
from models.rules import ITS_OWN, Category, category_json
from models.vocabulary import AuditAction
from usecases.audit_entries import audit_entry
from usecases.checks import check_category_key, check_text
from usecases.rules_directory import RulesDirectory

MOST_CATEGORIES = 200
MAX_NAME_CHARACTERS = 100
MAX_DESCRIPTION_CHARACTERS = 500
MOST_EXPIRES_AFTER_S = 30 * 86_400


class PutCategories:
    """All or none of them are written; in force at once in this process, and within a second everywhere."""

    def __init__(self, store: Store, rules: RulesDirectory, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._ids = ids

    async def __call__(self, caller: Principal, categories: Sequence[Category]) -> Sequence[CategoryPut]:
        """One answer for each, in order.

        Raises:
            Forbidden: the caller may not manage categories.
            InvalidInput: a field is wrong (its path is relative to the category), a key comes twice, or the tenant
                would have more than 200 categories.
        """
        caller.require(Permission.MANAGE_CATEGORIES)
        for category in categories:
            check_category(category)
        if len({category.key for category in categories}) < len(categories):
            raise InvalidInput("expected each key once", path=("key",))
        now_us = self._clock.now_us()
        new = [
            NewCategory(
                id_,
                category,
                audit_entry(caller, AuditAction.CATEGORY_PUT, category.key, now_us, category_json(category)),
            )
            for id_, category in zip(self._ids.many(len(categories)), categories, strict=True)
        ]
        answer = await self._store.write(Write(caller.tenant, tuple(new), MOST_CATEGORIES, now_us))
        self._rules.forget(caller.tenant)
        if isinstance(answer, TooManyCategories):
            raise InvalidInput(f"a tenant has at most {MOST_CATEGORIES} categories", path=("key",))
        return answer


def check_category(category: Category) -> None:
    """A category's fields; paths are those of the API.

    Raises:
        InvalidInput: the first one that is wrong.
    """
    check_category_key(("key",), category.key)
    check_text(("name",), category.name, MAX_NAME_CHARACTERS)
    if category.description is not None:
        check_text(("description",), category.description, MAX_DESCRIPTION_CHARACTERS)
    if category.mandatory and category.channels & ITS_OWN:
        raise InvalidInput("a mandatory category is on everywhere: leave channels out", path=("channels",))
    expires = category.expires_after_s
    if expires is not None and not 1 <= expires <= MOST_EXPIRES_AFTER_S:
        raise InvalidInput(
            f"expected 1 to {MOST_EXPIRES_AFTER_S:,} seconds, got {expires}", path=("expiresAfterSeconds",)
        )
