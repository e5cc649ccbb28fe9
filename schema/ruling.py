"""Changing categories, defaults and preferences: what a caller writes and what comes back."""

from typing import Annotated

import strawberry

from schema.enums import Channel, Priority, WhenUnknown
from schema.failures import Forbidden, InvalidInput, Unavailable
from schema.inputs import input_type
from schema.rules import Category, Preferences, TenantRules

_UNKNOWN = "Expect failures that you do not know yet."


@input_type(description="A category as it shall stand. What is left out takes its default, whatever stood there.")
class PutCategoryInput:
    """models.rules.Category."""

    key: str = strawberry.field(
        description="Up to 64 of a-z, 0-9, _, . and -. A category with this key is changed, or else made."
    )
    name: str = strawberry.field(description="What people call it, up to 100 characters.")
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is about, for people, up to 500 characters."
    )
    mandatory: bool = strawberry.field(
        default=False, description="Whether it reaches everybody, whatever they chose; then without channels."
    )
    channels: list[Channel] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The channels on which it is on for whoever chose nothing; those of tenantRules where it is left "
        "out.",
    )
    priority: Priority | None = strawberry.field(
        default=strawberry.UNSET, description="For notifications that name none; NORMAL where it is left out."
    )
    expires_after_seconds: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="For notifications without expiresAt: how long after they are due nothing is sent any more, up to "
        "30 days.",
    )
    when_unknown: WhenUnknown | None = strawberry.field(
        default=strawberry.UNSET,
        description="What to do when nobody knows whether a message was taken; as the service is set up where it is "
        "left out.",
    )
    limited: bool = strawberry.field(
        default=True, description="Whether it is held back from those who have had enough within the hour."
    )


@strawberry.type(description="The category stands as asked.")
class CategoryPut:
    """engines.store.operations.CategoryPut."""

    category: Category = strawberry.field(description="The category.")
    created: bool = strawberry.field(description="Whether it is new.")


PutCategoryResult = Annotated[
    CategoryPut | InvalidInput | Forbidden | Unavailable,
    strawberry.union("PutCategoryResult", description=f"The category, or why it is not as asked. {_UNKNOWN}"),
]


@input_type(description="The tenant's defaults as they shall stand.")
class SetTenantRulesInput:
    """models.rules.TenantRules."""

    channels: list[Channel] = strawberry.field(description="The channels that are on for whoever chose nothing.")
    hourly_limit: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Most deliveries an hour and recipient, up to 10,000; 0: no limit; as the service is set up where "
        "it is left out.",
    )


@strawberry.type(description="The defaults stand as asked.")
class TenantRulesSet:
    """What usecases.set_tenant_rules leaves."""

    tenant_rules: TenantRules = strawberry.field(description="The defaults.")


SetTenantRulesResult = Annotated[
    TenantRulesSet | InvalidInput | Forbidden | Unavailable,
    strawberry.union("SetTenantRulesResult", description=f"The defaults, or why they are as before. {_UNKNOWN}"),
]


@input_type(description="One choice. A nearer one decides over a wider one; no to everything decides over all others.")
class PreferenceChoiceInput:
    """usecases.set_preferences.PreferenceChoice."""

    category: str | None = strawberry.field(
        default=strawberry.UNSET, description="A category's key; every category where it is left out."
    )
    channel: Channel | None = strawberry.field(
        default=strawberry.UNSET, description="Every channel where it is left out."
    )
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: wanted, false: not wanted; left out: forget what was chosen."
    )


@input_type(description="What a user wants to receive: the choices given, beside those made before.")
class SetPreferencesInput:
    """usecases.set_preferences."""

    user: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whose: usr_…. Left out by a browser, which sets its own user's."
    )
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="Whose, by your own id instead of user."
    )
    choices: list[PreferenceChoiceInput] = strawberry.field(description="1 to 500 choices.")


@strawberry.type(description="The choices are made.")
class PreferencesSet:
    """What usecases.set_preferences leaves."""

    preferences: Preferences = strawberry.field(description="All of the user's preferences as they stand now.")


SetPreferencesResult = Annotated[
    PreferencesSet | InvalidInput | Forbidden | Unavailable,
    strawberry.union("SetPreferencesResult", description=f"The preferences, or why they are as before. {_UNKNOWN}"),
]
