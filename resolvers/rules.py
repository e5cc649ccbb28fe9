"""Queries and mutations about who gets what: categories, the tenant's defaults, users' preferences."""

from typing import Annotated

import strawberry

from models import rules as model
from resolvers.context import Context, Inform
from resolvers.requests import given
from schema.access import QUERIES
from schema.failures import Refused, refusal
from schema.fields import answered
from schema.rules import (
    Category,
    CategoryPreferences,
    PreferenceChannel,
    Preferences,
    TenantRules,
    choices_of,
)
from schema.ruling import (
    CategoryPut,
    PreferenceChoiceInput,
    PreferencesSet,
    PutCategoryInput,
    PutCategoryResult,
    SetPreferencesInput,
    SetPreferencesResult,
    SetTenantRulesInput,
    SetTenantRulesResult,
    TenantRulesSet,
)
from usecases.checks import SENDABLE
from usecases.preference_owner import Whose
from usecases.read_preferences import PreferencesFound
from usecases.set_preferences import PreferenceChoice

CategoryInput = Annotated[PutCategoryInput, strawberry.argument(name="input", description="The category.")]
RulesInput = Annotated[SetTenantRulesInput, strawberry.argument(name="input", description="The defaults.")]
ChoicesInput = Annotated[SetPreferencesInput, strawberry.argument(name="input", description="Whose, and what.")]
UserId = Annotated[
    strawberry.ID | None, strawberry.argument(name="user", description="Whose: usr_…. A browser leaves it out.")
]
ExternalId = Annotated[
    str | None, strawberry.argument(name="externalId", description="Whose, by your own id instead of user.")
]


@strawberry.type(description="What can be read about who gets what.")
class RulesQueries:
    """Bases of `Query`."""

    @answered(description="All categories of the tenant, by key; at most 201. One is there from the beginning.")
    async def categories(self, info: Inform) -> list[Category] | None:
        """usecases.rules_directory."""
        context = info.context
        context.caller.require(QUERIES["categories"])
        rules = await context.backing.ruling.rules.get(context.caller.tenant)
        context.count_items(len(rules.categories))
        return [Category.of(rules.categories[key]) for key in sorted(rules.categories)]

    @answered(description="What holds where neither a category nor a user says otherwise.")
    async def tenant_rules(self, info: Inform) -> TenantRules | None:
        """usecases.rules_directory."""
        context = info.context
        context.caller.require(QUERIES["tenantRules"])
        return TenantRules.of((await context.backing.ruling.rules.get(context.caller.tenant)).defaults)

    @answered(description="What a user wants to receive: the own user's by a browser token, or anybody's by a key.")
    async def preferences(
        self, info: Inform, user: UserId = strawberry.UNSET, external_id: ExternalId = strawberry.UNSET
    ) -> Preferences | None:
        """usecases.read_preferences."""
        info.context.caller.require(QUERIES["preferences"])
        return await _preferences(info.context, Whose(given(user), given(external_id)))


@strawberry.type(description="What can be changed about who gets what.")
class RulesMutations:
    """Bases of `Mutation`."""

    @answered(description="Make a category, or change the one with this key. In force everywhere within a second.")
    async def put_category(self, info: Inform, wanted: CategoryInput) -> PutCategoryResult:
        """usecases.put_categories with one category."""
        context, category = info.context, _category(wanted)
        try:
            [put] = await context.backing.ruling.put_categories(context.caller, [category])
        except Refused as error:
            return refusal(error, context)
        return CategoryPut(category=Category.of(category), created=put.created)

    @answered(description="Set the tenant's defaults. In force everywhere within a second.")
    async def set_tenant_rules(self, info: Inform, wanted: RulesInput) -> SetTenantRulesResult:
        """usecases.set_tenant_rules."""
        context = info.context
        rules = model.TenantRules(model.mask_of(wanted.channels), given(wanted.hourly_limit))
        try:
            await context.backing.ruling.set_tenant_rules(context.caller, rules)
        except Refused as error:
            return refusal(error, context)
        return TenantRulesSet(tenant_rules=TenantRules.of(rules))

    @answered(description="Set what a user wants to receive: the own user by a browser token, or anybody by a key.")
    async def set_preferences(self, info: Inform, wanted: ChoicesInput) -> SetPreferencesResult:
        """usecases.set_preferences."""
        context = info.context
        whose = Whose(given(wanted.user), given(wanted.external_id))
        try:
            await context.backing.ruling.set_preferences(
                context.caller, whose, [_choice(one) for one in wanted.choices]
            )
            return PreferencesSet(preferences=await _preferences(context, whose))
        except Refused as error:
            return refusal(error, context)


async def _preferences(context: Context, whose: Whose) -> Preferences:
    found = await context.backing.ruling.read_preferences(context.caller, whose)
    categories = found.rules.categories
    context.count_items(len(found.choices) + len(categories) * len(SENDABLE))
    return Preferences(
        owner=found.user,
        opted_out=found.opted_out,
        choices=choices_of(found.choices),
        categories=[_line(found, categories[key]) for key in sorted(categories)],
    )


def _line(found: PreferencesFound, category: model.Category) -> CategoryPreferences:
    channels = [
        PreferenceChannel.of(channel, found.answer(category, channel), fixed=category.mandatory) for channel in SENDABLE
    ]
    return CategoryPreferences(category=Category.of(category), channels=channels)


def _category(wanted: PutCategoryInput) -> model.Category:
    channels = given(wanted.channels)
    return model.Category(
        key=wanted.key,
        name=wanted.name,
        description=given(wanted.description),
        mandatory=wanted.mandatory,
        channels=0 if channels is None else model.ITS_OWN | model.mask_of(channels),
        priority=given(wanted.priority),
        expires_after_s=given(wanted.expires_after_seconds),
        when_unknown=given(wanted.when_unknown),
        limited=wanted.limited,
    )


def _choice(wanted: PreferenceChoiceInput) -> PreferenceChoice:
    return PreferenceChoice(given(wanted.category), given(wanted.channel), given(wanted.enabled))
