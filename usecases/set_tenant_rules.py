"""Set a tenant's own defaults: the channels that are on for whoever chose nothing, and the hourly limit."""

from engines.store.base import Store
from engines.store.operations import SetTenantRules as Write
from errors import InvalidInput
from models.clock import Clock
from models.ids import TENANT, encode
from models.principal import Permission, Principal
from models.rules import TenantRules, tenant_rules_json
from models.vocabulary import AuditAction
from usecases.audit_entries import audit_entry
from usecases.rules_directory import RulesDirectory

MOST_HOURLY_LIMIT = 10_000


class SetTenantRules:
    """In force at once in this process, and within a second everywhere."""

    def __init__(self, store: Store, rules: RulesDirectory, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def __call__(self, caller: Principal, wanted: TenantRules) -> None:
        """Put them in the place of those before.

        Raises:
            Forbidden: the caller may not manage categories and defaults.
            InvalidInput: a limit outside of 0 to 10,000.
        """
        caller.require(Permission.MANAGE_CATEGORIES)
        limit = wanted.hourly_limit
        if limit is not None and not 0 <= limit <= MOST_HOURLY_LIMIT:
            raise InvalidInput(f"expected 0 to {MOST_HOURLY_LIMIT:,}, got {limit}", path=("hourlyLimit",))
        now_us = self._clock.now_us()
        subject = encode(TENANT, caller.tenant)
        entry = audit_entry(caller, AuditAction.RULES_CHANGED, subject, now_us, tenant_rules_json(wanted))
        await self._store.write(Write(caller.tenant, wanted, entry, now_us))
        self._rules.forget(caller.tenant)
