"""Categories, the tenant's defaults, and what users want to receive, as callers see them."""

from collections.abc import Awaitable, Mapping

import strawberry

from errors import NotFound
from models import rules as model
from models.preferences import Answer, Choice
from models.vocabulary import Channel as ChannelNumber
from schema.context import Context, Inform
from schema.enums import Channel, Priority, WhenUnknown
from schema.fields import answered
from schema.node import Node
from schema.selection import selects_only_id
from schema.users import User, user_id


@strawberry.type(description="A kind of notification. Preferences speak about categories; each has its own policy.")
class Category:
    """models.rules.Category."""

    key: str = strawberry.field(description="What notifications call it.")
    name: str = strawberry.field(description="What people call it.")
    description: str | None = strawberry.field(description="What it is about, for people.")
    mandatory: bool = strawberry.field(description="Whether it reaches everybody, whatever they chose.")
    channels: list[Channel] | None = strawberry.field(
        description="The channels on which it is on for whoever chose nothing; null: those of tenantRules."
    )
    priority: Priority | None = strawberry.field(description="For notifications that name none; null: NORMAL.")
    expires_after_seconds: int | None = strawberry.field(
        description="For notifications without expiresAt: how long after they are due nothing is sent any more."
    )
    when_unknown: WhenUnknown | None = strawberry.field(
        description="What to do when nobody knows whether a message was taken; null: as the service is set up."
    )
    limited: bool = strawberry.field(
        description="Whether it is held back from those who have had enough within the hour. It counts in any case."
    )

    @classmethod
    def of(cls, category: model.Category) -> "Category":
        """From the model."""
        own = category.channels & model.ITS_OWN
        return cls(
            key=category.key,
            name=category.name,
            description=category.description,
            mandatory=category.mandatory,
            channels=model.channels_of(category.channels) if own else None,
            priority=category.priority,
            expires_after_seconds=category.expires_after_s,
            when_unknown=category.when_unknown,
            limited=category.limited,
        )


@strawberry.type(description="What holds in the tenant where neither a category nor a user says otherwise.")
class TenantRules:
    """models.rules.TenantRules."""

    channels: list[Channel] = strawberry.field(description="The channels that are on for whoever chose nothing.")
    hourly_limit: int | None = strawberry.field(
        description="Most deliveries an hour and recipient; 0: no limit; null: as the service is set up."
    )

    @classmethod
    def of(cls, rules: model.TenantRules) -> "TenantRules":
        """From the model."""
        return cls(channels=model.channels_of(rules.channels), hourly_limit=rules.hourly_limit)


@strawberry.type(description="Something that a user said yes or no to.")
class PreferenceChoice:
    """A row of preferences."""

    category: str | None = strawberry.field(description="A category's key; null: every category.")
    channel: Channel | None = strawberry.field(description="Null: every channel.")
    enabled: bool = strawberry.field(description="Whether the user wants it.")

    @classmethod
    def of(cls, choice: Choice, *, said: bool) -> "PreferenceChoice":
        """From the model."""
        key, number = choice
        return cls(category=key or None, channel=ChannelNumber(number) if number else None, enabled=said)


@strawberry.type(description="Whether a category reaches a user on a channel, and why.")
class PreferenceChannel:
    """models.preferences.Answer."""

    channel: Channel = strawberry.field(description="The channel.")
    enabled: bool = strawberry.field(description="Whether it is sent.")
    fixed: bool = strawberry.field(description="Whether the user cannot change it: the category is mandatory.")
    rule: str = strawberry.field(
        description="The rule that decides: MANDATORY_CATEGORY, DECLINED_EVERYTHING, CHOSEN, DECLINED, ON_BY_DEFAULT "
        "or OFF_BY_DEFAULT, and others to come."
    )

    @classmethod
    def of(cls, channel: ChannelNumber, answer: Answer, *, fixed: bool) -> "PreferenceChannel":
        """From the model."""
        return cls(channel=channel, enabled=answer.wanted, fixed=fixed, rule=answer.rule.name)


@strawberry.type(description="What a user receives of one category.")
class CategoryPreferences:
    """A line of a page of preferences."""

    category: Category = strawberry.field(description="The category.")
    channels: list[PreferenceChannel] = strawberry.field(description="Each channel that can be used.")


@strawberry.type(description="What a user wants to receive.")
class Preferences:
    """usecases.read_preferences.PreferencesFound."""

    owner: strawberry.Private[bytes]
    opted_out: bool = strawberry.field(
        description="Whether the user said no to everything; only mandatory categories still come."
    )
    choices: list[PreferenceChoice] = strawberry.field(description="What the user said yes or no to.")
    categories: list[CategoryPreferences] = strawberry.field(
        description="Each category with what follows for it, by key: all that a page of preferences shows."
    )

    @answered(description="Whose these are.", graphql_type=User)
    def user(self, info: Inform) -> Node | Awaitable[User]:
        """Read only where more than the id is asked for."""
        if selects_only_id(info):
            return Node(id=user_id(self.owner))
        return _read(self.owner, info.context)


async def _read(id_: bytes, context: Context) -> User:
    row = await context.reads.person(id_)
    if row is None:
        raise NotFound("the user is gone already")
    return User.of(row)


def choices_of(choices: Mapping[Choice, bool]) -> list[PreferenceChoice]:
    """A user's choices in a settled order."""
    return [PreferenceChoice.of(choice, said=said) for choice, said in sorted(choices.items())]
