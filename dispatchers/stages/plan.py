"""A plan: what becomes of one recipient and channel while the stages decide. Lives within one orchestrator batch."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engines.store.queries import PendingRow
from models.decisions import Rule, StageName
from models.states import DeliveryState, ReasonCode
from models.vocabulary import Channel


class Plan(msgspec.Struct, gc=False):
    """Grows from stage to stage: first a notification, then a user, then a channel. `state` stays None until routed."""

    notification: PendingRow
    user: bytes = b""
    locale: str | None = None
    reachable: int = 0
    """Bit mask of channels for which there is an address."""
    has_chosen: bool = False
    """The user said yes or no to something."""
    template_version: bytes | None = None
    """What fills its content, where a template does; `locale` is then one of the version's own."""
    channel: Channel | None = None
    state: DeliveryState | None = None
    reason: ReasonCode | None = None
    decisions: bytes = b""

    @property
    def is_open(self) -> bool:
        """No stage has dropped it."""
        return self.reason is None

    def decide(self, stage: StageName, rule: Rule) -> "Plan":
        """Note what decided at a stage."""
        self.decisions += bytes((stage, rule))
        return self

    def drop(self, stage: StageName, rule: Rule, reason: ReasonCode, state: DeliveryState) -> "Plan":
        """Nothing will be sent; the row says why."""
        self.reason, self.state = reason, state
        return self.decide(stage, rule)


class Stage(Protocol):
    """One thing that is decided about every plan of a batch."""

    async def __call__(self, plans: Sequence[Plan]) -> Sequence[Plan]:
        """The plans with this stage's decision; dropped ones stay in the list."""
