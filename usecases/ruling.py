"""All that decides who gets what, together: built by services, asked by doors."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from models.clock import Clock
from models.ids import Ids
from usecases.preference_owner import PreferenceOwners
from usecases.put_categories import PutCategories
from usecases.read_preferences import ReadPreferences
from usecases.rules_directory import RulesDirectory
from usecases.set_preferences import SetPreferences
from usecases.set_tenant_rules import SetTenantRules


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """One of each."""

    rules: RulesDirectory
    put_categories: PutCategories
    set_tenant_rules: SetTenantRules
    set_preferences: SetPreferences
    read_preferences: ReadPreferences


def ruling(store: Store, sealer: Sealer, rules: RulesDirectory, clock: Clock, ids: Ids) -> Ruling:
    """All of them over one store."""
    owners = PreferenceOwners(store, sealer)
    return Ruling(
        rules=rules,
        put_categories=PutCategories(store, rules, clock, ids),
        set_tenant_rules=SetTenantRules(store, rules, clock),
        set_preferences=SetPreferences(store, owners, rules, clock),
        read_preferences=ReadPreferences(store, owners, rules),
    )
