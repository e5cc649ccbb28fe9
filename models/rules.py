"""What a tenant decided about its notifications: categories with their policies, and defaults."""

from collections.abc import Mapping

import msgspec

from models.vocabulary import Channel, Priority, WhenUnknown

BUILT_IN = "transactional"
"""The category of notifications that name none. Every tenant has it; a category put by this key takes its place."""
ITS_OWN = 1
"""Bit 0 of a category's channels: it says itself which channels are on; without it the tenant's defaults say."""
EVERY_CHANNEL = sum([1 << channel for channel in Channel])


class Category(msgspec.Struct, frozen=True):
    """A kind of notification that preferences speak about, with what holds for all of its notifications."""

    key: str
    name: str
    description: str | None = None
    mandatory: bool = False
    """It reaches everybody, whatever they chose."""
    channels: int = 0
    """Bit n: on by default on Channel(n). Counts only with `ITS_OWN`."""
    priority: Priority | None = None
    """For notifications whose caller named none."""
    expires_after_s: int | None = None
    """The same for `expiresAt`, counted from when it is due."""
    when_unknown: WhenUnknown | None = None
    """None: as the installation is set up."""
    limited: bool = True
    """Held back where the recipient has had enough within the hour."""


class TenantRules(msgspec.Struct, frozen=True):
    """A tenant's own defaults."""

    channels: int = EVERY_CHANNEL
    """Bit n: Channel(n) is on for whoever chose nothing."""
    hourly_limit: int | None = None
    """Most notifications an hour and recipient; 0: no limit; None: as the installation is set up."""


TRANSACTIONAL = Category(
    BUILT_IN,
    "Transactional",
    "What somebody needs to know about what they did themselves: orders, payments, sign-ins.",
    mandatory=True,
)


class Rules(msgspec.Struct, frozen=True):
    """All of a tenant's rules."""

    categories: Mapping[str, Category]
    """By key, the built-in one among them."""
    defaults: TenantRules = TenantRules()

    def of(self, category: str) -> Category:
        """A notification's category; one that nobody defines has no policy of its own."""
        return self.categories.get(category) or Category(category, category)

    def default_channels(self, category: Category) -> int:
        """On which channels it goes to whoever chose nothing."""
        return category.channels if category.channels & ITS_OWN else self.defaults.channels


def channels_of(mask: int) -> list[Channel]:
    """The channels of a mask, in order."""
    return [channel for channel in Channel if mask >> channel & 1]


def mask_of(channels: list[Channel] | tuple[Channel, ...]) -> int:
    """The mask of channels."""
    return sum([1 << channel for channel in set(channels)])


def category_json(category: Category) -> bytes:
    """A category as the audit log keeps it."""
    own = category.channels & ITS_OWN
    return msgspec.json.encode(
        {
            "name": category.name,
            "description": category.description,
            "mandatory": category.mandatory,
            "channels": [channel.name for channel in channels_of(category.channels)] if own else None,
            "priority": category.priority.name if category.priority else None,
            "expiresAfterSeconds": category.expires_after_s,
            "whenUnknown": category.when_unknown.name if category.when_unknown else None,
            "limited": category.limited,
        }
    )


def tenant_rules_json(rules: TenantRules) -> bytes:
    """A tenant's defaults as the audit log keeps them."""
    channels = [channel.name for channel in channels_of(rules.channels)]
    return msgspec.json.encode({"channels": channels, "hourlyLimit": rules.hourly_limit})
