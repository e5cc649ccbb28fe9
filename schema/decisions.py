"""Why a delivery went the way it did, stage by stage. Shown on notifications and deliveries."""

from functools import lru_cache

import strawberry

from models.decisions import Rule, StageName, unpack
from schema.enums import ReasonCode

_REASONS = {
    Rule.USER_UNKNOWN: ReasonCode.UNKNOWN_USER,
    Rule.NO_ADDRESS_ON_FILE: ReasonCode.NO_ADDRESS,
    Rule.CHANNEL_SWITCHED_OFF: ReasonCode.CHANNEL_DISABLED,
    Rule.TOO_LATE: ReasonCode.EXPIRED,
    Rule.TAKEN_BACK: ReasonCode.CANCELLED,
    Rule.DECLINED: ReasonCode.OPTED_OUT,
    Rule.DECLINED_EVERYTHING: ReasonCode.OPTED_OUT,
    Rule.OFF_BY_DEFAULT: ReasonCode.SWITCHED_OFF,
    Rule.OVER_LIMIT: ReasonCode.THROTTLED,
    Rule.NO_CONTENT_FOR_CHANNEL: ReasonCode.NO_CONTENT,
}


@strawberry.type(description="What one stage decided.")
class Decision:
    """A pair of models.decisions."""

    stage: str = strawberry.field(
        description="The stage: AUDIENCE, ADDRESS, ROUTE, PREFERENCES, COMPOSE, THROTTLE, and others to come."
    )
    rule: str = strawberry.field(description="The rule that decided, like ADDRESS_ON_FILE.")
    reason: ReasonCode | None = strawberry.field(description="Filled where the stage dropped the delivery.")


def decision(stage: StageName, rule: Rule) -> Decision:
    """One decision, ready to show."""
    return Decision(stage=stage.name, rule=rule.name, reason=_REASONS.get(rule))


@lru_cache(maxsize=512)
def decisions_of(packed: bytes) -> list[Decision]:
    """A delivery's decisions. There are few different ones, and nobody changes the list."""
    return [decision(stage, rule) for stage, rule in unpack(packed)]
