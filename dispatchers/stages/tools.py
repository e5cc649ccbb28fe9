"""What stages are made from. Filled by services, for the pipeline and for its rehearsal."""

import msgspec

from dispatchers.stages.admission import RecipientLimits
from engines.store.base import Store
from models.clock import Clock
from usecases.rules_directory import RulesDirectory
from usecases.template_directory import TemplateDirectory


class StageTools(msgspec.Struct, frozen=True, kw_only=True):
    """Each stage takes what it needs."""

    store: Store
    """Read only: in a rehearsal it refuses to be written."""
    clock: Clock
    rules: RulesDirectory
    templates: TemplateDirectory
    limits: RecipientLimits
    served: int
    """Bit mask of the channels that this installation has a provider for."""
    hourly_limit: int
    """Most deliveries an hour and recipient, for tenants that set none; 0: no limit."""
